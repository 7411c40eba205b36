"""What becomes of a delivery whose attempt was lost: its worker died, or did not come back within its lease."""

from collections.abc import Mapping
from typing import NamedTuple

from receiver.retries import MAX_LOST_IN_A_ROW


class Loss(NamedTuple):
    #: Attempts lost in a row, this one included.
    lost: int
    #: It is buried.
    dead: bool
    error: str


def lose(handler: str, *, tries: int, lost_before: int, limits: Mapping[str, int]) -> Loss:
    """``tries``: how many of the handler's attempts are used up. ``limits``: each handler's ``max_attempts``."""
    lost = lost_before + 1
    limit = limits.get(handler)
    dead = lost >= MAX_LOST_IN_A_ROW or (limit is not None and tries >= limit)
    error = f"the worker died in {lost} attempts in a row" if lost > 1 else "the worker died in this attempt"
    return Loss(lost, dead, error)
