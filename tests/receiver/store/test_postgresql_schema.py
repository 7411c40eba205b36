"""The schema: brought to this version beside those that serve, and read by index."""

import asyncio
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from builders import envelope
from contending import TIMEOUTS, accept, owe
from databases import Database, Templates

from receiver.deliveries import Dispatched, NewDelivery, Started
from receiver.effects import EffectKey
from receiver.errors import StoreUnavailable
from receiver.store.postgresql import PostgresStore, migrating, query


@pytest.fixture
def empty(templates: Templates) -> Iterator[Database]:
    """Not migrated."""
    with templates.copy("template1") as database:
        yield database


def _migrate(url: str, ran: "multiprocessing.queues.Queue[list[str]]") -> None:
    store = PostgresStore(url)
    ran.put(store.migrate())
    store.close()


def test_processes_that_migrate_at_once_run_each_migration_once(empty: Database) -> None:
    spawn = multiprocessing.get_context("spawn")
    ran: multiprocessing.queues.Queue[list[str]] = spawn.Queue()
    processes = [spawn.Process(target=_migrate, args=(empty.url, ran)) for _ in range(3)]
    for process in processes:
        process.start()
    names = [name for _ in processes for name in ran.get(timeout=30)]
    for process in processes:
        process.join()
    assert names == [name for name, _ in migrating.migrations()]
    store = PostgresStore(empty.url)
    store.ready()
    store.close()


def test_a_store_whose_schema_is_old_is_not_ready(empty: Database) -> None:
    store = PostgresStore(empty.url)
    try:
        with pytest.raises(StoreUnavailable, match=r"0001_path\.sql.*yizhan migrate"):
            store.ready()
    finally:
        store.close()


def test_a_migration_gives_up_rather_than_stand_in_the_way(
    postgres: PostgresStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it waits for a long transaction, everyone after it would wait too. Nothing of it stays."""
    later = ("0002_later.sql", "ALTER TABLE delivery ADD COLUMN later integer; ALTER TABLE envelope ADD later integer")
    monkeypatch.setattr(migrating, "migrations", lambda: [*_SHIPPED, later])
    monkeypatch.setattr(migrating, "_PATIENCE", "100ms")
    with psycopg.connect(database.url) as other:
        other.execute("SELECT 1 FROM envelope")
        with pytest.raises(StoreUnavailable, match="lock timeout"):
            postgres.migrate()
        accept(postgres)
    assert postgres.migrate() == ["0002_later.sql"]
    accept(postgres)


def test_an_index_is_made_beside_those_who_acknowledge(
    postgres: PostgresStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits for who is writing, and nobody waits for it; what a build that was cut short left is made anew."""
    sql = "DROP INDEX CONCURRENTLY IF EXISTS later; CREATE INDEX CONCURRENTLY later ON envelope (topic);"
    monkeypatch.setattr(migrating, "migrations", lambda: [*_SHIPPED, ("0999_later.sql", sql)])
    database.run("CREATE INDEX later ON envelope (account)")
    with psycopg.connect(database.url) as other, ThreadPoolExecutor() as pool:
        other.execute("LOCK TABLE envelope IN ROW EXCLUSIVE MODE")
        migrated = pool.submit(postgres.migrate)
        while not database.run(
            "SELECT 1 FROM pg_stat_activity WHERE query LIKE '%DROP INDEX%' AND wait_event_type = 'Lock'"
        ):
            assert not migrated.done()
        accept(postgres)
        assert not migrated.done()
        other.commit()
        assert migrated.result() == ["0999_later.sql"]
    assert database.run("SELECT indexdef FROM pg_indexes WHERE indexname = 'later'")[0][0].endswith("(topic)")


_SHIPPED = migrating.migrations()


def test_a_story_reads_no_table_from_end_to_end(
    postgres: PostgresStore, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    owe(postgres, *[f"order:{number}" for number in range(500)])
    ids = asyncio.run(postgres.put([envelope(order_ids=(f"o{n}",), refund_ids=(f"r{n}",)) for n in range(2_000)]))
    again = [envelope() for _ in range(3_000)]
    asyncio.run(postgres.put([*again, *again]))
    postgres.dispatch(
        [
            Dispatched(
                envelope_id=receipt.envelope_id,
                deliveries=(
                    NewDelivery(
                        number=0, handler="a", event="order", order_id=f"o{n}", refund_id=f"r{n}", lane=f"order:o{n}"
                    ),
                ),
            )
            for n, receipt in enumerate(ids)
        ]
    )
    for offer in postgres.claim(500, {"a": 500}):
        started = postgres.start(offer, TIMEOUTS)
        assert isinstance(started, Started)
        for number in range(10):
            key = EffectKey("main", "a", f"{offer.delivery_id}", f"ask-{number}")
            postgres.intend(key, started, timedelta(seconds=30))
    database.run("ANALYZE")
    asked: list[tuple[str, Any]] = []

    def note(connection: query.Connection, sql: str, bindings: query.Bindings = None) -> list[tuple[Any, ...]]:
        asked.append((sql, bindings))
        return connection.execute(sql.encode(), bindings).fetchall()

    monkeypatch.setattr(query, "rows", note)
    assert postgres.timeline("o1500")
    with psycopg.connect(database.url) as other:
        plans = [
            line for sql, bindings in asked for (line,) in other.execute(f"EXPLAIN {sql}".encode(), bindings).fetchall()
        ]
    assert sum("Index" in line for line in plans) > 5
    assert [line for line in plans if "Seq Scan" in line] == []
