"""Bringing the schema to this version, while the version before goes on serving.

Each file of ``schema/`` only adds (tables, columns that may be absent, indexes), in a transaction of its own that gives
up rather than stand in the way: a lock it waits for makes everyone after it wait too. Or it makes its indexes
``CONCURRENTLY``, where acknowledgements would wait for them, and may be run again after it was cut short.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files

from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

#: Of ours among a database's advisory locks: two that migrate at once take turns.
_LOCK = "hashtextextended('yizhan migrate', 0)"
_PATIENCE = "2s"
#: Seconds between two looks whether it is our turn. Asked, not waited for: an index that is made concurrently waits for
#: every statement under way, so two would wait for each other.
_LOOK = 0.1


def migrate(connection: Connection) -> list[str]:
    """Run what has not run yet; the names of those that did."""
    ran = []
    with _turn(connection):
        connection.execute(
            "CREATE TABLE IF NOT EXISTS migration"
            " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        for name, sql in migrations():
            if query.row(connection, "SELECT 1 FROM migration WHERE name = %s", (name,)):
                continue
            if "CONCURRENTLY" in sql:
                _run_aside(connection, sql)
                query.change(connection, "INSERT INTO migration (name) VALUES (%s)", (name,))
            else:
                with connection.transaction():
                    connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
                    connection.execute("SET LOCAL statement_timeout = 0")  # an index of a large table takes its time
                    connection.execute(sql.encode())
                    query.change(connection, "INSERT INTO migration (name) VALUES (%s)", (name,))
            ran.append(name)
        if ran:
            connection.execute("ANALYZE envelope, subject, delivery, attempt")  # a queue's planner must not guess
    return ran


@contextmanager
def _turn(connection: Connection) -> Iterator[None]:
    while not query.value(connection, f"SELECT pg_try_advisory_lock({_LOCK})"):
        time.sleep(_LOOK)
    try:
        yield
    finally:
        if not connection.broken:  # else the server has let go of it
            query.value(connection, f"SELECT pg_advisory_unlock({_LOCK})")


def _run_aside(connection: Connection, sql: str) -> None:
    """Statement by statement, each in a transaction of its own, as indexes beside those who write are made."""
    connection.execute("SET lock_timeout = 0")  # it waits for writers; nobody waits for it
    connection.execute("SET statement_timeout = 0")
    try:
        for statement in filter(str.strip, sql.split(";")):
            connection.execute(statement.encode())
    finally:
        if not connection.broken:
            connection.execute("RESET lock_timeout")
            connection.execute("RESET statement_timeout")


def migrations() -> list[tuple[str, str]]:
    """Name and text of every migration, in order."""
    folder = files("receiver.store.postgresql") / "schema"
    return sorted((file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql"))


def pending(connection: Connection) -> list[str]:
    """Migrations that have not run on this database."""
    known = query.value(connection, "SELECT to_regclass('migration')")
    done = {name for (name,) in query.rows(connection, "SELECT name FROM migration")} if known else set()
    return [name for name, _ in migrations() if name not in done]
