"""The pieces of ``make bench-growth``: they fill in what the product would have written. How fast is no claim."""

from pathlib import Path

import apsw
import pytest
from bench import table
from bench.growth import filling, memory
from bench.growth.questions import asked
from databases import Database

from receiver.deliveries import Filters
from receiver.store.base import Store
from receiver.store.postgresql import PostgresStore
from receiver.store.sqlite import SqliteStore

COUNT = 20_000


def looked_at(store: Store) -> None:
    """As people would: stories, lists, and what is left to do."""
    told = store.timeline(filling.order_of(COUNT // 2))
    assert {"callback", "event", "attempt", "decision"} <= {each.kind for each in told}
    envelopes = store.envelopes(Filters(), COUNT + 1)
    assert len(envelopes) == COUNT
    assert len({envelope.id for envelope in envelopes}) == COUNT
    assert [each.received_at for each in envelopes] == sorted((each.received_at for each in envelopes), reverse=True)
    envelope = store.envelope(envelopes[7].id)
    assert envelope is not None
    assert len(envelope.payload) == 300
    states = {each.state for each in store.deliveries(Filters(), COUNT)}
    assert states == {"succeeded", "skipped", "dead", "due"}
    assert store.undispatched(1) == []
    assert store.claim(100, dict.fromkeys(filling.HANDLERS, 100)) == []
    assert {name for name, _, _ in asked(store, COUNT)} >= {"`order ID`", "`inbox list`", "`deliveries list`"}


def test_what_is_filled_into_sqlite_is_whole(tmp_path: Path) -> None:
    file = tmp_path / "yizhan.db"
    store = SqliteStore(file)
    store.migrate()
    store.close()
    filling.sqlite(file, COUNT)
    connection = apsw.Connection(str(file))
    assert list(connection.execute("PRAGMA foreign_key_check")) == []
    assert list(connection.execute("PRAGMA integrity_check")) == [("ok",)]
    connection.close()
    store = SqliteStore(file)
    try:
        store.ready()
        looked_at(store)
    finally:
        store.close()


def test_what_is_filled_into_postgresql_is_whole(postgres: PostgresStore, database: Database) -> None:
    filling.postgresql(database.url, COUNT)
    postgres.ready()
    looked_at(postgres)


def test_memory_that_grows_is_told_by_the_hour() -> None:
    """What is used up at the start does not count: 30 MB at once, then 1 MB a minute."""
    looks = [(float(second), 100 + min(second, 10) * 3 + second / 60) for second in range(0, 600, 2)]
    grown = memory.grown("run", looks, 600)
    assert grown.slope == pytest.approx(60, rel=0.01)
    assert (grown.first, round(grown.last)) == (100, 140)


@pytest.mark.parametrize("marks", ["growth", "huge"])
def test_the_page_of_this_repository_has_its_places(marks: str) -> None:
    page = (Path(__file__).parent.parent / "docs" / "benchmarks.md").read_text()
    written = table.page(page, {"A title": "| a |"}, marks=marks)
    assert "### A title" in written
    assert written.count("<!-- end -->") == page.count("<!-- end -->")
