"""How the worker threads of one process are shared out: a handler that hangs does not take them all.

Where there are several, none runs on more than three quarters of the threads. One that is *slow* (it took longer than a
moment, or keeps its share full for one) is offered only what can begin at once, so nobody queues behind it; one that is
quick is offered a queue, so that threads never wait for the relay.
"""

import threading

#: Seconds. Longer than a step of ours, shorter than a person notices.
MOMENT = 0.05


class _Held:
    """What a handler holds. Who waits for its share waits for nobody else's."""

    __slots__ = ("changed", "running", "slow")

    def __init__(self) -> None:
        self.running = 0
        self.slow = False
        self.changed = threading.Condition()


class Shares:
    def __init__(self, threads: int) -> None:
        self._threads = threads
        self._held: dict[str, _Held] = {}

    def begin(self, handler: str) -> bool:
        """Whether an attempt may begin now; then ``end()`` must follow. Waits a moment at most."""
        held = self._of(handler)
        with held.changed:
            full = held.running >= self._share()
            if full and (held.slow or not held.changed.wait_for(lambda: held.running < self._share(), MOMENT)):
                held.slow = True
                return False
            held.running += 1
            return True

    def end(self, handler: str, seconds: float) -> None:
        held = self._of(handler)
        with held.changed:
            held.running -= 1
            held.slow = seconds > MOMENT
            held.changed.notify()

    def room(self, handler: str, limit: int) -> int:
        """How many more of this handler's deliveries may be offered."""
        held = self._of(handler)
        with held.changed:
            return max(self._share() - held.running, 0) if held.slow else limit

    def _share(self) -> int:
        """Of each handler. Who is alone, as far as was asked for, takes nothing from anybody."""
        return self._threads if len(self._held) <= 1 else max(1, self._threads - max(1, self._threads // 4))

    def _of(self, handler: str) -> _Held:
        return self._held.get(handler) or self._held.setdefault(handler, _Held())
