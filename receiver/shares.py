"""How the worker threads of one process are shared out: a handler that hangs does not take them all.

No handler runs on more than three quarters of the threads. One that is *slow* (it took longer than a moment, or keeps
its share full for one) is offered only what can begin at once, so nobody queues behind it; one that is quick is
offered a queue, so that threads never wait for the relay.
"""

import threading
from collections import defaultdict

#: Seconds. Longer than a step of ours, shorter than a person notices.
MOMENT = 0.05


class _Held:
    __slots__ = ("running", "slow")

    def __init__(self) -> None:
        self.running = 0
        self.slow = False


class Shares:
    def __init__(self, threads: int) -> None:
        self._share = max(1, threads - max(1, threads // 4))
        self._changed = threading.Condition()
        self._held: defaultdict[str, _Held] = defaultdict(_Held)

    def begin(self, handler: str) -> bool:
        """Whether an attempt may begin now; then ``end()`` must follow. Waits a moment at most."""
        with self._changed:
            held = self._held[handler]
            full = held.running >= self._share
            if full and (held.slow or not self._changed.wait_for(lambda: held.running < self._share, MOMENT)):
                held.slow = True
                return False
            held.running += 1
            return True

    def end(self, handler: str, seconds: float) -> None:
        with self._changed:
            held = self._held[handler]
            held.running -= 1
            held.slow = seconds > MOMENT
            self._changed.notify_all()

    def room(self, handler: str, limit: int) -> int:
        """How many more of this handler's deliveries may be offered."""
        with self._changed:
            held = self._held[handler]
            return max(self._share - held.running, 0) if held.slow else limit
