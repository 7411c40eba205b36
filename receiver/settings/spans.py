"""Spans of time, as people write them."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def span(value: object) -> timedelta | None:
    """``None`` for what is written otherwise."""
    found = re.fullmatch(r"([1-9]\d{0,5})([smhd])", value) if isinstance(value, str) else None
    return timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else None


Span = Annotated[timedelta, BeforeValidator(lambda value: span(value) or value)]
EXPECTED = 'a number and its unit, "90s", "30m", "24h" or "90d"'
