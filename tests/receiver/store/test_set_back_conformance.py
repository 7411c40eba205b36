"""A clock is set back by hours, as one is that was wrong until the network told it the time: nothing waits for it."""

from datetime import timedelta

from builders import Clock, message
from databases import on_every_store
from steps import claim, offered, owe
from structlog.testing import capture_logs

from receiver.deliveries import Delivery, Ended, Filters, Started
from receiver.effects import EffectKey
from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store.base import Store
from receiver.store.set_back import LONGEST_LEASE
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


def ended_again(store: Store, begun: Started, minutes: float) -> None:
    """To be tried again in so many."""
    due_in = timedelta(minutes=minutes)
    assert store.settle(begun, Ended(outcome="failed", state="due", due_in=due_in, error="E", duration=timedelta(0)))


def only(store: Store) -> Delivery:
    (delivery,) = store.deliveries(Filters(), 10)
    return delivery


def test_what_was_owed_before_is_offered_at_once(store: Store, clock: Clock) -> None:
    owe(store, ROUTER, message(), message())
    sweep(store, ROUTER)
    clock.pass_time(seconds=HOURS)
    assert claim(store, ROUTER) == []
    with capture_logs() as lines:
        sweep(store, ROUTER)
        sweep(store, ROUTER)
    assert lines == [{"event": "clock.set_back", "log_level": "warning", "deliveries": 2}]
    assert len(claim(store, ROUTER)) == 2


def test_what_was_to_be_tried_again_is_tried_early(store: Store, clock: Clock) -> None:
    ended_again(store, started(store), minutes=10)
    clock.pass_time(seconds=HOURS)
    sweep(store, ROUTER)
    assert len(claim(store, ROUTER)) == 1


def test_what_was_replayed_before_is_offered_at_once(store: Store, clock: Clock) -> None:
    clock.pass_time(seconds=HOURS)
    begun = started(store)
    assert store.settle(begun, Ended(outcome="succeeded", state="succeeded", duration=timedelta(0)))
    clock.pass_time(seconds=-HOURS)
    assert store.replay([begun.offer.delivery_id], "li") == 1
    clock.pass_time(seconds=HOURS + 60)
    sweep(store, ROUTER)
    assert len(claim(store, ROUTER)) == 1


def test_what_was_offered_and_is_forgotten_is_offered_again_after_its_lease(store: Store, clock: Clock) -> None:
    first = offered(store, ROUTER)
    clock.pass_time(seconds=HOURS)
    sweep(store, ROUTER)
    assert claim(store, ROUTER) == []
    clock.pass_time(seconds=61)
    sweep(store, ROUTER)
    (again,) = claim(store, ROUTER)
    assert again.number == first.number + 1


def test_what_was_running_when_its_worker_died_is_lost_after_its_lease(store: Store, clock: Clock) -> None:
    begun = started(store)
    clock.pass_time(seconds=HOURS)
    sweep(store, ROUTER)
    clock.pass_time(seconds=39)
    sweep(store, ROUTER)
    assert only(store).state == "running"
    clock.pass_time(seconds=2)
    sweep(store, ROUTER)
    assert [made.outcome for made in store.attempts(begun.offer.delivery_id)] == ["lost"]
    assert len(claim(store, ROUTER)) == 1


def test_an_effect_without_an_outcome_is_judged_once_its_time_is_over(store: Store, clock: Clock) -> None:
    begun = started(store)
    key = EffectKey("main", "shop", "order:1", "tell")
    term = store.intend(key, begun, timedelta(seconds=20)).wait
    clock.pass_time(seconds=HOURS)
    sweep(store, ROUTER)
    assert store.intend(key, begun, timedelta(seconds=20)).wait == term
    clock.pass_time(seconds=term.total_seconds())
    assert store.intend(key, begun, timedelta(seconds=20)).wait == timedelta(0)


def test_what_rightly_waits_goes_on_waiting(store: Store, clock: Clock) -> None:
    """A process that starts knows nothing of the clock, and looks."""
    ended_again(store, started(store), minutes=10)
    clock.pass_time(seconds=1)
    assert store.retime() == 0
    assert claim(store, ROUTER) == []
    clock.pass_time(seconds=-0.5)
    assert store.retime() == 0
    clock.pass_time(seconds=600)
    assert len(claim(store, ROUTER)) == 1


def test_a_lease_of_one_that_died_before_counts_no_more(store: Store, clock: Clock) -> None:
    assert store.hold("timers", "dead", LONGEST_LEASE)
    assert not store.hold("timers", "successor", LONGEST_LEASE)
    clock.pass_time(seconds=HOURS)
    assert store.hold("timers", "successor", LONGEST_LEASE)
    assert not store.hold("timers", "dead", LONGEST_LEASE)


def test_calls_do_not_wait_for_places_that_were_booked_before(store: Store, clock: Clock) -> None:
    assert [store.book("rate", 1, 1) for _ in range(3)] == [0, 1, 2]
    clock.pass_time(seconds=HOURS)
    assert [store.book("rate", 1, 1) for _ in range(3)] == [0, 1, 2]
