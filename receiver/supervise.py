"""Keep several processes of one kind running: one that dies is replaced, and none of the others notices.

Dramatiq's own supervisor ends them all when one dies; here each is a Dramatiq worker of its own.
"""

import multiprocessing
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import wait
from multiprocessing.context import ForkProcess

import structlog

log = structlog.stdlib.get_logger()

#: What a child ends with that any other would end with, too: its configuration is wrong.
WRONG_USE = 2
#: Seconds. One that lived shorter is replaced after so long.
_SHORT_LIFE = 5.0
_TICK = 0.2
_ASKING = (signal.SIGTERM, signal.SIGINT)

_fork = multiprocessing.get_context("fork")


def supervise(count: int, run: Callable[[int], None], listener: socket.socket) -> int:
    """Run ``run(0)`` to ``run(count - 1)``, a process each, until asked to stop; the exit code.

    All serve on ``listener``, which is closed here once they are asked to stop: closing the door is theirs. Call it
    before any thread is started. A child is asked to stop by SIGTERM, also when this process is killed.
    """
    asked: list[int] = []
    for which in _ASKING:
        signal.signal(which, lambda number, _frame: asked.append(number))
    life = os.pipe()
    children = [_Child(run, index, life) for index in range(count)]
    while not asked and not any(child.hopeless for child in children):
        for child in children:
            child.keep_running()
        wait([child.process.sentinel for child in children if child.process], timeout=_TICK)
    listener.close()
    for child in children:
        child.end(signal.SIGTERM)
    while any(child.process and child.process.is_alive() for child in children):
        if asked.count(signal.SIGINT) > 1:  # a person does not want to wait
            for child in children:
                child.end(signal.SIGKILL)
        time.sleep(_TICK)
    return WRONG_USE if any(child.hopeless for child in children) else 0


class _Child:
    def __init__(self, run: Callable[[int], None], index: int, life: tuple[int, int]) -> None:
        self._run = run
        self._index = index
        #: A pipe that nobody writes to: the child's read of it ends when the parent does.
        self._life = life
        self._began = 0.0
        self._due = 0.0
        self.process: ForkProcess | None = None
        self.hopeless = False

    def keep_running(self) -> None:
        now = time.monotonic()
        if self.process is not None and not self.process.is_alive():
            log.error("process.died", pid=self.process.pid, exitcode=self.process.exitcode)
            self.hopeless = self.process.exitcode == WRONG_USE
            self._due = now if now - self._began > _SHORT_LIFE else now + _SHORT_LIFE
            self.process = None
        if self.process is None and now >= self._due and not self.hopeless:
            self._began = now
            self.process = _fork.Process(target=self._live)
            # What asks it to stop before it can listen waits until it can.
            signal.pthread_sigmask(signal.SIG_BLOCK, _ASKING)
            self.process.start()
            signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING)

    def end(self, how: signal.Signals) -> None:
        if self.process is not None and self.process.is_alive():
            os.kill(self.process.pid or 0, how)

    def _live(self) -> None:
        """In the child."""
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, which asks the parent as well
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _ASKING)
        ours, parents = self._life
        os.close(parents)

        def outlive() -> None:
            os.read(ours, 1)
            os.kill(os.getpid(), signal.SIGTERM)

        threading.Thread(target=outlive, name="outlive", daemon=True).start()
        self._run(self._index)
