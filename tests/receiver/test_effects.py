"""Effects: had at most once each."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from builders import Clock, message
from steps import claim, owe

from receiver import PermanentFailure, Router, TransientFailure
from receiver.deliveries import RUN_LEASE_MARGIN, Ended, Started
from receiver.effects import DEFAULT_DEADLINE, SETTLE_TIME, Effects
from receiver.errors import EffectUnsure
from receiver.events import OrderEvent
from receiver.store.sqlite import SqliteStore

TIMEOUT = timedelta(seconds=30)
SETTLED = (DEFAULT_DEADLINE + SETTLE_TIME).total_seconds() + 1
ROUTER = Router()
ROUTER.on(OrderEvent, name="shop", timeout=TIMEOUT)(lambda _ctx: None)


class Refused(PermanentFailure):
    """The platform said no: nothing was done."""

    surely_absent = True


def begin(store: SqliteStore) -> Started:
    owe(store, ROUTER, message(orderId="7"))
    return again(store)


def again(store: SqliteStore) -> Started:
    (offer,) = claim(store, ROUTER)
    started = store.start(offer, {"shop": TIMEOUT})
    assert isinstance(started, Started)
    return started


def effects(store: SqliteStore, started: Started) -> Effects:
    return Effects(store, started, "order:7")


def fails(error: Exception) -> Callable[[], None]:
    def send() -> None:
        raise error

    return send


def test_what_was_had_is_not_had_again_by_a_later_attempt(store: SqliteStore) -> None:
    started = begin(store)
    assert effects(store, started).once("ask", lambda: "sent") == "sent"
    store.settle(started, Ended(outcome="failed", state="due", error="E"))
    assert effects(store, again(store)).once("ask", lambda: pytest.fail("sent twice")) is None


def test_another_purpose_handler_or_subject_is_another_effect(store: SqliteStore) -> None:
    started = begin(store)
    had: list[str] = []
    effects(store, started).once("ask", lambda: had.append("ask"))
    effects(store, started).once("thank", lambda: had.append("thank"))
    Effects(store, started, "order:8").once("ask", lambda: had.append("other"))
    assert had == ["ask", "thank", "other"]


def test_what_surely_was_not_done_may_be_done_later(store: SqliteStore) -> None:
    once = effects(store, begin(store)).once
    with pytest.raises(Refused):
        once("ask", fails(Refused("no")))
    assert once("ask", lambda: "sent") == "sent"


def test_what_has_no_outcome_is_not_judged_before_it_settled(store: SqliteStore, clock: Clock) -> None:
    once = effects(store, begin(store)).once
    with pytest.raises(ConnectionError):
        once("ask", fails(ConnectionError()))
    with pytest.raises(TransientFailure) as waiting:
        once("ask", lambda: pytest.fail("sent twice"), look=lambda: pytest.fail("asked too soon"))
    assert waiting.value.retry_after is not None
    assert 0 < waiting.value.retry_after.total_seconds() <= SETTLED
    clock.pass_time(seconds=25)
    assert once_settled(store, clock, look=lambda: True) is None


def once_settled(store: SqliteStore, clock: Clock, look: Callable[[], bool | None]) -> str | None:
    """A later attempt, when the effect may be judged."""
    clock.pass_time(seconds=SETTLED)
    store.sweep({"shop": 15})
    return effects(store, again(store)).once("ask", lambda: "sent again", look=look)


def test_found_at_the_platform_it_is_confirmed(store: SqliteStore, clock: Clock) -> None:
    with pytest.raises(ConnectionError):
        effects(store, begin(store)).once("ask", fails(ConnectionError()))
    assert once_settled(store, clock, look=lambda: True) is None


def test_surely_absent_it_is_sent_again(store: SqliteStore, clock: Clock) -> None:
    with pytest.raises(ConnectionError):
        effects(store, begin(store)).once("ask", fails(ConnectionError()))
    assert once_settled(store, clock, look=lambda: False) == "sent again"


def test_where_nobody_can_tell_it_is_buried_and_stays_so(store: SqliteStore, clock: Clock) -> None:
    with pytest.raises(ConnectionError):
        effects(store, begin(store)).once("ask", fails(ConnectionError()))
    with pytest.raises(EffectUnsure):
        once_settled(store, clock, look=lambda: None)
    with pytest.raises(EffectUnsure):
        once_settled(store, clock, look=lambda: True)


def test_two_that_take_over_at_once_send_once(store: SqliteStore, clock: Clock) -> None:
    """While one asks the platform, another took the effect over: compare and set."""
    with pytest.raises(ConnectionError):
        effects(store, begin(store)).once("ask", fails(ConnectionError()))
    clock.pass_time(seconds=SETTLED)
    store.sweep({"shop": 15})
    started = again(store)
    sent: list[str] = []

    def look() -> bool:
        if not sent:
            effects(store, started).once("ask", lambda: sent.append("other"), look=lambda: False)
        return False

    with pytest.raises(TransientFailure, match="another attempt"):
        effects(store, started).once("ask", lambda: sent.append("first"), look=look)
    assert sent == ["other"]


def test_an_attempt_that_was_taken_for_lost_sends_nothing(store: SqliteStore, clock: Clock) -> None:
    """The fence is looked at immediately before the call."""
    started = begin(store)
    clock.pass_time(seconds=(TIMEOUT + RUN_LEASE_MARGIN).total_seconds() + 1)
    with pytest.raises(TransientFailure, match="taken for lost"):
        effects(store, started).once("ask", lambda: pytest.fail("sent"))
    store.sweep({"shop": 15})
    assert effects(store, again(store)).once("ask", lambda: "sent") == "sent"


def test_what_a_delivery_had_can_be_looked_at(store: SqliteStore, clock: Clock) -> None:
    started = begin(store)
    effects(store, started).once("ask", lambda: "sent")
    clock.pass_time(seconds=1)
    with pytest.raises(OSError, match="gone"):
        effects(store, started).once("tell", fails(OSError("gone")))
    clock.pass_time(seconds=1)
    with pytest.raises(Refused):
        effects(store, started).once("never", fails(Refused()))
    delivery_id = started.offer.delivery_id
    found = store.effects([delivery_id])
    assert [(row.delivery_id, row.attempt, row.purpose, row.state) for row in found] == [
        (delivery_id, 1, "ask", "confirmed"),
        (delivery_id, 1, "tell", "sent"),
    ]
    assert found[1].known_at - found[0].known_at == timedelta(seconds=1)
    assert store.effects([delivery_id + 1]) == []
