"""One attempt: outcomes are a closed set, and each means one thing."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import fields
from datetime import timedelta

import pytest
from builders import Clock, message
from steps import Recorder, claim, deliver, delivering, offered, owe, success

from receiver.deliveries import Attempt, Delivery, DeliveryState
from receiver.errors import PermanentFailure, TransientFailure, Undecodable
from receiver.events import OrderEvent, OrderPaid
from receiver.exchange import Response
from receiver.routing import Context, Router
from receiver.store.base import Swept
from receiver.store.sqlite import SqliteStore

Handler = Callable[[Context[OrderEvent]], None]


def only(handler: Handler, *, timeout: float = 30, max_attempts: int = 15) -> Router:
    router = Router()
    router.on(OrderEvent, name="shop", timeout=timeout, max_attempts=max_attempts)(handler)
    return router


def raises(error: BaseException) -> Handler:
    def handler(_: Context[OrderEvent]) -> None:
        raise error

    return handler


def due_in(found: Delivery, clock: Clock) -> float:
    assert found.due_at is not None
    return found.due_at.timestamp() - clock.now / 1000


def attempt(store: SqliteStore, found: Delivery) -> Attempt:
    return store.attempts(found.id)[-1]


def test_return_is_success(store: SqliteStore) -> None:
    router = only(lambda _: None)
    found = deliver(store, router, offered(store, router))
    assert (found.state, found.attempts, found.error) == ("succeeded", 1, None)
    assert (attempt(store, found).outcome, attempt(store, found).error) == ("succeeded", None)
    assert claim(store, router) == []


def test_async_return_is_success(store: SqliteStore) -> None:
    router = Router()

    @router.on(OrderEvent)
    async def handler(_: Context[OrderEvent]) -> None:
        await asyncio.sleep(0)

    assert deliver(store, router, offered(store, router)).state == "succeeded"


def test_permanent_failure_is_death_now_with_its_words(store: SqliteStore) -> None:
    router = only(raises(PermanentFailure("no such sku")))
    found = deliver(store, router, offered(store, router))
    assert (found.state, found.attempts) == ("dead", 1)
    assert found.error is not None
    assert found.error.startswith("PermanentFailure: no such sku at receiver/test_deliver.py:")
    assert attempt(store, found).outcome == "failed"


@pytest.mark.parametrize("seconds", [0, 90, 86_400])
def test_transient_failure_comes_back_when_it_says(store: SqliteStore, clock: Clock, seconds: int) -> None:
    router = only(raises(TransientFailure("closed", retry_after=timedelta(seconds=seconds))))
    found = deliver(store, router, offered(store, router))
    assert found.state == "due"
    assert due_in(found, clock) == pytest.approx(seconds, abs=0.001)
    clock.pass_time(seconds=seconds)
    assert len(claim(store, router)) == 1


@pytest.mark.parametrize(
    "error",
    [TransientFailure("later"), ValueError("no"), TimeoutError(), SystemExit(1), KeyboardInterrupt(), GeneratorExit()],
    ids=lambda error: type(error).__name__,
)
def test_any_other_exception_comes_back_by_the_policy(store: SqliteStore, clock: Clock, error: BaseException) -> None:
    def handler(_: Context[OrderEvent]) -> None:
        time.sleep(0.005)
        raise error

    router = only(handler)
    found = deliver(store, router, offered(store, router))
    assert (found.state, found.attempts) == ("due", 1)
    assert 4 <= due_in(found, clock) <= 6
    made = attempt(store, found)
    assert made.outcome == "failed"
    assert made.error == found.error
    assert made.error is not None
    assert made.error.startswith(type(error).__name__)
    assert made.duration is not None
    assert made.duration >= timedelta(milliseconds=5)


def test_undecodable_event_is_death_since_waiting_does_not_help(store: SqliteStore) -> None:
    router = only(raises(Undecodable("messageBody.orderId", "missing")))
    assert deliver(store, router, offered(store, router)).state == "dead"


def test_time_out_is_a_failed_attempt(store: SqliteStore, clock: Clock) -> None:
    def handler(_: Context[OrderEvent]) -> None:
        with contextlib.suppress(Exception):
            while True:
                time.sleep(0.01)

    router = only(handler, timeout=0.05)
    found = deliver(store, router, offered(store, router))
    assert found.state == "due"
    assert 4 <= due_in(found, clock) <= 6
    made = attempt(store, found)
    assert made.outcome == "failed"
    assert made.error is not None
    assert made.error.startswith("HandlerTimeout: over its timeout at receiver/test_deliver.py:")


def test_attempts_are_counted_and_the_last_is_the_last(store: SqliteStore, clock: Clock) -> None:
    seen: list[int] = []

    def handler(ctx: Context[OrderEvent]) -> None:
        seen.append(ctx.attempt)
        raise ValueError

    router = only(handler, max_attempts=3)
    states: list[DeliveryState] = []
    owe(store, router)
    with delivering(store, router) as run:
        for _ in range(3):
            (offer,) = claim(store, router)
            run(offer)
            found = store.delivery(offer.delivery_id)
            assert found is not None
            states.append(found.state)
            clock.pass_time(seconds=3600)
    assert seen == [1, 2, 3]
    assert states == ["due", "due", "dead"]
    assert claim(store, router) == []


def test_replay_begins_to_count_again_and_goes_on_numbering(store: SqliteStore) -> None:
    seen: list[int] = []

    def handler(ctx: Context[OrderEvent]) -> None:
        seen.append(ctx.attempt)
        raise ValueError

    router = only(handler, max_attempts=1)
    dead = deliver(store, router, offered(store, router))
    assert dead.state == "dead"
    assert store.replay([dead.id], "a person") == 1
    (offer,) = claim(store, router)
    assert deliver(store, router, offer).state == "dead"
    assert seen == [1, 2]


def test_handler_is_given_what_the_seam_names_and_nothing_else(store: SqliteStore) -> None:
    given: list[Context[OrderEvent]] = []
    router = only(given.append)
    deliver(store, router, offered(store, router, message(orderId="3305075341149134260")))
    (ctx,) = given
    assert {field.name for field in fields(ctx)} == {"event", "envelope", "attempt", "api", "once", "log"}
    assert type(ctx.event) is OrderPaid
    assert ctx.event.order_id == "3305075341149134260"
    assert ctx.envelope == store.envelope(ctx.envelope.id)
    assert ctx.attempt == 1


def test_handler_calls_the_api_of_the_account_that_the_envelope_came_by(store: SqliteStore) -> None:
    found: list[str | None] = []
    router = only(lambda ctx: found.append(ctx.api.order_detail(ctx.event.order_id).status))
    sent = Recorder(success({"baseInfo": {"status": "waitsellersend"}}))
    offer = offered(store, router, message(orderId="3305075341149134260"))
    with delivering(store, router, send=sent) as run:
        run(offer)
    assert found == ["waitsellersend"]
    assert [request.url for request in sent.requests] == ["https://api.pandapon.com/alibaba/order/detail"]


def test_call_that_failed_says_when_to_try_again(store: SqliteStore) -> None:
    router = only(lambda ctx: ctx.log.info("found", order=ctx.api.order_detail(ctx.event.order_id).id))
    sent = Recorder(Response(status=429, headers={"retry-after": "60"}, body=b""))
    offer = offered(store, router, message())
    with delivering(store, router, send=sent) as run:
        run(offer)
    found = store.delivery(offer.delivery_id)
    assert found is not None
    assert found.state == "due"
    assert found.error is not None
    assert found.error.startswith("ApiRateLimited: too many calls, says the platform")


def test_each_event_of_an_envelope_reaches_the_handler_as_itself(store: SqliteStore) -> None:
    seen: list[str] = []
    router = only(lambda ctx: seen.append(ctx.event.order_id))
    owe(store, router, message("ORDER_BATCH_PAY", orderId=None, batchPay=[{"orderId": "1"}, {"orderId": "2"}]))
    with delivering(store, router) as run:
        for offer in claim(store, router):
            run(offer)
    assert seen == ["1", "2"]


def test_failure_of_one_handler_is_its_own(store: SqliteStore) -> None:
    router = only(raises(ValueError()))
    seen: list[str] = []
    router.on(OrderEvent, name="neighbour")(lambda ctx: seen.append(ctx.event.order_id))
    owe(store, router)
    with delivering(store, router) as run:
        offers = claim(store, router)
        for offer in offers:
            run(offer)
    found = [store.delivery(offer.delivery_id) for offer in offers]
    assert [one and one.state for one in found] == ["due", "succeeded"]
    assert len(seen) == 1


def test_end_of_each_attempt_is_told(store: SqliteStore) -> None:
    """The relay is woken: the next of the lane may be due."""
    ended: list[int] = []
    router = only(raises(ValueError()))
    offer = offered(store, router)
    with delivering(store, router, lambda: ended.append(1)) as run:
        run(offer)
    assert ended == [1]


def test_words_that_no_database_takes_do_not_cost_the_outcome(store: SqliteStore) -> None:
    router = only(raises(PermanentFailure("no \ud800 such\0 sku " + "x" * 10_000)))
    assert deliver(store, router, offered(store, router)).state == "dead"
    assert store.sweep({}) == Swept()
