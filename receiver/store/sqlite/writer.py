"""The one writer of an SQLite store: everything that is queued while a commit runs is the next transaction.

SQLite takes one writer at a time, and what it costs is the commit. So there is one write connection, owned by turns:

* Callbacks are inserted *on the event loop's thread*, since a thread beside a busy loop waits for the interpreter lock
  at every row, and the commit, which waits for the disk, runs on the writer thread. Measured: 0.39 of a bare server
  with all of it on a thread, 0.56 so.
* Everything else (the relay's and the workers' jobs) runs on the writer thread, in the very transaction that is about
  to be committed.

A job is a function of the connection. It may run twice: when one job of a transaction raises, the others are run again
without it.
"""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any, TypeVar

import apsw

from receiver.errors import StoreUnavailable

T = TypeVar("T")
Job = Callable[[apsw.Connection], T]

#: How long the writer thread waits for another process (``replay`` and ``bury`` from the command line are short).
BUSY_TIMEOUT_MS = 5_000


class _Turn:
    """One inline write: begun on the loop where it can be, finished by the writer thread."""

    __slots__ = ("begun", "done", "error", "job", "loop", "result")

    def __init__(self, job: Job[Any], loop: asyncio.AbstractEventLoop) -> None:
        self.job = job
        self.loop = loop
        self.done: asyncio.Future[Any] = loop.create_future()
        self.begun = False
        self.result: Any = None
        self.error: Exception | None = None

    def finish(self) -> None:
        """On the loop: tell the one who waits, if it still does."""
        if self.done.cancelled():
            return
        if self.error is None:
            self.done.set_result(self.result)
        else:
            self.done.set_exception(self.error)


class _Queued:
    __slots__ = ("done", "error", "job", "result")

    def __init__(self, job: Job[Any]) -> None:
        self.job = job
        self.done: Future[Any] = Future()
        self.result: Any = None
        self.error: Exception | None = None


class Writer:
    """Owns the write connection, which nobody else may touch from here on."""

    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection
        self._changed = threading.Condition()
        #: The connection is in use: by the loop while it inserts, by the thread while it works and commits.
        self._owned = False
        self._jobs: deque[_Queued] = deque()
        #: Inserted and to be committed.
        self._turn: _Turn | None = None
        #: Wants to insert as soon as the thread lets go.
        self._waiting: _Turn | None = None
        self._closing = False
        self._thread = threading.Thread(target=self._work, name="store-writer", daemon=True)
        self._thread.start()

    def run(self, job: Job[T]) -> T:
        """Run a job in the next transaction and wait until that is committed. Never call it on an event loop."""
        queued = _Queued(job)
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            self._jobs.append(queued)
            self._changed.notify()
        result: T = queued.done.result()
        return result

    async def run_inline(self, job: Job[T]) -> T:
        """Run a job on this thread and commit it on the writer's. One at a time: the caller queues meanwhile."""
        turn = _Turn(job, asyncio.get_running_loop())
        with self._changed:
            if self._closing:
                raise StoreUnavailable("the store is closed")
            mine = not self._owned
            if mine:
                self._owned = True
            else:
                self._waiting = turn
        if mine:
            self._begin(turn)
        try:
            result: T = await turn.done
        finally:
            del turn  # an error's traceback would hold the batch, and its payloads, until the collector comes by
        return result

    def close(self) -> None:
        """Commit what is queued, then close the connection."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()
        self._connection.close()

    def _begin(self, turn: _Turn) -> None:
        """On the loop, owning the connection: insert, and pass it on to the thread for the commit."""
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            turn.begun = True
            turn.result = turn.job(self._connection)
        except apsw.BusyError:
            turn.begun = False  # another process writes: the thread may wait for it, the loop may not
        except Exception as error:  # noqa: BLE001  (whatever it is, it is the caller's, through the future)
            turn.error = _as_ours(error)
        with self._changed:
            self._turn = turn
            self._changed.notify()

    def _work(self) -> None:
        while True:
            with self._changed:
                while not (self._turn or ((self._jobs or self._closing) and not self._owned)):
                    self._changed.wait()
                turn, self._turn = self._turn, None
                jobs = list(self._jobs)
                self._jobs.clear()
                if turn is None and not jobs:
                    return
                self._owned = True
            self._transact(turn, jobs)
            with self._changed:
                waiting, self._waiting = self._waiting, None
                self._owned = waiting is not None
            if turn is not None:
                self._tell(turn, turn.finish)
                turn = None
            if waiting is not None and not self._tell(waiting, partial(self._begin, waiting)):
                with self._changed:
                    self._owned = False
            for queued in jobs:
                if queued.error is None:
                    queued.done.set_result(queued.result)
                else:
                    queued.done.set_exception(queued.error)

    @staticmethod
    def _tell(turn: _Turn, call: Callable[[], None]) -> bool:
        """On the turn's loop; ``False`` if that is closed (the process was told twice to end) and nobody waits."""
        try:
            turn.loop.call_soon_threadsafe(call)
        except RuntimeError:
            return False
        return True

    def _transact(self, turn: _Turn | None, jobs: list[_Queued]) -> None:
        connection = self._connection
        try:
            if turn is not None and turn.error is not None:
                self._rollback()
                turn = None
            if turn is None or not turn.begun:
                if turn is None and not jobs:
                    return
                self._begin_patiently()
                if turn is not None:
                    turn.result = turn.job(connection)
            self._run_all(jobs)
            connection.execute("COMMIT")
        except Exception as error:  # noqa: BLE001  (nothing was committed: everyone who waits is told so)
            self._rollback()
            ours = _as_ours(error)
            if turn is not None:
                turn.error = ours
            for queued in jobs:
                queued.error = ours

    def _begin_patiently(self) -> None:
        self._rollback()
        self._connection.set_busy_timeout(BUSY_TIMEOUT_MS)
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        finally:
            self._connection.set_busy_timeout(0)

    def _run_all(self, jobs: list[_Queued]) -> None:
        """Run the jobs so that one which raises takes nothing with it."""
        if not jobs:
            return
        connection = self._connection
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

    def _rollback(self) -> None:
        """SQLite ends a transaction by itself on some errors (disk full), so ask first."""
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")


def _as_ours(error: Exception) -> Exception:
    if isinstance(error, apsw.Error):
        ours = StoreUnavailable(f"SQLite: {type(error).__name__}: {error}")
        ours.__cause__ = error
        return ours
    return error
