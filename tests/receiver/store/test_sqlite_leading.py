"""A list begins with the index that holds the fewest, whatever SQLite's planner thinks of it."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import apsw
import pytest
from builders import envelope, owed

from receiver.deliveries import Dispatched, Filters
from receiver.store.sqlite import SqliteStore, connecting, reading

#: What most have and few, in each column that has an index of its own.
OF_ENVELOPES = {
    "account": ("main", "rare"),
    "source": ("pandapon", "rare"),
    "platform": ("1688", "taobao"),
    "topic": ("ORDER_PAY_SUCCESS", "RARE"),
}
OF_DELIVERIES = {**OF_ENVELOPES, "event": ("order", "rare"), "handler": ("a", "rare")}
#: All was received then or later.
ALL: dict[str, Any] = {"since": datetime(2026, 1, 1, tzinfo=UTC)}


@pytest.fixture(params=[False, True], ids=["as it was made", "analysed"])
def reader(store: SqliteStore, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[apsw.Connection]:
    """Of a store with 400 deliveries and their envelopes, of which three are rare in all they have."""
    batch = [envelope() for _ in range(400)]
    for n in (107, 108, 250):
        batch[n] = replace(batch[n], **{name: rare for name, (_, rare) in OF_ENVELOPES.items()})  # type: ignore[arg-type]
    store.dispatch(
        [
            Dispatched(
                envelope_id=receipt.envelope_id,
                deliveries=(
                    owed(
                        handler=OF_DELIVERIES["handler"][each.account == "rare"],
                        event=OF_DELIVERIES["event"][each.account == "rare"],
                    ),
                ),
            )
            for each, receipt in zip(batch, asyncio.run(store.put(batch)), strict=True)
        ]
    )
    with contextlib.closing(connecting.connect_to_read(tmp_path / "yizhan.db")) as reader:
        if request.param:
            with contextlib.closing(apsw.Connection(str(tmp_path / "yizhan.db"))) as other:
                other.execute("ANALYZE")
        yield reader


def plan(reader: apsw.Connection, ask: Callable[[], object]) -> list[str]:
    """Of the last statement: before it, what may lead was counted."""
    asked: list[tuple[str, Any]] = []

    def note(_cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:
        asked.append((sql, bindings))
        return True

    reader.exec_trace = note
    ask()
    reader.exec_trace = None
    sql, bindings = asked[-1]
    return [detail for *_, detail in reader.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)]


def beside(name: str, of: dict[str, tuple[str, str]]) -> list[Filters]:
    """What few have in this column, alone and beside each of what most have."""
    rare: dict[str, Any] = {name: of[name][1]}
    common = [{}, ALL, *({other: most} for other, (most, _) in of.items() if other != name)]
    return [Filters(**rare, **each) for each in common]


@pytest.mark.parametrize("name", OF_ENVELOPES)
def test_envelopes(reader: apsw.Connection, name: str) -> None:
    for chosen in beside(name, OF_ENVELOPES):
        merged, left, first, right, *stored = plan(reader, partial(reading.list_envelopes, reader, chosen, 20))
        assert (merged, left, right) == ("MERGE (UNION ALL)", "LEFT", "RIGHT"), "nothing is put in order"
        assert f"INDEX envelope_{name} ({name}=?" in first
        assert "INDEX envelope_stored" in stored[0]


@pytest.mark.parametrize("name", OF_ENVELOPES)
def test_deliveries_by_what_their_envelope_is(reader: apsw.Connection, name: str) -> None:
    for chosen in beside(name, OF_DELIVERIES):
        _, _, first, then, last, right, *stored = plan(reader, partial(reading.list_deliveries, reader, chosen, 20))
        assert f"INDEX envelope_{name} ({name}=?" in first
        assert "INDEX delivery_owed (envelope_seq=?" in then
        assert last == "USE TEMP B-TREE FOR LAST TERM OF ORDER BY", "of one envelope's deliveries"
        assert right == "RIGHT"
        assert "INDEX envelope_stored" in stored[0]


@pytest.mark.parametrize("name", ["event", "handler"])
def test_deliveries(reader: apsw.Connection, name: str) -> None:
    alone, *others = beside(name, OF_DELIVERIES)
    for chosen in [alone, *others, replace(alone, state="due")]:
        first, then = plan(reader, partial(reading.list_deliveries, reader, chosen, 20))
        assert f"INDEX delivery_{name} ({name}=?" in first
        assert "PRIMARY KEY (rowid=?" in then


def test_a_short_time_comes_before_what_many_have(reader: apsw.Connection) -> None:
    """Nothing was received in it."""
    chosen = Filters(handler="a", until=ALL["since"])
    first, *_ = plan(reader, partial(reading.list_deliveries, reader, chosen, 20))
    assert "INDEX envelope_received (received_at<?" in first
    chosen = Filters(handler="a", topic="ORDER_PAY_SUCCESS", until=ALL["since"])
    _, _, first, *_ = plan(reader, partial(reading.list_deliveries, reader, chosen, 20))
    assert "INDEX envelope_topic (topic=? AND received_at<?" in first
