"""The story of an order or refund, whole and in order of time: asked of every store."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Delivery, Dispatched, Ended, Filters, NewDelivery, Skipped, Started
from receiver.effects import EffectKey
from receiver.envelope import Envelope
from receiver.standing import Standing
from receiver.store.base import Store
from receiver.timeline import (
    AttemptTold,
    CallbackTold,
    DecisionTold,
    EffectTold,
    EventTold,
    RedeliveryTold,
    ReplayTold,
    Told,
    UnaskedTold,
    UnreadableTold,
)

pytestmark = on_every_store

HANDLERS = {"a": timedelta(seconds=30), "b": timedelta(seconds=30)}
SUCCEEDED = Ended(outcome="succeeded", state="succeeded", duration=timedelta(milliseconds=120))
DEAD = Ended(outcome="failed", state="dead", error="ValueError at shop.py:7")
RETRY = Ended(outcome="failed", state="due", due_in=timedelta(seconds=5), error="OSError at shop.py:9")


def put(store: Store, *envelopes: Envelope) -> list[str]:
    return [receipt.envelope_id for receipt in asyncio.run(store.put(envelopes))]


def owe(
    store: Store,
    envelope_id: str,
    *subjects: tuple[str | None, str | None],
    handlers: tuple[str, ...] = ("a",),
    event: str = "order.paid",
    standing: Standing | None = None,
) -> None:
    """Dispatch the envelope: an event for each order and refund."""
    deliveries = tuple(
        NewDelivery(
            number=number,
            handler=handler,
            event=event,
            order_id=order_id,
            refund_id=refund_id,
            lane=f"refund:{refund_id}" if refund_id else f"order:{order_id}",
            standing=standing,
        )
        for number, (order_id, refund_id) in enumerate(subjects)
        for handler in handlers
    )
    store.dispatch([Dispatched(envelope_id=envelope_id, deliveries=deliveries)])


def order(store: Store, order_id: str = "42", **options: Any) -> str:
    """An envelope of one order, dispatched; its id."""
    (envelope_id,) = put(store, envelope(order_ids=(order_id,), content={"id": str(options), "n": next(_bodies)}))
    owe(store, envelope_id, (order_id, None), **options)
    return envelope_id


_bodies = iter(range(1_000_000))


def work(store: Store, ended: Ended | None = SUCCEEDED) -> list[Started | Skipped]:
    """Attempt what is due; without ``ended`` it goes on running."""
    made = []
    for offer in store.claim(100, dict.fromkeys(HANDLERS, 100)):
        started = store.start(offer, HANDLERS)
        assert started is not None
        if isinstance(started, Started) and ended is not None:
            store.settle(started, ended)
        made.append(started)
    return made


def kinds(told: list[Told]) -> list[str]:
    return [line.kind for line in told]


def only(told: list[Told], kind: type[Any]) -> list[Any]:
    return [line for line in told if isinstance(line, kind)]


def now(clock: Clock) -> datetime:
    return datetime.fromtimestamp(clock.now / 1000, UTC)


def test_nobody_named_it(store: Store) -> None:
    order(store, "42")
    assert store.timeline("43") == []
    assert store.timeline("4") == []
    assert store.timeline("order:42") == []


def test_it_is_told_from_the_callback_to_the_decision(store: Store, clock: Clock) -> None:
    (envelope_id,) = put(store, envelope(order_ids=("42",)))
    received = now(clock)
    clock.pass_time(seconds=1)
    owe(store, envelope_id, ("42", None), standing=Standing(30, received))
    dispatched = now(clock)
    clock.pass_time(seconds=1)
    (started,) = (offer,) = store.claim(1, {"a": 1})
    begun = store.start(offer, HANDLERS)
    assert isinstance(begun, Started)
    at = now(clock)
    clock.pass_time(seconds=0.12)
    store.settle(begun, SUCCEEDED)
    assert store.timeline("42") == [
        CallbackTold(
            at=received,
            envelope_id=envelope_id,
            account="main",
            source="pandapon",
            platform="1688",
            topic="ORDER_PAY_SUCCESS",
            order_id="42",
            refund_id=None,
            ambiguous=False,
            state="dispatched",
        ),
        EventTold(
            at=dispatched,
            envelope_id=envelope_id,
            number=0,
            event="order.paid",
            order_id="42",
            refund_id=None,
            tells_state=True,
            stage=30,
            occurred_at=received,
            handlers=1,
        ),
        AttemptTold(
            at=at,
            envelope_id=envelope_id,
            delivery_id=started.delivery_id,
            handler="a",
            number=1,
            outcome="succeeded",
            duration=timedelta(seconds=0.12),
            error=None,
        ),
        DecisionTold(
            at=now(clock),
            envelope_id=envelope_id,
            delivery_id=started.delivery_id,
            handler="a",
            state="succeeded",
            uncertain=False,
            older_than=None,
            due_at=None,
            held_by=None,
            error=None,
        ),
    ]


def test_a_redelivery_says_whether_its_bytes_are_the_same(store: Store, clock: Clock) -> None:
    one = envelope(order_ids=("42",), push_time="1")
    (envelope_id,) = put(store, one)
    clock.pass_time(seconds=1800)
    put(store, one)
    clock.pass_time(seconds=1800)
    put(store, envelope(order_ids=("42",), push_time="2"))
    told = only(store.timeline("42"), RedeliveryTold)
    assert [(line.envelope_id, line.same_bytes) for line in told] == [(envelope_id, True), (envelope_id, False)]
    assert [line.at for line in told] == [now(clock) - timedelta(seconds=1800), now(clock)]


def test_an_ambiguous_callback_says_so(store: Store) -> None:
    put(store, envelope(order_ids=("42",), content={"state": "a"}, push_time="1"))
    put(store, envelope(order_ids=("42",), content={"state": "b"}, push_time="2"))
    put(store, envelope(order_ids=("42",), content={"state": "a"}, push_time="3"))
    told = only(store.timeline("42"), CallbackTold)
    assert [line.ambiguous for line in told] == [False, False, True]
    assert [line.state for line in told] == ["stored"] * 3


def test_a_callback_that_nobody_asked_for_and_one_that_nobody_could_read_say_so(store: Store) -> None:
    unasked, unreadable = put(store, *(envelope(order_ids=("42",), content={"n": n}) for n in range(2)))
    store.dispatch([Dispatched(envelope_id=unasked), Dispatched(envelope_id=unreadable, unreadable="a: missing")])
    told = store.timeline("42")
    assert kinds(told) == ["callback", "unasked", "callback", "unreadable"]
    assert [line.envelope_id for line in only(told, UnaskedTold)] == [unasked]
    assert [(line.envelope_id, line.error) for line in only(told, UnreadableTold)] == [(unreadable, "a: missing")]


def test_each_attempt_and_the_wait_for_the_next_are_told(store: Store, clock: Clock) -> None:
    order(store)
    work(store, RETRY)
    clock.pass_time(seconds=5)
    work(store, RETRY)
    clock.pass_time(seconds=1)
    told = store.timeline("42")
    assert [(line.number, line.outcome, line.error) for line in only(told, AttemptTold)] == [
        (1, "failed", "OSError at shop.py:9"),
        (2, "failed", "OSError at shop.py:9"),
    ]
    (decision,) = only(told, DecisionTold)
    assert (decision.state, decision.due_at) == ("due", now(clock) + timedelta(seconds=4))
    assert (decision.at, told[-1]) == (now(clock), decision)


def test_what_waits_behind_the_head_of_its_lane_names_it(store: Store) -> None:
    for _ in range(3):
        order(store)
    work(store, RETRY)
    head, *others = only(store.timeline("42"), DecisionTold)
    assert head.held_by is None
    assert [(line.state, line.held_by) for line in others] == [("due", head.delivery_id)] * 2


def test_old_news_names_what_it_is_older_than_and_uncertain_news_says_so(store: Store) -> None:
    for stage in (40, 30, 40):
        order(store, standing=Standing(stage, None))
        work(store)
    first, old, unsure = only(store.timeline("42"), DecisionTold)
    assert (first.state, first.uncertain, first.older_than) == ("succeeded", False, None)
    assert (old.state, old.older_than) == ("skipped", first.delivery_id)
    assert (unsure.state, unsure.uncertain) == ("succeeded", True)


def test_each_handler_has_its_own_decision_and_the_event_is_told_once(store: Store) -> None:
    order(store, handlers=("a", "b"))
    work(store, DEAD)
    told = store.timeline("42")
    assert [(line.handler, line.state, line.error) for line in only(told, DecisionTold)] == [
        ("a", "dead", "ValueError at shop.py:7"),
        ("b", "dead", "ValueError at shop.py:7"),
    ]
    assert [line.handlers for line in only(told, EventTold)] == [2]


def test_a_running_attempt_is_told_as_running(store: Store, clock: Clock) -> None:
    order(store)
    work(store, None)
    clock.pass_time(seconds=3)
    told = store.timeline("42")
    assert kinds(told)[-2:] == ["attempt", "decision"]
    assert [line.outcome for line in only(told, AttemptTold)] == ["running"]
    assert [(line.state, line.at) for line in only(told, DecisionTold)] == [("running", now(clock))]


def test_replays_say_who_and_when(store: Store, clock: Clock) -> None:
    order(store)
    work(store, DEAD)
    delivery: Delivery = store.deliveries(Filters(), 1)[0]
    clock.pass_time(seconds=60)
    store.replay([delivery.id], by="mei")
    replayed = now(clock)
    clock.pass_time(seconds=1)
    work(store)
    told = store.timeline("42")
    assert kinds(told) == ["callback", "event", "attempt", "replay", "attempt", "decision"]
    (replay,) = only(told, ReplayTold)
    assert (replay.by, replay.at, replay.delivery_id, replay.replays) == ("mei", replayed, delivery.id, 1)


def test_the_replay_of_an_unreadable_envelope_is_told(store: Store, clock: Clock) -> None:
    (envelope_id,) = put(store, envelope(order_ids=("42",)))
    store.dispatch([Dispatched(envelope_id=envelope_id, unreadable="a: missing")])
    clock.pass_time(seconds=60)
    store.replay_envelopes([envelope_id], by="mei")
    clock.pass_time(seconds=1)
    owe(store, envelope_id, ("42", None))
    told = store.timeline("42")
    assert kinds(told) == ["callback", "replay", "event", "decision"]
    assert [(line.by, line.delivery_id) for line in only(told, ReplayTold)] == [("mei", None)]


def test_an_order_tells_of_its_refunds_even_of_callbacks_that_name_the_refund_alone(store: Store) -> None:
    first, both, refund, other = put(
        store,
        envelope(order_ids=("42",)),
        envelope(order_ids=("42",), refund_ids=("R7",)),
        envelope(order_ids=(), refund_ids=("R7",)),
        envelope(order_ids=("43",), refund_ids=("R8",)),
    )
    owe(store, first, ("42", None))
    owe(store, both, ("42", "R7"), event="refund.requested")
    owe(store, refund, (None, "R7"), event="refund.agreed")
    owe(store, other, ("43", "R8"), event="refund.requested")
    told = store.timeline("42")
    assert {line.envelope_id for line in told} == {first, both, refund}
    assert [line.event for line in only(told, EventTold)] == ["order.paid", "refund.requested", "refund.agreed"]
    assert {line.envelope_id for line in store.timeline("R7")} == {both, refund}


def test_a_refund_of_the_same_number_on_another_platform_is_another(store: Store) -> None:
    put(store, envelope(order_ids=("42",), refund_ids=("7",)))
    stranger = Envelope(**{**fields(envelope(order_ids=(), refund_ids=("7",))), "platform": "taobao"})
    (strange,) = put(store, stranger)
    assert strange not in {line.envelope_id for line in store.timeline("42")}
    assert strange in {line.envelope_id for line in store.timeline("7")}


def fields(of: Envelope) -> dict[str, Any]:
    return {name: getattr(of, name) for name in of.__dataclass_fields__}


def test_a_batch_is_told_of_each_of_its_orders_without_what_came_of_the_others(store: Store) -> None:
    (batch,) = put(store, envelope(order_ids=("1", "2", "3")))
    owe(store, batch, ("1", None), ("2", None), ("3", None))
    work(store)
    for order_id in ("1", "2", "3"):
        told = store.timeline(order_id)
        assert kinds(told) == ["callback", "event", "attempt", "decision"]
        assert [(line.order_id, line.number) for line in only(told, EventTold)] == [(order_id, int(order_id) - 1)]


def test_what_could_be_addressed_only_after_an_upgrade_is_found(store: Store) -> None:
    (envelope_id,) = put(store, envelope(order_ids=()))
    owe(store, envelope_id, ("42", None))
    assert kinds(store.timeline("42")) == ["callback", "event", "decision"]


def test_times_never_go_back(store: Store, clock: Clock) -> None:
    for number in range(5):
        order(store, handlers=("a", "b"), standing=Standing(number, None))
        clock.pass_time(seconds=0.5)
        work(store, RETRY if number % 2 else SUCCEEDED)
        clock.pass_time(seconds=20)
    times = [line.at for line in store.timeline("42")]
    assert times == sorted(times)


def test_no_value_of_a_payload_is_told(store: Store) -> None:
    (envelope_id,) = put(store, envelope(order_ids=("42",), content={"receiver": "PLANTED"}))
    owe(store, envelope_id, ("42", None))
    assert "PLANTED" not in repr(store.timeline("42"))


def test_effects_are_told_between_the_attempt_and_the_decision(store: Store, clock: Clock) -> None:
    envelope_id = order(store, "42")
    (started,) = work(store, None)
    assert isinstance(started, Started)
    key = EffectKey("main", "a", "order:42", "ask-why")
    store.intend(key, started, timedelta(seconds=30))
    clock.pass_time(seconds=1)
    store.note(key, 1, "unsure", "an attempt ended")
    noted = now(clock)
    store.settle(started, DEAD)
    told = store.timeline("42")
    assert kinds(told) == ["callback", "event", "attempt", "effect", "decision"]
    (effect,) = only(told, EffectTold)
    assert effect == EffectTold(
        at=noted,
        envelope_id=envelope_id,
        delivery_id=started.offer.delivery_id,
        handler="a",
        attempt=1,
        purpose="ask-why",
        state="unsure",
        note="an attempt ended",
    )
    store.replay([started.offer.delivery_id], "mei", repeat_effects=True)
    assert only(store.timeline("42"), EffectTold) == []
