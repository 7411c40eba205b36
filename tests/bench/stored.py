"""A store before anything has come in, and what is in it at the end."""

import contextlib
from pathlib import Path
from typing import Any

import apsw
import psycopg

from receiver.store import open_store

_TABLES = "envelope, subject, redelivery, delivery, attempt, effect, drift, lease"
_COUNT = "SELECT count(*), coalesce(sum(redeliveries), 0) FROM envelope"


def empty(url: str) -> None:
    """What came in before would be redelivered, which costs more. An SQLite file is a new one each time."""
    with contextlib.closing(open_store(url, make=True)) as store:
        store.migrate()
    if url.startswith("sqlite:"):
        return
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"TRUNCATE {_TABLES}".encode())
        connection.execute(b"VACUUM ANALYZE")


def check(url: str, acknowledged: int) -> None:
    """Raises ``RuntimeError`` unless all that was acknowledged is there, and nothing was a redelivery."""
    stored, redeliveries = _counted(url)
    if stored < acknowledged or redeliveries:
        raise RuntimeError(f"{acknowledged} acknowledged, {stored} stored, {redeliveries} redelivered")


def _counted(url: str) -> tuple[int, int]:
    if not url.startswith("sqlite:"):
        with psycopg.connect(url) as database:
            counted: Any = database.execute(_COUNT.encode()).fetchone()
    else:
        file = Path(url.removeprefix("sqlite:///"))
        with contextlib.closing(apsw.Connection(str(file))) as connection:
            counted = connection.execute(_COUNT).fetchone()
    return int(counted[0]), int(counted[1])
