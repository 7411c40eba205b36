"""Running what must not be interrupted: a handler's timeout may hit its thread between any two bytecodes.

``receiver.invoke`` raises in the midst of whatever the handler's thread does. In a pool of connections that means a
lock that nobody releases, and no call of any handler any more. So a call is made on a thread of ours, and the handler's
thread waits for it on a plain lock, which nobody else takes. Nor does it start that thread: a start that is interrupted
leaves one behind that never begins. Ours start one another; whoever makes ``Apis`` starts the first.
"""

import contextvars
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")

#: A handler's timeout interrupts its waiting within so many seconds.
_TICK = 0.1
#: Threads that wait for the next burst of calls.
_KEPT = 8


class _Threads:
    """As many as there are calls, and one more that waits for the next."""

    def __init__(self) -> None:
        #: Its ``put`` is one step of C: an interrupt comes before or after it.
        self.jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()
        self._lock = threading.Lock()
        self._process: int | None = None
        self._idle = 0

    def begin(self) -> None:
        """Once a process; a process that was forked has none of its parent's threads."""
        with self._lock:
            if self._process == os.getpid():
                return
            self._process, self._idle = os.getpid(), 1
        self._start()

    def _start(self) -> None:
        threading.Thread(target=self._work, name="api-call", daemon=True).start()

    def _work(self) -> None:
        while True:
            job = self.jobs.get()
            with self._lock:
                self._idle -= 1
                last = self._idle == 0
                self._idle += last
            if last:
                self._start()
            job()
            del job  # and what it holds: the next may be long in coming
            with self._lock:
                if self._idle >= _KEPT:
                    return
                self._idle += 1


_threads = _Threads()


def begin() -> None:
    """Before the first ``aside()`` of a process, where no handler runs yet."""
    _threads.begin()


def aside(work: Callable[[Callable[[], bool]], T]) -> T:
    """What ``work`` returns or raises. It can ask whether anybody still waits for it, before what cannot be undone.

    An exception that interrupts the waiting leaves ``work`` to its end, unheard.
    """
    done = threading.Lock()
    done.acquire()  # released by the other thread
    waiting = [True]
    outcome: list[tuple[Any, BaseException | None]] = []
    context = contextvars.copy_context()

    def job() -> None:
        try:
            outcome.append((context.run(work, lambda: waiting[0]), None))
        except BaseException as error:  # noqa: BLE001  (whatever it is, it is the caller's)
            outcome.append((None, error))
        finally:
            done.release()

    try:
        _threads.jobs.put(job)
        while not done.acquire(timeout=_TICK):  # for ever would be in C, where no interrupt comes through
            pass
    except BaseException:
        waiting[0] = False
        raise
    result, error = outcome[0]
    if error is not None:
        raise error
    return result  # type: ignore[no-any-return]
