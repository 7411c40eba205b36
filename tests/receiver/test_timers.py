"""What only one process does at a time, and who does it when that one dies."""

import threading
from datetime import timedelta

import pytest
from builders import Clock, message
from databases import on_every_store
from processes import wait_until
from steps import claim, owe
from structlog.testing import capture_logs

from receiver import timers
from receiver.deliveries import Filters
from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store.base import Store
from receiver.timers import LEASE, Timers

ROUTER = Router()


@ROUTER.on(OrderEvent, name="shop")
def note(ctx: Context[OrderEvent]) -> None: ...


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timers, "TICK", 0.02)


def made(store: Store, holder: str | None, keep_payloads: timedelta | None = None) -> Timers:
    return Timers(store=store, router=ROUTER, holder=holder, keep_payloads=keep_payloads, wake=threading.Event())


def due(store: Store) -> bool:
    return len(store.deliveries(Filters(state="due"), 10)) == 1


@on_every_store
def test_a_holder_that_died_is_replaced_when_its_lease_ends(store: Store, clock: Clock) -> None:
    """And not before: two at a time would do everything twice."""
    owe(store, ROUTER, message())
    claim(store, ROUTER)
    clock.pass_time(seconds=61)
    assert store.hold("timers", "dead", LEASE)
    successor = made(store, "successor")
    successor.start()
    try:
        assert not threading.Event().wait(0.3)
        assert not due(store)
        clock.pass_time(seconds=LEASE + 0.1)
        wait_until(lambda: due(store), seconds=5, what="the successor swept")
        assert not store.hold("timers", "another", LEASE)
    finally:
        successor.stop()
    assert store.hold("timers", "another", LEASE)  # let go of at once


def test_where_nobody_else_can_be_no_lease_is_taken(store: Store, clock: Clock) -> None:
    """It would cost a write a second, for nothing."""
    owe(store, ROUTER, message())
    claim(store, ROUTER)
    clock.pass_time(seconds=61)
    alone = made(store, None)
    alone.start()
    wait_until(lambda: due(store), seconds=5, what="it swept")
    alone.stop()
    assert store.hold("timers", "anybody", LEASE)


@on_every_store
def test_payloads_are_emptied_after_their_time(store: Store, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """All that are old enough, a bounded number at a time."""
    monkeypatch.setattr(timers, "PRUNED_AT_ONCE", 2)
    empty = Router()
    owe(store, empty, *(message() for _ in range(5)))
    clock.pass_time(seconds=3601)
    owe(store, empty, message())
    pruning = made(store, None, keep_payloads=timedelta(hours=1))
    pruning.start()

    def emptied() -> int:
        return sum(not found.payload for each in store.envelope_ids(Filters()) if (found := store.envelope(each)))

    wait_until(lambda: emptied() == 5, seconds=5, what="the old ones are emptied")
    pruning.stop()
    assert emptied() == 5


@on_every_store
def test_a_clock_that_was_set_back_is_made_up_for_and_told(store: Store, clock: Clock) -> None:
    owe(store, ROUTER, message(), message())
    clock.pass_time(seconds=-3600)
    with capture_logs() as lines:
        watching = made(store, None)
        watching.start()
        wait_until(lambda: bool(lines), seconds=5, what="it was told")
        watching.stop()
    assert lines == [{"event": "clock.set_back", "log_level": "warning", "deliveries": 2}]
    assert len(claim(store, ROUTER)) == 2
