"""Opening the file: pragmas, the lock that keeps a second process out, the schema."""

import fcntl
import os
from importlib.resources import files
from pathlib import Path

import apsw

from receiver.errors import StoreLocked, StoreUnavailable
from receiver.store.sqlite import query

#: Below it, a commit beside a checkpoint can corrupt a WAL database. https://sqlite.org/wal.html
FIRST_SAFE_SQLITE = 3_051_003

_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",  # a 200 means committed, power cut included
    "PRAGMA foreign_keys = ON",
    "PRAGMA wal_autocheckpoint = 1000",
    "PRAGMA cache_size = -65536",
)


def connect(path: Path) -> apsw.Connection:
    """A connection for writing; the file is made if need be."""
    if apsw.SQLITE_VERSION_NUMBER < FIRST_SAFE_SQLITE:
        raise StoreUnavailable(
            f"SQLite {apsw.sqlite_lib_version()} can corrupt a WAL database; 3.51.3 or newer is safe"
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = apsw.Connection(str(path))
        connection.set_busy_timeout(5_000)
        for pragma in _PRAGMAS:
            connection.execute(pragma)
        connection.set_busy_timeout(0)
    except (OSError, apsw.Error) as error:
        raise StoreUnavailable(f"cannot open {path}: {error}") from error
    return connection


def connect_to_read(path: Path) -> apsw.Connection:
    try:
        connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READWRITE)
        connection.set_busy_timeout(5_000)
        connection.execute("PRAGMA query_only = ON")
    except apsw.Error as error:
        raise StoreUnavailable(f"cannot open {path}: {error}") from error
    return connection


class Lock:
    """Held by the one process that runs on a store. The kernel lets go of it however the process ends."""

    def __init__(self, path: Path) -> None:
        # By the file itself, whichever name it was opened by.
        self._file = os.open(f"{path.resolve()}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(self._file, 32).decode(errors="replace").strip() or "unknown"
            os.close(self._file)
            raise StoreLocked(f"another yizhan (process {holder}) runs on {path}; stop it first") from error
        os.truncate(self._file, 0)
        os.pwrite(self._file, f"{os.getpid()}\n".encode(), 0)

    def release(self) -> None:
        os.close(self._file)


def migrate(connection: apsw.Connection, *, now: int) -> list[str]:
    """Run what has not run yet, each file in a transaction of its own; the names of those that did."""
    connection.execute(
        "CREATE TABLE IF NOT EXISTS migration"
        " (name TEXT PRIMARY KEY, applied_at INTEGER NOT NULL) STRICT, WITHOUT ROWID"
    )
    ran = []
    for name, sql in migrations():
        with connection:  # a savepoint, so two processes that migrate at once do not both run it
            if query.row(connection, "SELECT 1 FROM migration WHERE name = ?", (name,)):
                continue
            connection.execute(sql)
            connection.execute("INSERT INTO migration VALUES (?, ?)", (name, now))
        ran.append(name)
    if ran:
        connection.execute("PRAGMA optimize = 0x10002")  # statistics: a queue's planner must not guess
    return ran


def migrations() -> list[tuple[str, str]]:
    """Name and text of every migration, in order."""
    folder = files("receiver.store.sqlite") / "schema"
    return sorted((file.name, file.read_text()) for file in folder.iterdir() if file.name.endswith(".sql"))


def pending(connection: apsw.Connection) -> list[str]:
    """Migrations that have not run on this file."""
    known = query.row(connection, "SELECT 1 FROM sqlite_schema WHERE name = 'migration'")
    done = {name for (name,) in query.rows(connection, "SELECT name FROM migration")} if known else set()
    return [name for name, _ in migrations() if name not in done]
