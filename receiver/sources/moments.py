"""Times as the platforms write them: epoch seconds or milliseconds, Beijing time without a zone, compact text."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

#: China keeps no summer time, so no zone database is needed.
BEIJING = timezone(timedelta(hours=8))

#: What lies outside is no time of an order.
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_LATEST = datetime(2100, 1, 1, tzinfo=UTC)

#: As seconds the year 5138, as milliseconds the year 1973.
_MILLISECONDS_FROM = 100_000_000_000

_COMPACT_DATE = 14  # yyyyMMddHHmmss
_COMPACT_MILLISECONDS = 17


def moment(value: Any) -> datetime | None:
    """An aware time in UTC, or ``None`` for nonsense."""
    try:
        found = _parse(value)
    except (ValueError, OverflowError, OSError):
        return None
    return found if found is not None and _EARLIEST <= found < _LATEST else None


def _parse(value: Any) -> datetime | None:
    if isinstance(value, str):
        return _of_text(value.strip())
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _of_number(float(value))
    return None


def _of_number(number: float) -> datetime:
    return datetime.fromtimestamp(number / 1000 if number >= _MILLISECONDS_FROM else number, UTC)


def _of_text(text: str) -> datetime:
    """``20170913231708000-0700`` (1688 order detail), ``2018-05-30 19:24:18``, or a number written as text."""
    digits = text[:_COMPACT_DATE]
    if len(digits) == _COMPACT_DATE and digits.isascii() and digits.isdigit():
        fraction = text[_COMPACT_DATE:_COMPACT_MILLISECONDS]
        if fraction.isdigit():
            text = f"{digits[:8]}T{digits[8:]}.{fraction}{text[_COMPACT_MILLISECONDS:]}"
        else:
            text = f"{digits[:8]}T{digits[8:]}{text[_COMPACT_DATE:]}"
    elif text.isascii() and text.isdigit():
        return _of_number(float(text))
    found = datetime.fromisoformat(text)
    return (found if found.tzinfo else found.replace(tzinfo=BEIJING)).astimezone(UTC)
