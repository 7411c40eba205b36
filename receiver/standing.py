"""How far an order or refund has come by the word of one event, and which of two such words is the newer.

The platform does not send in order, and a redelivery may come hours late. Two things tell news from old news: the
*stage*, where the life of an order only goes forward, and the source's own *time*. They decide together: neither may
contradict the other, and where neither decides nobody can tell.

Orders: created < price changed < paid < shipped < received < completed or closed. Between the last two, and between
two events of one stage, time decides. Refunds go round in circles (requested, rejected, changed, agreed …), so they
have two stages only, open and ended; the rest is told by time.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeVar

Verdict = Literal["newer", "older", "unknown"]

T = TypeVar("T", int, datetime)


@dataclass(frozen=True, slots=True)
class Standing:
    """``None``: the source did not say, or said something new."""

    stage: int | None
    at: datetime | None


def compare(this: Standing, other: Standing) -> Verdict:
    """What ``this`` is beside ``other``."""
    by_stage = _compare(this.stage, other.stage)
    by_time = _compare(this.at, other.at)
    verdicts = {by_stage, by_time} - {"unknown"}
    return verdicts.pop() if len(verdicts) == 1 else "unknown"


def _compare(this: T | None, other: T | None) -> Verdict:
    if this is None or other is None or this == other:
        return "unknown"
    return "newer" if this > other else "older"
