"""Statements and what they found."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg

Connection = psycopg.Connection[tuple[Any, ...]]
Bindings = Sequence[Any] | Mapping[str, Any] | None


def rows(
    connection: Connection, sql: str, bindings: Bindings = None, *, prepare: bool | None = None
) -> list[tuple[Any, ...]]:
    """``prepare=False`` where the plan hangs on the bindings, so that it is made for them."""
    return connection.execute(sql.encode(), bindings, prepare=prepare).fetchall()


def row(connection: Connection, sql: str, bindings: Bindings = None) -> tuple[Any, ...] | None:
    """The first row, or ``None``."""
    return connection.execute(sql.encode(), bindings).fetchone()


def value(connection: Connection, sql: str, bindings: Bindings = None) -> Any:
    """The first column of the first row, or ``None``."""
    found = row(connection, sql, bindings)
    return None if found is None else found[0]


def change(connection: Connection, sql: str, bindings: Bindings = None) -> int:
    """How many rows it changed."""
    return connection.execute(sql.encode(), bindings).rowcount
