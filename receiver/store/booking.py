"""Places in a row of calls, one each so many milliseconds, that several processes share."""

from typing import NamedTuple

from receiver.store.set_back import TOLERANCE


class Booked(NamedTuple):
    """Milliseconds."""

    wait: int
    #: When the next place comes, as it is to be stored.
    until: int


def book(until: int | None, *, now: int, each: int, burst: int, within: int, most: int) -> Booked:
    """The next place, or how far off it is: further than ``within`` it is not booked. ``until`` is what is stored."""
    rested = now - max(burst - each, 0)
    if until is None or until > now + most + each + TOLERANCE:  # nobody has booked as far ahead: the clock was set back
        until = rested
    at = max(until, rested)
    wait = max(at - now, 0)
    return Booked(wait, at + each if wait <= within else at)
