"""The life of deliveries: asked of every store."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pytest
from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import (
    OFFER_LEASE,
    RUN_LEASE_MARGIN,
    Dispatched,
    Ended,
    Filters,
    NewDelivery,
    Offer,
    Started,
)
from receiver.store.base import Store, Swept

pytestmark = on_every_store

TIMEOUT = timedelta(seconds=30)
TIMEOUTS = {"a": TIMEOUT, "b": TIMEOUT}
LIMITS = {"a": 15, "b": 15}
SUCCEEDED = Ended(outcome="succeeded", state="succeeded", duration=timedelta(milliseconds=12))


def owe(store: Store, *lanes: str | None, handlers: Sequence[str] = ("a",)) -> None:
    """One envelope for each lane, with one delivery for each handler."""
    receipts = asyncio.run(store.put([envelope() for _ in lanes]))
    store.dispatch(
        [
            Dispatched(
                envelope_id=receipt.envelope_id,
                deliveries=tuple(
                    NewDelivery(number=0, handler=handler, event="order", order_id="7", refund_id=None, lane=lane)
                    for handler in handlers
                ),
            )
            for receipt, lane in zip(receipts, lanes, strict=True)
        ]
    )


def claim(store: Store, limit: int = 100) -> list[Offer]:
    return store.claim(limit, dict.fromkeys(TIMEOUTS, limit))


def begin(store: Store, offer: Offer) -> Started:
    started = store.start(offer, TIMEOUTS)
    assert isinstance(started, Started)
    return started


def states(store: Store) -> list[str]:
    return [delivery.state for delivery in reversed(store.deliveries(Filters(), 1000))]


def lose(store: Store, clock: Clock, limits: Mapping[str, int] | None = None) -> Swept:
    """What runs is lost: nobody comes back within its lease."""
    clock.pass_time(seconds=(TIMEOUT + RUN_LEASE_MARGIN).total_seconds() + 1)
    return store.sweep(limits or LIMITS)


def test_a_delivery_goes_from_due_to_succeeded(store: Store) -> None:
    owe(store, "lane")
    assert states(store) == ["due"]
    [offer] = claim(store)
    assert states(store) == ["offered"]
    started = begin(store, offer)
    assert states(store) == ["running"]
    assert (started.attempt, started.tries, started.handler) == (1, 1, "a")
    assert store.settle(started, SUCCEEDED)
    assert states(store) == ["succeeded"]
    [attempt] = store.attempts(offer.delivery_id)
    assert (attempt.number, attempt.outcome, attempt.duration) == (1, "succeeded", timedelta(milliseconds=12))


def test_an_envelope_is_dispatched_once(store: Store) -> None:
    [receipt] = asyncio.run(store.put([envelope()]))
    delivery = NewDelivery(number=0, handler="a", event="order", order_id="7", refund_id=None, lane=None)
    for _ in range(2):
        store.dispatch([Dispatched(envelope_id=receipt.envelope_id, deliveries=(delivery,))])
    assert states(store) == ["due"]
    assert store.undispatched(10) == []


def test_an_unreadable_envelope_is_kept_with_its_reason(store: Store) -> None:
    [receipt] = asyncio.run(store.put([envelope()]))
    store.dispatch([Dispatched(envelope_id=receipt.envelope_id, unreadable="messageBody: not JSON")])
    [found] = store.envelopes(Filters(state="unreadable"), 10)
    assert (found.id, found.error) == (receipt.envelope_id, "messageBody: not JSON")


def test_a_claim_holds_no_more_than_its_limit(store: Store) -> None:
    owe(store, *[None] * 10)
    assert len(claim(store, 4)) == 4
    assert claim(store, 4) == []
    assert len(claim(store, 6)) == 2


def test_a_claim_leaves_some_to_each_handler(store: Store) -> None:
    """One with much to do takes no more than its part of what may be offered, unless nobody else wants it."""
    owe(store, *[None] * 10)
    owe(store, None, handlers=("b",))
    assert sorted(offer.handler for offer in claim(store, 4)) == ["a", "a", "a", "b"]
    assert len(claim(store, 8)) == 4


def test_a_handler_is_offered_as_much_as_it_has_room_for(store: Store) -> None:
    owe(store, *[None] * 10)
    assert len(store.claim(100, {"a": 3})) == 3
    assert store.claim(100, {"a": 0}) == []


def test_only_registered_handlers_are_claimed(store: Store) -> None:
    owe(store, None, handlers=("gone",))
    assert claim(store) == []
    assert states(store) == ["due"]


def test_what_was_given_back_burns_no_attempt_and_its_offer_no_longer_counts(store: Store) -> None:
    owe(store, None)
    [offer] = claim(store)
    store.give_back([offer])
    assert store.start(offer, TIMEOUTS) is None
    [again] = claim(store)
    assert again.number == offer.number + 1
    assert begin(store, again).attempt == 1


def test_an_offer_counts_once(store: Store) -> None:
    """The broker may deliver a message twice."""
    owe(store, None)
    [offer] = claim(store)
    begin(store, offer)
    assert store.start(offer, TIMEOUTS) is None


def test_a_retry_waits_for_its_time(store: Store, clock: Clock) -> None:
    owe(store, None)
    [offer] = claim(store)
    store.settle(begin(store, offer), Ended(outcome="failed", state="due", due_in=timedelta(seconds=5), error="E"))
    assert claim(store) == []
    clock.pass_time(seconds=5)
    [again] = claim(store)
    assert begin(store, again).attempt == 2
    assert [attempt.error for attempt in store.attempts(offer.delivery_id)] == ["E", None]


def test_what_is_offered_can_be_taken_back_whoever_holds_it_and_what_runs_cannot(store: Store) -> None:
    owe(store, None, None, None)
    lost, kept, running = claim(store)
    started = begin(store, running)
    assert store.take_back() == 2
    assert states(store) == ["due", "due", "running"]
    assert [store.start(offer, TIMEOUTS) for offer in (lost, kept)] == [None, None]
    assert [begin(store, offer).attempt for offer in claim(store)] == [1, 1]
    assert store.settle(started, SUCCEEDED)
    assert store.take_back() == 0


def test_an_offer_that_nobody_took_up_is_due_again_after_its_lease(store: Store, clock: Clock) -> None:
    owe(store, None)
    claim(store)
    assert store.sweep(LIMITS) == Swept()
    clock.pass_time(seconds=OFFER_LEASE.total_seconds() + 1)
    assert store.sweep(LIMITS) == Swept(offers=1)
    assert len(claim(store)) == 1


def test_a_lost_attempt_counts_and_the_next_is_due_at_once(store: Store, clock: Clock) -> None:
    owe(store, None)
    [offer] = claim(store)
    lost = begin(store, offer)
    clock.pass_time(seconds=(TIMEOUT + RUN_LEASE_MARGIN).total_seconds() + 1)
    assert store.sweep(LIMITS) == Swept(lost=1)
    [again] = claim(store)
    assert begin(store, again).attempt == 2
    assert not store.settle(lost, SUCCEEDED), "the lost attempt no longer counts"
    assert [attempt.outcome for attempt in store.attempts(offer.delivery_id)] == ["lost", "running"]


def test_five_lost_in_a_row_bury_the_delivery(store: Store, clock: Clock) -> None:
    owe(store, None)
    for round_ in range(5):
        assert states(store) == ["due"], round_
        [offer] = claim(store)
        begin(store, offer)
        swept = lose(store, clock)
    assert swept == Swept(lost=1, buried=1)
    assert states(store) == ["dead"]
    [delivery] = store.deliveries(Filters(), 1)
    assert delivery.error == "the worker died in 5 attempts in a row"


def test_an_attempt_that_ends_breaks_the_row_of_lost_ones(store: Store, clock: Clock) -> None:
    owe(store, None)
    for outcome in [None] * 4 + [Ended(outcome="failed", state="due", due_in=timedelta(0), error="E")] + [None] * 4:
        [offer] = claim(store)
        started = begin(store, offer)
        if outcome is None:
            lose(store, clock)
        else:
            store.settle(started, outcome)
    assert states(store) == ["due"]


def test_lost_attempts_use_up_the_handlers_attempts(store: Store, clock: Clock) -> None:
    owe(store, None)
    for _ in range(2):
        [offer] = claim(store)
        begin(store, offer)
        lose(store, clock, {"a": 2})
    assert states(store) == ["dead"]


def test_suspects_run_one_at_a_time(store: Store, clock: Clock) -> None:
    """What was running when the worker died twice may be what kills it: not two of those together."""
    owe(store, None, None, None)
    for _ in range(2):
        for offer in claim(store):
            begin(store, offer)
        lose(store, clock)
    owe(store, None)
    first = claim(store)
    assert len(first) == 2, "one suspect, and the delivery that never lost a worker"
    assert claim(store) == []
    for offer in first:
        store.settle(begin(store, offer), SUCCEEDED)
    assert len(claim(store)) == 1


def test_one_lane_runs_one_delivery_at_a_time_in_order(store: Store) -> None:
    owe(store, "x", "x", "y", "x")
    heads = claim(store)
    assert len(heads) == 2, "the first of x, and y, which does not wait"
    ran = []
    while heads:
        ran += [offer.delivery_id for offer in heads]
        for offer in heads:
            store.settle(begin(store, offer), SUCCEEDED)
        heads = claim(store)
    assert ran == [1, 3, 2, 4]


def test_lanes_of_two_handlers_do_not_wait_for_one_another(store: Store) -> None:
    owe(store, "x", "x", handlers=("a", "b"))
    assert len(claim(store)) == 2


def test_a_head_that_waits_for_a_retry_holds_its_lane_and_burying_it_frees_the_lane(store: Store) -> None:
    owe(store, "x", "x")
    [head] = claim(store)
    store.settle(begin(store, head), Ended(outcome="failed", state="due", due_in=timedelta(hours=1), error="E"))
    assert claim(store) == []
    assert store.bury([head.delivery_id], by="mei") == 1
    [following] = claim(store)
    assert following.delivery_id == head.delivery_id + 1


@pytest.mark.parametrize("state", ["succeeded", "dead"])
def test_a_replay_starts_the_attempts_anew_and_says_who_and_when(store: Store, clock: Clock, state: str) -> None:
    owe(store, "x")
    [offer] = claim(store)
    ended = SUCCEEDED if state == "succeeded" else Ended(outcome="failed", state="dead", error="E")
    store.settle(begin(store, offer), ended)
    clock.pass_time(seconds=60)
    assert store.replay([offer.delivery_id], by="mei") == 1
    [delivery] = store.deliveries(Filters(), 1)
    assert (delivery.state, delivery.replays, delivery.replayed_by, delivery.error) == ("due", 1, "mei", None)
    assert delivery.replayed_at is not None
    assert round(delivery.replayed_at.timestamp() * 1000) == clock.now
    [again] = claim(store)
    started = begin(store, again)
    assert (started.attempt, started.tries) == (2, 1)


def test_what_has_not_ended_is_not_replayed(store: Store) -> None:
    owe(store, "x")
    assert store.replay([1], by="mei") == 0


def test_a_replay_waits_for_what_is_open_in_its_lane(store: Store) -> None:
    owe(store, "x", "x")
    [first] = claim(store)
    store.settle(begin(store, first), SUCCEEDED)
    [second] = claim(store)
    store.replay([first.delivery_id], by="mei")
    assert claim(store) == []
    store.settle(begin(store, second), SUCCEEDED)
    assert [offer.delivery_id for offer in claim(store)] == [first.delivery_id]


def test_burying_takes_what_is_due_or_offered_but_not_what_runs(store: Store) -> None:
    owe(store, None, None, None)
    offered, running = claim(store, 2)
    begin(store, running)
    assert store.bury([1, 2, 3], by="mei") == 2
    assert states(store) == ["dead", "running", "dead"]
    assert store.start(offered, TIMEOUTS) is None


def test_filters_choose_by_every_column(store: Store) -> None:
    owe(store, "x", handlers=("a", "b"))
    assert [delivery.handler for delivery in store.deliveries(Filters(handler="b"), 10)] == ["b"]
    assert len(store.deliveries(Filters(order_id="7", event="order", state="due", platform="1688"), 10)) == 2
    assert store.deliveries(Filters(account="other"), 10) == []
    [one] = store.deliveries(Filters(delivery_ids=(1,)), 10)
    assert store.deliveries(Filters(envelope_id=one.envelope_id, since=one.created_at), 10) != []
    assert store.deliveries(Filters(until=one.created_at), 10) == []


def test_an_attempt_that_is_renewed_is_not_lost(store: Store, clock: Clock) -> None:
    """Its process lives: a handler that waits in C, beyond its timeout, does not run twice at a time."""
    owe(store, None, None)
    renewed, left = claim(store)
    started = begin(store, renewed)
    begin(store, left)
    for _ in range(20):
        clock.pass_time(seconds=5)
        store.renew([renewed])
    assert store.sweep(LIMITS) == Swept(lost=1)
    assert store.settle(started, SUCCEEDED)


def test_an_attempt_that_was_swept_is_not_renewed(store: Store, clock: Clock) -> None:
    """A machine that slept renews what is still its own, and nothing that another was given meanwhile."""
    owe(store, None, None)
    kept, lost = claim(store)
    begin(store, kept)
    begin(store, lost)
    clock.pass_time(seconds=3600)
    store.renew([kept])
    assert store.sweep(LIMITS) == Swept(lost=1)
    [again] = claim(store)
    begin(store, again)
    store.renew([lost])
    clock.pass_time(seconds=41)
    assert store.sweep(LIMITS) == Swept(lost=2)


def end_all(store: Store, offers: Sequence[Offer]) -> None:
    for offer in offers:
        store.settle(begin(store, offer), SUCCEEDED)


def replay_all(store: Store) -> list[int]:
    ids = store.delivery_ids(Filters())
    store.replay(ids, "mei")
    return ids


def test_what_was_replayed_waits_for_what_is_live(store: Store, clock: Clock) -> None:
    """However long it has been due: a bulk replay must not stand before a customer's order."""
    owe(store, *[None] * 20)
    end_all(store, claim(store))
    replayed = replay_all(store)
    clock.pass_time(seconds=60)
    owe(store, *[None] * 6)
    first = [offer.delivery_id for offer in claim(store, 5)]
    assert not set(first) & set(replayed)
    end_all(store, [Offer(delivery_id, 1, "a") for delivery_id in first])
    assert [offer.delivery_id in replayed for offer in claim(store, 5)] == [False, True]


def test_replays_are_an_eighth_of_what_is_held_at_most(store: Store) -> None:
    """What becomes due next finds room."""
    owe(store, *[None] * 40, handlers=("a", "b"))
    end_all(store, claim(store, 1000))
    replay_all(store)
    assert len(claim(store, 80)) == 10
    assert claim(store, 80) == []
    owe(store, None)
    assert len(claim(store, 80)) == 1
