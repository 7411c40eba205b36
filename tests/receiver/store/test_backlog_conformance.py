"""How far behind we are: asked of every store."""

import asyncio
from datetime import timedelta

from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Dispatched, Ended, Filters, NewDelivery, Started
from receiver.drift import Drift
from receiver.store.base import Backlog, Store

pytestmark = on_every_store

NOTHING = Backlog(oldest_undispatched=timedelta(0), oldest_due=timedelta(0), deepest_lane=0, dead={}, drift={})


def test_of_an_empty_store_there_is_none(store: Store) -> None:
    assert store.backlog() == NOTHING


def test_it_tells_the_oldest_of_each_the_deepest_lane_and_what_is_dead(store: Store, clock: Clock) -> None:
    receipts = asyncio.run(store.put([envelope(), envelope()]))
    first, second = (receipt.envelope_id for receipt in receipts)
    clock.pass_time(seconds=5)
    assert store.backlog().oldest_undispatched == timedelta(seconds=5)
    owed = [("a", "lane"), ("b", "lane"), ("c", None), ("c", None)]
    deliveries = tuple(
        NewDelivery(number=number, handler=handler, event="order", order_id="7", refund_id=None, lane=lane)
        for number, (handler, lane) in enumerate(owed)
    )
    known = Drift(kind="field", topic="T", path="x")
    store.dispatch([Dispatched(envelope_id=first, deliveries=deliveries, drift=(known,))])
    store.dispatch([Dispatched(envelope_id=second, deliveries=deliveries[:1])])
    clock.pass_time(seconds=3)
    store.bury(store.delivery_ids(Filters(handler="c")), "mei")
    found = store.backlog()
    assert (found.oldest_undispatched, found.oldest_due) == (timedelta(0), timedelta(seconds=3))
    assert (found.deepest_lane, found.dead, found.drift) == (2, {"c": 2}, {("pandapon", "field"): 1})


def test_a_retry_is_not_due_before_its_time(store: Store, clock: Clock) -> None:
    (receipt,) = asyncio.run(store.put([envelope()]))
    delivery = NewDelivery(number=0, handler="a", event="order", order_id="7", refund_id=None, lane=None)
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=(delivery,))])
    (offer,) = store.claim(1, {"a": 1})
    started = store.start(offer, {"a": timedelta(seconds=30)})
    assert isinstance(started, Started)
    store.settle(started, Ended(outcome="failed", state="due", due_in=timedelta(seconds=60)))
    clock.pass_time(seconds=59)
    assert store.backlog().oldest_due == timedelta(0)
    clock.pass_time(seconds=11)
    assert store.backlog().oldest_due == timedelta(seconds=10)
