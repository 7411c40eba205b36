"""What was buried is told to the handlers that ask for it, once: asked of every store."""

import asyncio
from datetime import timedelta

from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Delivery, Dispatched, Ended, Filters, NewDelivery, Started
from receiver.store.base import Store

pytestmark = on_every_store

TIMEOUTS = dict.fromkeys(("shop", "tell", "tell.taobao"), timedelta(seconds=30))
DEAD = Ended(outcome="failed", state="dead", error="ValueError at shop.py:7")
BURIED = "delivery.buried"


def bury(store: Store, *, handler: str = "shop", event: str = "order.paid") -> int:
    """A delivery of an order of 1688 that dies at its first attempt."""
    (receipt,) = asyncio.run(store.put([envelope()]))
    owed = NewDelivery(number=0, handler=handler, event=event, order_id="7", refund_id="8", lane="1688:order:7")
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=(owed,))])
    return die(store, handler)


def begin(store: Store, handler: str) -> Started:
    (offer,) = store.claim(1, {handler: 1})
    started = store.start(offer, TIMEOUTS)
    assert isinstance(started, Started)
    return started


def die(store: Store, handler: str) -> int:
    started = begin(store, handler)
    assert store.settle(started, DEAD)
    return started.offer.delivery_id


def told(store: Store) -> list[Delivery]:
    return store.deliveries(Filters(event=BURIED), 100)[::-1]


def test_each_that_asks_is_owed_a_delivery_about_each_that_died(store: Store) -> None:
    """Under the dead one's envelope, order and refund, at once, in no lane but its own."""
    dead = [bury(store), bury(store)]
    assert store.tell_buried({"tell": None, "tell.too": None}, 100) == 2
    assert sorted((one.handler, one.number) for one in told(store)) == [
        (handler, -delivery_id) for handler in ("tell", "tell.too") for delivery_id in reversed(dead)
    ]
    assert {(one.state, one.order_id, one.refund_id) for one in told(store)} == {("due", "7", "8")}
    assert {one.envelope_id for one in told(store)} == {one.id for one in store.envelopes(Filters(), 10)}
    assert len(store.claim(10, {"tell": 10})) == 2


def test_attempt_is_given_what_was_buried(store: Store) -> None:
    dead = bury(store)
    store.tell_buried({"tell": None}, 100)
    started = begin(store, "tell")
    assert started.event_number == -dead
    assert started.buried is not None
    assert started.buried == store.delivery(dead)
    assert started.envelope.id == started.buried.envelope_id


def test_it_is_told_once(store: Store) -> None:
    """However often one asks, and though it is replayed and dies anew: who replays it looks at it."""
    dead = bury(store)
    assert [store.tell_buried({"tell": None}, 100) for _ in range(3)] == [1, 0, 0]
    store.replay([dead], "li")
    assert die(store, "shop") == dead
    assert store.tell_buried({"tell": None}, 100) == 0
    assert len(told(store)) == 1


def test_nobody_is_told_of_a_burial_that_was_to_be_told(store: Store) -> None:
    """Else a handler that fails to tell would never end telling."""
    bury(store)
    store.tell_buried({"tell": None}, 100)
    die(store, "tell")
    store.tell_buried({"tell": None}, 100)
    assert [one.state for one in told(store)] == ["dead"]
    assert store.tell_buried({"tell": None}, 100) == 0


def test_what_a_person_buried_is_not_told(store: Store) -> None:
    (receipt,) = asyncio.run(store.put([envelope()]))
    owed = NewDelivery(number=0, handler="shop", event="order", order_id="7", refund_id=None, lane=None)
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=(owed,))])
    assert store.bury(store.delivery_ids(Filters()), "li") == 1
    assert store.tell_buried({"tell": None}, 100) == 0
    assert told(store) == []


def test_lost_for_good_is_told(store: Store, clock: Clock) -> None:
    """A handler that kills its worker raises nothing, and is buried by the sweep."""
    (receipt,) = asyncio.run(store.put([envelope()]))
    owed = NewDelivery(number=0, handler="shop", event="order", order_id="7", refund_id=None, lane=None)
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=(owed,))])
    begin(store, "shop")
    clock.pass_time(seconds=60)
    assert store.sweep({"shop": 1}).buried == 1
    assert store.tell_buried({"tell": None}, 100) == 1


def test_platform_narrows(store: Store) -> None:
    bury(store)
    store.tell_buried({"tell": "1688", "tell.taobao": "taobao"}, 100)
    assert [one.handler for one in told(store)] == ["tell"]


def test_with_nobody_to_tell_it_is_done(store: Store) -> None:
    """A handler that is switched on later is not told of all that ever died."""
    bury(store)
    assert store.tell_buried({}, 100) == 1
    assert store.tell_buried({"tell": None}, 100) == 0


def test_limit_bounds_a_transaction(store: Store) -> None:
    for _ in range(3):
        bury(store)
    assert [store.tell_buried({"tell": None}, 2) for _ in range(3)] == [2, 1, 0]
    assert len(told(store)) == 3
