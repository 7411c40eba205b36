"""What is SQLite's alone: the file, its lock, its schema."""

import asyncio
import multiprocessing
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from builders import envelope

from receiver.deliveries import Dispatched, Filters, NewDelivery
from receiver.errors import StoreLocked, StoreUnavailable
from receiver.store.base import Swept
from receiver.store.parts import MOST_BYTES, MOST_OWED
from receiver.store.sqlite import SqliteStore, connecting, query, relaying


def test_the_bundled_sqlite_is_free_of_the_wal_reset_bug() -> None:
    assert apsw.SQLITE_VERSION_NUMBER >= connecting.FIRST_SAFE_SQLITE


def test_a_200_survives_a_power_cut_since_commits_are_synced(tmp_path: Path) -> None:
    connection = connecting.connect(tmp_path / "store.db")
    try:
        assert query.value(connection, "PRAGMA synchronous") == 2
        assert query.value(connection, "PRAGMA journal_mode") == "wal"
    finally:
        connection.close()


def test_migrating_twice_runs_each_migration_once(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    try:
        assert store.migrate() == [name for name, _ in connecting.migrations()]
        assert store.migrate() == []
        store.ready()
    finally:
        store.close()


def test_a_store_whose_schema_is_old_is_not_ready(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "store.db")
    try:
        with pytest.raises(StoreUnavailable, match=r"0001_path\.sql.*yizhan migrate"):
            store.ready()
    finally:
        store.close()


def _hold(path: Path, held: "multiprocessing.synchronize.Event") -> None:
    SqliteStore(path, alone=True)
    held.set()
    held.wait()
    multiprocessing.Event().wait(60)


def test_a_second_process_is_kept_out_until_the_first_is_gone_however_it_ends(tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    held = spawn.Event()
    first = spawn.Process(target=_hold, args=(tmp_path / "store.db", held))
    first.start()
    try:
        assert held.wait(20)
        with pytest.raises(StoreLocked, match=f"process {first.pid}"):
            SqliteStore(tmp_path / "store.db", alone=True)
        beside = SqliteStore(tmp_path / "store.db")
        beside.close()
    finally:
        first.kill()
        first.join()
        first.close()
    SqliteStore(tmp_path / "store.db", alone=True).close()


def test_a_store_that_cannot_be_opened_says_where_and_why(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(StoreUnavailable, match=r"file/store\.db"):
        SqliteStore(tmp_path / "file" / "store.db")


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    (tmp_path / "store.db").write_bytes(b"not a database, and long enough to be looked at" * 100)
    with pytest.raises(StoreUnavailable, match="not a database"):
        SqliteStore(tmp_path / "store.db")


def test_an_envelope_that_owes_thousands_holds_up_no_acknowledgement(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch payment may name thousands of orders: they are owed in many short transactions, each once."""
    [receipt] = asyncio.run(store.put([envelope()]))
    owed = tuple(
        NewDelivery(number=n, handler="a", event="order", order_id=str(n), refund_id=None, lane=f"order:{n}")
        for n in range(1000)
    )
    sizes: list[int] = []
    owe = relaying.owe

    def noted(connection: apsw.Connection, envelope_id: str, some: Sequence[NewDelivery], *, now: int) -> None:
        sizes.append(len(some))
        owe(connection, envelope_id, some, now=now)

    monkeypatch.setattr(relaying, "owe", noted)
    other = Dispatched(envelope_id="none", deliveries=owed[:3])
    store.dispatch([other, Dispatched(envelope_id=receipt.envelope_id, deliveries=owed)])
    assert max(sizes) <= MOST_OWED
    assert len(store.deliveries(Filters(), 2000)) == 1000
    assert store.undispatched(1) == []


def test_a_dispatch_that_was_cut_short_is_done_again_without_a_double(store: SqliteStore) -> None:
    [receipt] = asyncio.run(store.put([envelope()]))
    owed = tuple(
        NewDelivery(number=n, handler="a", event="order", order_id=str(n), refund_id=None, lane=None) for n in range(5)
    )
    store._run(lambda c, now: relaying.owe(c, receipt.envelope_id, owed[:3], now=now))
    assert [found.id for found in store.undispatched(10)] == [receipt.envelope_id]
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=owed)])
    assert len(store.deliveries(Filters(), 100)) == 5


def test_the_relay_holds_few_payloads_at_a_time(store: SqliteStore) -> None:
    for _ in range(3):
        asyncio.run(store.put([envelope(content={"large": "x" * 2_000_000, "id": n}) for n in range(2)]))
        asyncio.run(store.put([envelope() for _ in range(3)]))
    held = store.undispatched(100)
    assert 1 <= len(held) < 15
    assert sum(len(found.payload) for found in held) <= MOST_BYTES


def test_a_second_process_is_kept_out_by_any_name_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "link.db").symlink_to(tmp_path / "store.db")
    first = SqliteStore(tmp_path / "store.db", alone=True)
    try:
        with pytest.raises(StoreLocked):
            SqliteStore(tmp_path / "link.db", alone=True)
    finally:
        first.close()


def test_what_waits_for_a_handler_that_is_not_there_is_counted(store: SqliteStore) -> None:
    [receipt] = asyncio.run(store.put([envelope()]))
    owed = tuple(
        NewDelivery(number=0, handler=handler, event="order", order_id="7", refund_id=None, lane=None)
        for handler in ("here", "gone")
    )
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=owed)])
    assert store.open_of_others(["here"]) == {"gone": 1}


def test_recovery_at_the_start_waits_for_no_lease(store: SqliteStore) -> None:
    """Nobody else runs on the file."""
    receipts = asyncio.run(store.put([envelope(), envelope()]))
    owed = NewDelivery(number=0, handler="a", event="order", order_id="7", refund_id=None, lane=None)
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=(owed,)) for receipt in receipts])
    offered, running = store.claim(10, {"a": 10})
    store.start(running, {"a": timedelta(seconds=30)})
    assert store.recover({"a": 15}) == Swept(offers=1, lost=1)
    assert {offer.delivery_id for offer in store.claim(10, {"a": 10})} == {offered.delivery_id, running.delivery_id}
