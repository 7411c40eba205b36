"""A clock is set back by hours, as one is that was wrong until the network told it the time: nothing waits for it."""

from datetime import timedelta

from builders import Clock, message
from databases import on_every_store
from steps import claim, offered, owe

from receiver.deliveries import Delivery, Ended, Filters, Started
from receiver.effects import EffectKey
from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store import set_back
from receiver.store.base import Store
from receiver.sweep import sweep

pytestmark = on_every_store

HOURS = -8 * 3600
ROUTER = Router()


@ROUTER.on(OrderEvent, name="shop", timeout=30)
def note(ctx: Context[OrderEvent]) -> None: ...


def started(store: Store) -> Started:
    begun = store.start(offered(store, ROUTER), {route.name: route.timeout for route in ROUTER})
    assert isinstance(begun, Started)
    return begun


def started_again(store: Store) -> Started:
    (offer,) = claim(store, ROUTER)
    begun = store.start(offer, {route.name: route.timeout for route in ROUTER})
    assert isinstance(begun, Started)
    return begun


def fail(store: Store, begun: Started, *, minutes: float) -> None:
    """It is to be tried again in so many."""
    due_in = timedelta(minutes=minutes)
    assert store.settle(begun, Ended(outcome="failed", state="due", due_in=due_in, error="E", duration=timedelta(0)))


def only(store: Store) -> Delivery:
    (delivery,) = store.deliveries(Filters(), 10)
    return delivery


def look_as_one_that_starts(store: Store) -> int:
    """As often as processes start, or take the timers over."""
    store._set_back = set_back.SetBack()  # type: ignore[attr-defined]
    return store.retime()


def test_what_was_owed_before_is_due_at_once(store: Store, clock: Clock) -> None:
    for _ in range(3):
        owe(store, ROUTER, *(message() for _ in range(100)))
    assert store.retime() == 0
    clock.pass_time(seconds=HOURS)
    assert claim(store, ROUTER, 300) == []
    assert store.retime() == 300, "in more than one transaction"
    assert store.retime() == 0
    assert len(claim(store, ROUTER, 300)) == 300


def test_a_retry_waits_anew_and_no_longer(store: Store, clock: Clock) -> None:
    fail(store, started(store), minutes=10)
    clock.pass_time(seconds=HOURS)
    assert look_as_one_that_starts(store) == 1
    for _ in range(3):
        clock.pass_time(seconds=190)
        look_as_one_that_starts(store)
        assert claim(store, ROUTER) == []
    clock.pass_time(seconds=30)
    assert len(claim(store, ROUTER)) == 1


def test_a_retry_of_what_was_owed_before_and_tried_since_is_left_alone(store: Store, clock: Clock) -> None:
    owe(store, ROUTER, message())
    clock.pass_time(seconds=HOURS)
    store.retime()
    fail(store, started_again(store), minutes=60)
    assert look_as_one_that_starts(store) == 0
    clock.pass_time(seconds=3_500)
    assert look_as_one_that_starts(store) == 0
    assert claim(store, ROUTER) == []


def test_what_was_replayed_before_is_due_at_once(store: Store, clock: Clock) -> None:
    clock.pass_time(seconds=HOURS)
    begun = started(store)
    assert store.settle(begun, Ended(outcome="succeeded", state="succeeded", duration=timedelta(0)))
    clock.pass_time(seconds=-HOURS)
    assert store.replay([begun.offer.delivery_id], "li") == 1
    clock.pass_time(seconds=HOURS + 90)
    assert store.retime() == 1
    assert len(claim(store, ROUTER)) == 1


def test_what_was_offered_and_is_forgotten_is_offered_again_after_its_lease(store: Store, clock: Clock) -> None:
    first = offered(store, ROUTER)
    clock.pass_time(seconds=HOURS)
    assert store.retime() == 1
    assert sweep(store, ROUTER).offers == 0
    clock.pass_time(seconds=61)
    assert sweep(store, ROUTER).offers == 1
    (again,) = claim(store, ROUTER)
    assert again.number == first.number + 1


def test_what_was_running_when_its_worker_died_is_lost_after_its_lease(store: Store, clock: Clock) -> None:
    begun = started(store)
    clock.pass_time(seconds=HOURS)
    for _ in range(3):
        look_as_one_that_starts(store)
        clock.pass_time(seconds=13)
        assert sweep(store, ROUTER).lost == 0
    clock.pass_time(seconds=2)
    assert sweep(store, ROUTER).lost == 1
    (lost,) = store.attempts(begun.offer.delivery_id)
    assert (lost.outcome, lost.duration) == ("lost", timedelta(0))


def test_what_is_running_goes_on(store: Store, clock: Clock) -> None:
    """Its worker renews the lease each second, whoever else looks."""
    begun = started(store)
    clock.pass_time(seconds=HOURS)
    for _ in range(100):
        look_as_one_that_starts(store)
        assert sweep(store, ROUTER).lost == 0
        store.renew([begun.offer])
        clock.pass_time(seconds=1)
    assert store.settle(begun, Ended(outcome="succeeded", state="succeeded", duration=timedelta(0)))


def test_an_effect_without_an_outcome_is_judged_once_its_time_is_over(store: Store, clock: Clock) -> None:
    begun = started(store)
    key = EffectKey("main", "shop", "order:1", "tell")
    term = store.intend(key, begun, timedelta(seconds=20)).wait
    clock.pass_time(seconds=HOURS)
    store.retime()
    assert store.intend(key, begun, timedelta(seconds=20)).wait == term
    clock.pass_time(seconds=term.total_seconds())
    look_as_one_that_starts(store)
    assert store.intend(key, begun, timedelta(seconds=20)).wait == timedelta(0)


def test_what_rightly_waits_goes_on_waiting(store: Store, clock: Clock) -> None:
    """A process that starts knows nothing of the clock, and looks; small steps are none."""
    fail(store, started(store), minutes=10)
    for step in (1, -59):
        clock.pass_time(seconds=step)
        assert look_as_one_that_starts(store) == 0
    assert claim(store, ROUTER) == []
    clock.pass_time(seconds=659)
    assert len(claim(store, ROUTER)) == 1


def test_a_lease_of_one_that_died_before_counts_no_more(store: Store, clock: Clock) -> None:
    for minutes in (-10, -480):
        clock.pass_time(seconds=3600)
        assert store.hold("timers", "dead", 5)
        assert not store.hold("timers", "successor", 5)
        clock.pass_time(seconds=60 * minutes)
        assert store.hold("timers", "successor", 5)
        assert not store.hold("timers", "dead", 5)


def test_calls_do_not_wait_for_places_that_were_booked_before(store: Store, clock: Clock) -> None:
    for minutes in (-10, -480):
        clock.pass_time(seconds=3600)
        assert [store.book("rate", 1, 1, within=9, most=9) for _ in range(3)] == [0, 1, 2]
        clock.pass_time(seconds=60 * minutes)
        assert [store.book("rate", 1, 1, within=9, most=9) for _ in range(3)] == [0, 1, 2]
