"""Callbacks go first: while many come in, the relay rests thrice as long as it works.

All share one interpreter. The platform hangs up on a callback after a second, a delivery may wait a little; and what
the relay does not offer, no worker begins. So a burst is stored first, and handled while it ebbs.
"""

import threading
import time
from collections.abc import Callable

#: Callbacks committed in a second: more than a platform sends in its busiest hour, fewer than can be taken.
MANY = 500
REST = 3.0
#: Seconds. Deliveries go on, however many callbacks come in.
LONGEST_REST = 0.25


class Precedence:
    def __init__(
        self, *, clock: Callable[[], float] = time.monotonic, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._lock = threading.Lock()
        self._rows = 0
        self._since = clock()

    def committed(self, rows: int) -> None:
        """On the event loop, after each commit."""
        with self._lock:
            self._rows += rows

    def give_way(self) -> None:
        """In the relay, after each turn."""
        worked = self._clock() - self._since
        with self._lock:
            rows, self._rows = self._rows, 0
        if rows > MANY * worked:
            self._sleep(min(REST * worked, LONGEST_REST))
        self._since = self._clock()
