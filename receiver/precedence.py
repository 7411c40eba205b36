"""Callbacks go first: while many come in, the relay rests.

All share one interpreter, and one writer of the store. The platform hangs up on a callback after a second, a delivery
may wait a little; and what the relay does not offer, no worker begins. So a burst is stored first, and handled as soon
as it ebbs; if it does not, the relay takes a turn a second.
"""

import threading
import time
from collections.abc import Callable

#: Callbacks committed in a second: more than a platform sends in its busiest hour, fewer than can be taken.
MANY = 500
#: Seconds in which callbacks are counted.
COUNTED = 0.1
#: Seconds. Deliveries go on, however many callbacks come in.
LONGEST_REST = 1.0


class Precedence:
    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._rows = 0
        self._since = clock()
        self._many = False

    def committed(self, rows: int) -> None:
        """On the event loop, after each commit."""
        with self._lock:
            self._rows += rows

    def give_way(self) -> None:
        """In the relay, after each turn."""
        until = self._clock() + LONGEST_REST
        while self._many_come_in() and self._clock() < until:
            self._sleep(COUNTED)

    def _many_come_in(self) -> bool:
        now = self._clock()
        seconds = now - self._since
        if seconds >= COUNTED:  # a shorter time tells of a batch, not of a rate
            with self._lock:
                rows, self._rows = self._rows, 0
            self._since = now
            self._many = rows > MANY * seconds
        return self._many
