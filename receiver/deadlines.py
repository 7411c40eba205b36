"""One deadline for every request, by one timer for all of them.

All requests may last equally long, so they reach their deadlines in the order in which they began. A timer for each, as
``asyncio.timeout()`` starts and stops it, took a twentieth of the ack path.
"""

import asyncio
from collections import deque
from time import perf_counter
from typing import Any


class Deadline:
    """Of one request: its task is cancelled when it has ``passed``, unless ``Deadlines.end()`` comes first."""

    __slots__ = ("at", "passed", "task")

    def __init__(self, at: float, task: asyncio.Task[Any] | None) -> None:
        self.at = at
        #: ``None`` once it has ended.
        self.task = task
        self.passed = False

    def uncancelled(self) -> bool:
        """Whether it was the deadline, and nothing else, that cancelled the task; that is then taken back."""
        return self.passed and self.task is not None and self.task.uncancel() == 0


class Deadlines:
    """Made on the event loop."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._loop = asyncio.get_running_loop()
        self._open: deque[Deadline] = deque()
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, began: float) -> Deadline:
        """For the running task, so many seconds after ``began``, a ``perf_counter()``."""
        deadline = Deadline(began + self._seconds, asyncio.current_task(self._loop))
        self._open.append(deadline)
        if self._timer is None:
            self._timer = self._loop.call_later(self._seconds, self._look)
        return deadline

    def end(self, deadline: Deadline) -> None:
        deadline.task = None
        while self._open and self._open[0].task is None:
            self._open.popleft()

    def _look(self) -> None:
        """Cancel what has lasted too long, and look again when the next may have."""
        self._timer = None
        now = perf_counter()
        for deadline in self._open:
            if deadline.at > now:
                self._timer = self._loop.call_later(deadline.at - now, self._look)
                return
            if deadline.task is not None and not deadline.passed:
                deadline.passed = True
                deadline.task.cancel()
