"""The one writer of an SQLite store: everything that is queued while a commit runs is the next transaction.

SQLite takes one writer at a time, and what it costs is the commit. So there is one write connection, on a thread of its
own, and each transaction holds whatever was asked for by then: the relay's and the workers' steps.

A job is a function of the connection. It may run twice: when one job of a transaction raises, the others are run again
without it. What is in a hurry, callbacks to accept, comes before all else, alone, and sees to its transaction itself:
beside a busy event loop the thread waits for the interpreter lock after every statement, BEGIN and COMMIT included.
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import apsw
import structlog

from receiver.errors import StoreUnavailable
from receiver.store.sqlite.query import transaction

log = structlog.stdlib.get_logger()

T = TypeVar("T")
Job = Callable[[apsw.Connection], T]

#: How long the thread waits for another process (``replay`` and ``bury`` from the command line are short).
BUSY_TIMEOUT_MS = 5_000


class _Queued:
    """A job, and how the one who waits for it is told that it has ended: from the writer's thread."""

    __slots__ = ("error", "hurried", "job", "result", "tell")

    def __init__(self, job: Job[Any], tell: "Callable[[_Queued], None]", *, hurried: bool) -> None:
        self.job = job
        self.tell = tell
        self.hurried = hurried
        self.result: Any = None
        self.error: Exception | None = None


class Writer:
    """Owns the write connection, which nobody else may touch from here on."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        self._changed = threading.Condition()
        self._hurried: list[_Queued] = []
        self._jobs: list[_Queued] = []
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def run(self, job: Job[T]) -> T:
        """Run a job in the next transaction and wait until that is committed. Never call it on an event loop."""
        done: Future[T] = Future()
        self._queue(self._jobs, _Queued(job, partial(_end, done), hurried=False))
        return done.result()

    def run_alone(self, job: Job[T]) -> T:
        """The same of a job that sees to its transaction."""
        done: Future[T] = Future()
        self._queue(self._hurried, _Queued(job, partial(_end, done), hurried=True))
        return done.result()

    def run_aside(self, job: Job[None]) -> None:
        """A job that sees to its transaction and that nobody waits for: where it fails, the log says so."""
        with contextlib.suppress(StoreUnavailable):  # closed: what can be done later is no loss
            self._queue(self._hurried, _Queued(job, _log_failed, hurried=True))

    async def run_async(self, job: Job[T]) -> T:
        """Run a job that sees to its transaction, before all that ``run()`` has queued. For an event loop."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._queue(self._hurried, _Queued(job, partial(_end_on, loop, done), hurried=True))
        try:
            return await done
        finally:
            del done  # an error's traceback would hold the batch, and its payloads, until the collector comes by

    def close(self) -> None:
        """Commit what is queued, then close the connection."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._connection.close()

    def _queue(self, jobs: list[_Queued], queued: _Queued) -> None:
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            jobs.append(queued)
            self._changed.notify()

    def _work(self) -> None:
        while jobs := self._next():
            if jobs[0].hurried:
                self._run_hurried(jobs[0])
            else:
                self._transact(jobs)
            while jobs:  # let go of each as it is told: a batch holds payloads
                queued = jobs.pop(0)
                queued.tell(queued)
            del queued

    def _next(self) -> list[_Queued]:
        """One job that is in a hurry, or else what has been queued; nothing once the store is closed."""
        with self._changed:
            while not self._hurried and not self._jobs and not self._closing:
                self._changed.wait()
            if self._hurried:
                return [self._hurried.pop(0)]
            jobs = self._jobs.copy()
            self._jobs.clear()
            return jobs

    def _run_hurried(self, queued: _Queued) -> None:
        try:
            queued.result = queued.job(self._connection)
        except Exception as error:  # noqa: BLE001  (told to the one who waits)
            queued.error = _as_ours(error)

    def _transact(self, jobs: list[_Queued]) -> None:
        try:
            with transaction(self._connection):
                self._run_all(jobs)
        except Exception as error:  # noqa: BLE001  (nothing was committed: everyone who waits is told so)
            ours = _as_ours(error)
            for queued in jobs:
                queued.error = ours

    def _run_all(self, jobs: list[_Queued]) -> None:
        """Run the jobs so that one which raises takes nothing with it."""
        connection = self._connection
        if len(jobs) == 1:  # most often: it may as well take the transaction with it
            jobs[0].result = jobs[0].job(connection)
            return
        connection.execute("SAVEPOINT jobs")
        try:
            for queued in jobs:
                queued.result = queued.job(connection)
        except Exception:
            if not connection.in_transaction:  # a full disk ended it all
                raise
            connection.execute("ROLLBACK TO jobs")
            for queued in jobs:
                self._run_alone(queued)
        connection.execute("RELEASE jobs")

    def _run_alone(self, queued: _Queued) -> None:
        self._connection.execute("SAVEPOINT job")
        try:
            queued.result = queued.job(self._connection)
        except Exception as error:
            if not self._connection.in_transaction:
                raise
            queued.error = _as_ours(error)
            self._connection.execute("ROLLBACK TO job")
        self._connection.execute("RELEASE job")


def _end(done: "Future[Any] | asyncio.Future[Any]", queued: _Queued) -> None:
    if queued.error is None:
        done.set_result(queued.result)
    else:
        done.set_exception(queued.error)


def _log_failed(queued: _Queued) -> None:
    if queued.error is not None:
        log.warning("store.upkeep_failed", error=str(queued.error))


def _end_on(loop: asyncio.AbstractEventLoop, done: "asyncio.Future[Any]", queued: _Queued) -> None:
    with contextlib.suppress(RuntimeError):  # told twice to end, the process has closed the loop: nobody waits
        loop.call_soon_threadsafe(_end_unless_cancelled, done, queued)


def _end_unless_cancelled(done: "asyncio.Future[Any]", queued: _Queued) -> None:
    if not done.cancelled():
        _end(done, queued)


def _as_ours(error: Exception) -> Exception:
    if isinstance(error, apsw.Error):
        ours = StoreUnavailable(f"SQLite: {type(error).__name__}: {error}")
        ours.__cause__ = error
        return ours
    return error
