"""Drift as the store counts it, in bounded room: asked of every store."""

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

import pytest
from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Dispatched, Filters
from receiver.drift import Drift, Drifted
from receiver.store.base import Store

pytestmark = on_every_store

T = "ORDER_PAY_SUCCESS"
START = datetime(2026, 5, 20, 7, 47, 49, 913_000, tzinfo=UTC)


def see(store: Store, *drift: Drift) -> str:
    """One envelope that differs so; its id."""
    (receipt,) = asyncio.run(store.put([envelope()]))
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, drift=drift)])
    return receipt.envelope_id


def paths(rows: Iterable[Drifted]) -> list[str]:
    return [row.path for row in rows]


def fields(numbers: Iterable[int], topic: str = T) -> tuple[Drift, ...]:
    return tuple(Drift("field", topic, f"f{number}") for number in numbers)


def test_it_tells_how_often_when_first_and_last_and_where(store: Store, clock: Clock) -> None:
    field, vanished = Drift("field", T, "a"), Drift("vanished", T, "b")
    see(store, field)
    clock.pass_time(seconds=60)
    last = see(store, field, vanished)
    later = START + timedelta(seconds=60)
    assert store.drift(Filters(), 10) == [
        Drifted(
            kind="field", source="pandapon", topic=T, path="a", count=2,
            first_at=START, last_at=later, envelope_id=last,
        ),
        Drifted(
            kind="vanished", source="pandapon", topic=T, path="b", count=1,
            first_at=later, last_at=later, envelope_id=last,
        ),
    ]  # fmt: skip


def test_a_field_that_is_new_in_one_and_vanished_in_another_counts_as_two(store: Store) -> None:
    see(store, Drift("field", T, "a"))
    see(store, Drift("vanished", T, "a"))
    assert [(row.kind, row.count) for row in store.drift(Filters(), 10)] == [("field", 1), ("vanished", 1)]


def test_a_key_that_no_database_takes_is_counted_all_the_same(store: Store) -> None:
    for _ in range(2):
        see(store, Drift("field", T, "a\0b"))
    assert [row.count for row in store.drift(Filters(), 10)] == [2]


def test_what_was_seen_last_comes_first_and_topics_before_fields(store: Store, clock: Clock) -> None:
    see(store, *fields([1]))
    clock.pass_time(seconds=1)
    see(store, Drift("field", T, "f0"), Drift("topic", T))
    assert paths(store.drift(Filters(), 10)) == ["", "f0", "f1"]
    assert paths(store.drift(Filters(), 1)) == [""]


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(topic="OTHER"), ["f2"]),
        (Filters(source="pandapon"), ["f2", "f1"]),
        (Filters(source="dajisaas"), []),
        (Filters(since=START + timedelta(seconds=1)), ["f2"]),
        (Filters(since=START + timedelta(seconds=61)), []),
    ],
)
def test_each_filter_leaves_what_is_so(store: Store, clock: Clock, filters: Filters, found: list[str]) -> None:
    see(store, *fields([1]))
    clock.pass_time(seconds=60)
    see(store, *fields([2], "OTHER"))
    assert paths(store.drift(filters, 10)) == found


def test_a_topic_has_a_thousand_rows_at_most_and_those_go_on_counting(store: Store) -> None:
    for start in range(0, 1_200, 100):
        see(store, *fields(range(start, start + 100)))
    see(store, *fields([0, 5_000]))
    rows = store.drift(Filters(), 5_000)
    assert len(rows) == 1_000
    assert {row.path: row.count for row in rows}["f0"] == 2
    see(store, *fields([1], "OTHER"), Drift("vanished", "OTHER", "b"))
    assert len(store.drift(Filters(topic="OTHER"), 10)) == 2


def test_a_source_has_a_thousand_new_topics_at_most(store: Store) -> None:
    for number in range(1_010):
        see(store, Drift("topic", f"T{number}"))
    see(store, *fields([1]))
    assert len(store.drift(Filters(), 5_000)) == 1_001


def test_what_another_relay_dispatched_before_counts_once(store: Store) -> None:
    (receipt,) = asyncio.run(store.put([envelope()]))
    for _ in range(2):
        store.dispatch([Dispatched(envelope_id=receipt.envelope_id, drift=fields([1]))])
    assert [row.count for row in store.drift(Filters(), 10)] == [1]
