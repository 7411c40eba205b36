"""Statements, run to their end: a cursor left half-read would keep its transaction open."""

from collections.abc import Mapping, Sequence
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
