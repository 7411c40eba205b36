"""Bringing the schema to this version, while the version before goes on serving.

Each file of ``schema/`` only adds (tables, columns that may be absent, indexes), in a transaction of its own that gives
up rather than stand in the way: a lock it waits for makes everyone after it wait too.
"""

from importlib.resources import files

from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

#: Of ours among a database's advisory locks: two that migrate at once take turns.
_LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('yizhan migrate', 0))"
_PATIENCE = "2s"


def migrate(connection: Connection) -> list[str]:
    """Run what has not run yet; the names of those that did."""
    ran = []
    for name, sql in migrations():
        with connection.transaction():
            query.rows(connection, _LOCK)
            connection.execute(
                "CREATE TABLE IF NOT EXISTS migration"
                " (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
            )
            if query.row(connection, "SELECT 1 FROM migration WHERE name = %s", (name,)):
                continue
            connection.execute(f"SET LOCAL lock_timeout = '{_PATIENCE}'")
            connection.execute("SET LOCAL statement_timeout = 0")  # an index of a large table takes its time
            connection.execute(sql.encode())
            query.change(connection, "INSERT INTO migration (name) VALUES (%s)", (name,))
        ran.append(name)
    if ran:
        connection.execute("ANALYZE envelope, subject, delivery, attempt")  # a queue's planner must not guess
    return ran


def migrations() -> list[tuple[str, str]]:
    """Name and text of every migration, in order."""
    folder = files("receiver.store.postgresql") / "schema"
    return sorted((file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql"))


def pending(connection: Connection) -> list[str]:
    """Migrations that have not run on this database."""
    known = query.value(connection, "SELECT to_regclass('migration')")
    done = {name for (name,) in query.rows(connection, "SELECT name FROM migration")} if known else set()
    return [name for name, _ in migrations() if name not in done]
