"""One deadline for every callback, by one timer for all of them.

All may last equally long, so they reach their deadlines in the order in which they began. A timer for each, as
``asyncio.timeout()`` starts and stops it, took a twentieth of the ack path.
"""

import asyncio
from collections import deque
from time import perf_counter
from typing import Protocol


class Timed(Protocol):
    #: A ``perf_counter()``.
    began: float
    #: It has come to its end, and is not told any more.
    over: bool

    def expire(self) -> None: ...


class Deadlines:
    """Made on the event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._open: deque[Timed] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, timed: Timed) -> None:
        """Have it expire so many seconds after it began, unless it is over by then."""
        self._open.append(timed)
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)

    def let_go(self) -> None:
        """Of what is over."""
        while self._open and self._open[0].over:
            self._open.popleft()

    def _look(self) -> None:
        """Tell of what has lasted too long, and look again when the next may have."""
        self._timer = None
        latest = perf_counter() - self._seconds
        while self._open:
            timed = self._open[0]
            if not timed.over and timed.began > latest:
                self._timer = self._loop.call_later(timed.began - latest, self._look)
                return
            self._open.popleft()
            if not timed.over:
                timed.expire()
