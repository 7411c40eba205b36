"""Statements, run to their end: a cursor left half-read would keep its transaction open."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import apsw

Bindings = Sequence[Any] | Mapping[str, Any] | None


def rows(connection: apsw.Connection, sql: str, bindings: Bindings = None) -> list[tuple[Any, ...]]:
    return list(connection.execute(sql, bindings))


def row(connection: apsw.Connection, sql: str, bindings: Bindings = None) -> tuple[Any, ...] | None:
    """The first row, or ``None``."""
    found = rows(connection, sql, bindings)
    return found[0] if found else None


def value(connection: apsw.Connection, sql: str, bindings: Bindings = None) -> Any:
    """The first column of the first row, or ``None``."""
    found = row(connection, sql, bindings)
    return None if found is None else found[0]


@contextlib.contextmanager
def transaction(connection: apsw.Connection) -> Iterator[None]:
    """To write in: committed at the end, or nothing of it."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite ends one by itself on some errors (disk full)
            connection.execute("ROLLBACK")
        raise
