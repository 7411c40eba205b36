"""What is SQLite's alone: the file, its lock, its schema."""

import multiprocessing
from pathlib import Path

import apsw
import pytest

from receiver.errors import StoreLocked, StoreUnavailable
from receiver.store.sqlite import SqliteStore, connecting, query


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
