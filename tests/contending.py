"""A PostgreSQL store, step by step, beside others who hold what it wants."""

import asyncio
import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from builders import envelope, owed
from databases import Database

from receiver.deliveries import Dispatched, Ended, Started
from receiver.store.postgresql import PostgresStore

TIMEOUTS = {"a": timedelta(seconds=30)}
SUCCEEDED = Ended(outcome="succeeded", state="succeeded")


def accept(store: PostgresStore, count: int = 1) -> list[str]:
    return [receipt.envelope_id for receipt in asyncio.run(store.put([envelope() for _ in range(count)]))]


def owe(store: PostgresStore, *lanes_: str | None) -> None:
    store.dispatch(
        [
            Dispatched(envelope_id=each, deliveries=(owed(lane),))
            for each, lane in zip(accept(store, len(lanes_)), lanes_, strict=True)
        ]
    )


def begin(store: PostgresStore) -> Started:
    (offer,) = store.claim(1, {"a": 1})
    started = store.start(offer, TIMEOUTS)
    assert isinstance(started, Started)
    return started


def cut(database: Database) -> None:
    """Every connection of the store's, as a restart of the server does."""
    database.run(
        "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
    )


def waiting(database: Database) -> int:
    """How many wait for a lock."""
    ((count,),) = database.run(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE NOT granted AND datname = current_database()"
    )
    return int(count)


def beside(work: Callable[[], Any], database: Database) -> threading.Thread:
    """Begun on another thread, and held up by a lock."""
    thread = threading.Thread(target=work)
    thread.start()
    deadline = time.monotonic() + 5
    while not waiting(database):
        assert time.monotonic() < deadline, "nothing holds it up"
        time.sleep(0.01)
    return thread
