"""A clock that was set back: what was to come at a time that it told before would wait until it gets there again."""

import time
from collections.abc import Callable

#: Milliseconds. What is further ahead than it can be was told by a clock since set back; nothing waits longer than this
#: for one that was set back by less.
TOLERANCE = 60_000
#: Seconds after which a process that has not looked knows nothing any more: another may have, by another clock.
_UNSEEN = 10.0
#: Seconds of looking again once one was set back: what was held by another, or told just before, is missed at first.
_AGAIN = 10.0


class SetBack:
    """Whether a store's clock was, as far as this process knows. At first nobody knows: it may have been before."""

    def __init__(self) -> None:
        self._last: tuple[int, float] | None = None
        self._again_until = 0.0

    def look(self, now: int, retime: Callable[[int], int]) -> int:
        """What ``retime`` finds at ``now``, milliseconds, if it may have been; if that fails, the next look asks."""
        seen = time.monotonic()
        known = self._last is not None and seen - self._last[1] < _UNSEEN
        set_back = self._last is not None and now < self._last[0] - TOLERANCE
        retimed = retime(now) if set_back or not known or seen < self._again_until else 0
        if set_back or retimed:
            self._again_until = seen + _AGAIN
        self._last = (now, seen)
        return retimed
