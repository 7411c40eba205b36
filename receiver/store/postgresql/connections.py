"""A bounded stack of connections for the threads of a process.

Not psycopg_pool: there, one who asks while the server is away waits for a time-out and is not told why, and tries come
ever more rarely. Here it is told at once, and the first to ask after the server came back is served.
"""

import select
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

import psycopg
from psycopg.errors import DeadlockDetected, SerializationFailure
from psycopg.pq import TransactionStatus

from receiver.errors import StoreUnavailable
from receiver.store.postgresql.connecting import unavailable
from receiver.store.postgresql.query import Connection

T = TypeVar("T")

#: What one waits for another thread's connection.
_PATIENCE = 10.0
#: Tries of a transaction that the server ended for another's sake.
_TRIES = 5


class Connections:
    def __init__(self, parameters: str, most: int) -> None:
        self._parameters = parameters
        self._free = threading.BoundedSemaphore(most)
        self._idle: list[Connection] = []
        self._closed = False

    def run(self, job: Callable[[Connection], T]) -> T:
        """One transaction."""

        def transact(connection: Connection) -> T:
            with connection.transaction():
                return job(connection)

        return self.ask(transact)

    def ask(self, job: Callable[[Connection], T]) -> T:
        """What is a transaction of its own. It runs again where the server ended it for another's sake."""
        tries = 0
        while True:
            try:
                with self._connected() as connection:
                    return job(connection)
            except (DeadlockDetected, SerializationFailure) as error:
                tries += 1
                if tries == _TRIES:
                    raise unavailable(error) from error
            except psycopg.Error as error:
                raise unavailable(error) from error

    def close(self) -> None:
        self._closed = True
        while self._idle:
            self._idle.pop().close()

    @contextmanager
    def _connected(self) -> Iterator[Connection]:
        if not self._free.acquire(timeout=_PATIENCE):
            raise StoreUnavailable(f"PostgreSQL: all connections of this process are in use for {_PATIENCE:g} s")
        try:
            connection = self._take()
            try:
                yield connection
            except psycopg.Error:
                connection.close()  # its server may only read from now on: the next asks anew who writes
                raise
            finally:
                self._put_back(connection)
        finally:
            self._free.release()

    def _take(self) -> Connection:
        while not self._closed:
            try:
                connection = self._idle.pop()
            except IndexError:
                return psycopg.connect(self._parameters, autocommit=True)
            if not _heard_from(connection):
                return connection
            connection.close()
        raise StoreUnavailable("the store is closed")

    def _put_back(self, connection: Connection) -> None:
        if self._closed or connection.info.transaction_status != TransactionStatus.IDLE:
            connection.close()
        else:
            self._idle.append(connection)


def _heard_from(connection: Connection) -> bool:
    """An idle connection is sent nothing, unless it ends: the server stopped, or somebody ended it."""
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
