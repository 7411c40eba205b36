"""What grows and what must not: counted in steps of SQLite's virtual machine, which a busy computer does not change."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import apsw
import pytest
from builders import envelope, owed

from receiver.deliveries import DeliveryState, Dispatched, Ended, Filters, Started
from receiver.standing import Standing
from receiver.store.sqlite import SqliteStore

TIMEOUTS = {"a": timedelta(seconds=30)}


def owe(store: SqliteStore, *lanes: str) -> None:
    receipts = asyncio.run(store.put([envelope() for _ in lanes]))
    store.dispatch(
        [
            Dispatched(envelope_id=receipt.envelope_id, deliveries=(owed(lane, standing=Standing(None, None)),))
            for receipt, lane in zip(receipts, lanes, strict=True)
        ]
    )


def work(store: SqliteStore) -> int:
    """Attempt what may go now; how many did."""
    offers = store.claim(100, {"a": 100})
    for offer in offers:
        started = store.start(offer, TIMEOUTS)
        assert isinstance(started, Started)
        store.settle(started, Ended(outcome="succeeded", state="succeeded"))
    return len(offers)


@contextmanager
def counted(store: SqliteStore) -> Iterator[Callable[[], int]]:
    """Of what is written."""
    with counted_of(store._connection) as steps:
        yield steps


@contextmanager
def counted_of(connection: apsw.Connection) -> Iterator[Callable[[], int]]:
    steps = 0

    def profile(event: dict[str, Any]) -> None:
        nonlocal steps
        steps += event["stmt_status"]["SQLITE_STMTSTATUS_VM_STEP"]

    connection.trace_v2(apsw.SQLITE_TRACE_PROFILE, profile)
    yield lambda: steps
    connection.trace_v2(0, None)


def steps_of_one_order(store: SqliteStore) -> int:
    with counted(store) as steps:
        owe(store, "another order")
        assert work(store) >= 1
        return steps()


def test_a_lane_of_ten_thousand_does_not_slow_the_others(store: SqliteStore) -> None:
    before = steps_of_one_order(store)
    for _ in range(20):
        owe(store, *["one order"] * 500)
    assert store.claim(1, {"a": 1}), "its head is taken, and never comes back"
    assert steps_of_one_order(store) < 2 * before


def test_a_long_lane_costs_each_of_its_deliveries_the_same(store: SqliteStore) -> None:
    """The guard looks back a bounded way; the next head is found by index."""
    owe(store, *["one order"] * 400)
    with counted(store) as steps:
        costs = []
        for _ in range(400):
            before = steps()
            assert work(store) == 1
            costs.append(steps() - before)
    assert max(costs[200:]) < 1.5 * max(costs[100:150])


def test_a_thousand_open_lanes_cost_a_claim_no_more_than_it_takes(store: SqliteStore) -> None:
    """What waits for a retry, or behind a head, is not even looked at."""
    before = steps_of_one_order(store)
    owe(store, *[f"order {number}" for number in range(1000)])
    for offer in store.claim(1000, {"a": 1000}):
        started = store.start(offer, TIMEOUTS)
        assert isinstance(started, Started)
        later = Ended(outcome="failed", state="due", due_in=timedelta(hours=1), error="E")
        store.settle(started, later)
    assert steps_of_one_order(store) < 2 * before


def end(store: SqliteStore, count: int) -> None:
    """So many more deliveries that have succeeded."""
    owe(store, *[f"ended {number}" for number in range(count)])
    while work(store):
        pass


def test_a_sweep_looks_at_nothing_that_has_ended(store: SqliteStore) -> None:
    """It is a transaction of every second, and acknowledgements wait for it."""
    end(store, 50)
    with counted(store) as steps:
        store.sweep({})
        few = steps()
    end(store, 2_000)
    with counted(store) as steps:
        store.sweep({})
        assert steps() < 1.5 * few


def test_how_far_behind_one_is_is_told_of_nothing_that_has_ended(store: SqliteStore) -> None:
    """By handler, and not by the index of all that each has had."""
    assert grown(store, store.backlog, lambda: store.open_of_others(["b"])) < 1.5


@pytest.mark.parametrize("state", ["due", "offered", "running", "skipped", "dead"])
def test_a_list_of_a_rare_state_looks_at_nothing_else(store: SqliteStore, state: DeliveryState) -> None:
    assert grown(store, lambda: store.deliveries(Filters(state=state), 20)) < 1.5


@pytest.mark.parametrize(
    "chosen",
    [Filters(since=datetime(2200, 1, 1, tzinfo=UTC)), Filters(until=datetime(1971, 1, 1, tzinfo=UTC))],
    ids=["since", "until"],
)
def test_a_list_of_a_time_begins_there(store: SqliteStore, chosen: Filters) -> None:
    """Where nothing was received, and nothing is found that could end it early."""
    assert grown(store, lambda: store.envelopes(chosen, 20), lambda: store.deliveries(chosen, 20)) < 1.5


def test_a_list_of_what_none_has_looks_at_nothing(store: SqliteStore) -> None:
    of_envelopes = [Filters(account="none"), Filters(source="none"), Filters(platform="none"), Filters(topic="none")]
    of_deliveries = [*of_envelopes, Filters(event="none"), Filters(handler="none")]
    asked: list[Callable[[], object]] = [partial(store.envelopes, chosen, 20) for chosen in of_envelopes]
    asked += [partial(store.deliveries, chosen, 20) for chosen in of_deliveries]
    assert grown(store, *asked) < 1.5


def grown(store: SqliteStore, *asked: Callable[[], object]) -> float:
    """How much more it costs, of all that is asked what grows most, where forty times as much has ended."""
    end(store, 50)
    for ask in asked:
        ask()
    few = [steps_of_a_reader(store, ask) for ask in asked]
    end(store, 2_000)
    return max(steps_of_a_reader(store, ask) / before for ask, before in zip(asked, few, strict=True))


def steps_of_a_reader(store: SqliteStore, ask: Callable[[], object]) -> int:
    with counted_of(store._read(lambda connection: connection)) as steps:
        ask()
        return steps()
