"""Old payloads are emptied where nobody needs them, and nothing else is: asked of every store."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import DeliveryState, Dispatched, Ended, Filters, NewDelivery, Started
from receiver.store.base import Pruned, Store

pytestmark = on_every_store

MONTH = timedelta(days=30)
TIMEOUTS = {"a": timedelta(seconds=30), "b": timedelta(seconds=30)}


def accept(store: Store, *handlers: str, order_id: str = "7", unreadable: str | None = None) -> str:
    """An envelope, dispatched to these."""
    (receipt,) = asyncio.run(
        store.put([envelope(order_ids=(order_id,), content={"order": order_id, "handlers": handlers})])
    )
    owed = tuple(
        NewDelivery(number=0, handler=each, event="order", order_id=order_id, refund_id=None, lane=None)
        for each in handlers
    )
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=owed, unreadable=unreadable)])
    return receipt.envelope_id


def end(store: Store, handlers: Sequence[str], state: DeliveryState) -> None:
    for offer in store.claim(100, dict.fromkeys(handlers, 100)):
        started = store.start(offer, TIMEOUTS)
        assert isinstance(started, Started)
        store.settle(started, Ended(outcome="succeeded" if state == "succeeded" else "failed", state=state))


def payload(store: Store, envelope_id: str) -> bytes:
    found = store.envelope(envelope_id)
    assert found is not None
    return found.payload


def test_what_succeeded_everywhere_is_emptied_once_it_is_old(store: Store, clock: Clock) -> None:
    done = accept(store, "a", "b")
    end(store, ["a", "b"], "succeeded")
    unasked = accept(store)
    sizes = len(payload(store, done)) + len(payload(store, unasked))
    clock.pass_time(seconds=MONTH.total_seconds())
    assert store.prune(MONTH, 100) == Pruned()
    clock.pass_time(seconds=1)
    assert store.prune(MONTH, 100) == Pruned(envelopes=2, payload_bytes=sizes)
    assert store.prune(MONTH, 100) == Pruned()
    found = store.envelope(done)
    assert found is not None
    assert (found.payload, found.pruned_at) == (b"", datetime.fromtimestamp(clock.now / 1000, UTC))


@pytest.mark.parametrize("state", ["due", "running", "dead"])
def test_what_did_not_succeed_somewhere_keeps_its_payload(store: Store, clock: Clock, state: DeliveryState) -> None:
    kept = accept(store, "a", "b")
    end(store, ["a"], "succeeded")
    if state == "running":
        (offer,) = store.claim(100, {"b": 1})
        assert isinstance(store.start(offer, TIMEOUTS), Started)
    else:
        end(store, ["b"], state)
    clock.pass_time(seconds=2 * MONTH.total_seconds())
    assert store.prune(MONTH, 100) == Pruned()
    assert payload(store, kept)


def test_what_is_stored_or_unreadable_keeps_its_payload(store: Store, clock: Clock) -> None:
    accept(store, unreadable="a: missing")
    asyncio.run(store.put([envelope()]))
    clock.pass_time(seconds=2 * MONTH.total_seconds())
    assert store.prune(MONTH, 100) == Pruned()


def test_it_goes_in_batches_the_oldest_first(store: Store, clock: Clock) -> None:
    ids = []
    for number in range(5):
        ids.append(accept(store, order_id=str(number)))
        clock.pass_time(seconds=1)
    clock.pass_time(seconds=2 * MONTH.total_seconds())
    for left in ([3, 4, 2], [4], []):
        store.prune(MONTH, 2)
        assert {number for number, each in enumerate(ids) if payload(store, each)} == set(left)


def test_all_but_the_payload_outlives_it(store: Store, clock: Clock) -> None:
    sent = envelope(order_ids=("7",))
    asyncio.run(store.put([sent, sent]))
    (stored,) = store.undispatched(10)
    owed = NewDelivery(number=0, handler="a", event="order", order_id="7", refund_id=None, lane="order:7")
    store.dispatch([Dispatched(envelope_id=stored.id, deliveries=(owed,))])
    end(store, ["a"], "succeeded")
    clock.pass_time(seconds=2 * MONTH.total_seconds())
    told = store.timeline("7")
    assert store.prune(MONTH, 100).envelopes == 1
    assert store.timeline("7") == told
    (again,) = asyncio.run(store.put([sent]))
    assert again.ambiguous, "its identity is still known"


def test_what_has_no_payload_is_not_replayed(store: Store, clock: Clock) -> None:
    """Its handler would be given nothing."""
    accept(store, "a")
    end(store, ["a"], "succeeded")
    clock.pass_time(seconds=2 * MONTH.total_seconds())
    store.prune(MONTH, 100)
    (delivery,) = store.deliveries(Filters(), 10)
    assert store.replay([delivery.id], by="mei") == 0
    assert store.delivery(delivery.id) == delivery
