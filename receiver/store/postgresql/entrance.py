"""The one connection by which a web process commits: on its event loop, made anew after any failure."""

from collections.abc import Sequence

import psycopg

from receiver.envelope import Envelope, Receipt
from receiver.store.postgresql import accepting
from receiver.store.postgresql.accepting import Connection
from receiver.store.postgresql.connecting import unavailable


class Entrance:
    def __init__(self, parameters: str) -> None:
        self._parameters = parameters
        self._connection: Connection | None = None

    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]:
        """One batch at a time."""
        try:
            if self._connection is None:
                self._connection = await psycopg.AsyncConnection.connect(self._parameters, autocommit=True)
            return await accepting.put(self._connection, batch)
        except BaseException as error:
            self.close()  # whatever is under way on it
            if isinstance(error, psycopg.Error):
                raise unavailable(error) from error
            raise

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.pgconn.finish()  # as its close() does, which would want the loop
