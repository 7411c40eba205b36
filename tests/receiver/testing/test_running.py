"""A handler is run as the worker runs it, and judged as the worker judges it."""

import asyncio
import time
from datetime import timedelta

import pytest

from receiver import Context, PermanentFailure, Router, TransientFailure
from receiver.errors import ApiUnavailable, EffectUnsure, HandlerTimeout
from receiver.events import OrderEvent, OrderPaid, OrderShipped, RefundRejected
from receiver.testing import Bench, NotAnswered, RecordingApi, event, run_handler

router = Router()


@router.on(RefundRejected)
def ask(ctx: Context[RefundRejected]) -> None:
    ctx.log.info("asking about %s", ctx.event.refund_id, why="rejected")
    ctx.api.send_refund_message(ctx.event.refund_id, "Why?", once="ask")


@router.on(OrderPaid, name="shop.slow", timeout=0.3, max_attempts=2)
def slow(_ctx: Context[OrderPaid]) -> None:
    until = time.monotonic() + 20
    while time.monotonic() < until:
        pass


@router.on(OrderShipped, timeout=0.3)
async def slow_too(_ctx: Context[OrderShipped]) -> None:
    await asyncio.sleep(20)


def test_success_tells_what_went_out_and_what_was_said() -> None:
    ran = run_handler(router, event(RefundRejected, refund_id="7"))
    assert (ran.outcome, ran.retry_in, ran.reason) == ("succeeded", None, None)
    assert ran.calls == [("taobao.refund.submit_message", {"refundId": "7", "refundMessage": "Why?"})]
    assert ran.effects == ["ask"]
    assert ran.logs == [{"level": "info", "event": "asking about 7", "why": "rejected"}]
    assert ran.raised() is ran


def test_failure_comes_again_when_the_policy_says_so() -> None:
    def fail(_ctx: Context[RefundRejected]) -> None:
        raise KeyError("PLANTED")

    ran = run_handler(fail, event(RefundRejected))
    assert ran.outcome == "failed"
    assert ran.retry_in is not None
    assert timedelta(seconds=4) <= ran.retry_in <= timedelta(seconds=6)
    assert (ran.reason or "").startswith("KeyError at ")
    with pytest.raises(KeyError):
        ran.raised()
    assert run_handler(fail, event(RefundRejected), attempt=15).outcome == "dead"


def test_a_handler_s_own_failures_decide() -> None:
    def later(_ctx: Context[RefundRejected]) -> None:
        raise TransientFailure("not yet", retry_after=timedelta(minutes=5))

    def never(_ctx: Context[RefundRejected]) -> None:
        raise PermanentFailure("no such thing")

    assert run_handler(later, event(RefundRejected)).retry_in == timedelta(minutes=5)
    assert run_handler(never, event(RefundRejected)).outcome == "dead"


@pytest.mark.parametrize("kind", [OrderPaid, OrderShipped])
def test_time_limit_holds_for_plain_and_async_handlers(kind: type[OrderEvent]) -> None:
    ran = run_handler(router, event(kind))
    assert (ran.outcome, type(ran.error)) == ("failed", HandlerTimeout)


def test_router_s_options_hold_a_bare_function_has_the_defaults() -> None:
    paid = event(OrderPaid)
    bench = Bench()
    assert [bench.run(router, paid).outcome for _ in range(2)] == ["failed", "dead"]
    assert bench.run(router, paid).handler == "shop.slow"


def test_what_was_had_once_stays_had_on_one_bench_and_no_other() -> None:
    rejected, bench = event(RefundRejected), Bench()
    assert len(bench.run(ask, rejected).calls) == 1
    again = bench.run(ask, rejected)
    assert (again.outcome, again.calls, again.effects) == ("succeeded", [], [])
    assert len(bench.calls) == 1
    assert len(Bench().run(ask, rejected).calls) == 1


def test_attempts_of_one_event_are_counted() -> None:
    seen: list[int] = []

    def count(ctx: Context[RefundRejected]) -> None:
        seen.append(ctx.attempt)

    bench, rejected = Bench(), event(RefundRejected)
    bench.run(count, rejected)
    bench.run(count, rejected)
    bench.run(count, event(RefundRejected))
    assert seen == [1, 2, 1]


def test_effect_without_an_answer_is_judged_after_its_time_and_not_repeated() -> None:
    """As in earnest: too soon to tell, then unsure, and left to a person."""
    api = RecordingApi()
    api.answers("send_refund_message", ApiUnavailable("the platform cannot now"))
    bench, rejected = Bench(api), event(RefundRejected)
    assert bench.run(ask, rejected).outcome == "failed"
    assert bench.run(ask, rejected).outcome == "failed"
    bench.pass_time(minutes=5)
    last = bench.run(ask, rejected)
    assert (last.outcome, type(last.error)) == ("dead", EffectUnsure)
    assert len(bench.calls) == 1


def test_delivered_to_its_end_it_is_attempted_until_it_succeeds() -> None:
    api = RecordingApi()
    api.answers(
        "order_detail", ApiUnavailable("not now"), ApiUnavailable("not now"), {"orderId": "7", "status": "paid"}
    )
    seen: list[str | None] = []

    def read(ctx: Context[OrderPaid]) -> None:
        seen.append(ctx.api.order_detail(ctx.event.order_id).status)

    bench = Bench(api)
    assert bench.deliver(read, event(OrderPaid)).outcome == "succeeded"
    assert (seen, len(bench.calls)) == (["paid"], 3)


def test_delivered_old_news_is_skipped() -> None:
    seen: list[str] = []

    def note(ctx: Context[OrderEvent]) -> None:
        seen.append(ctx.event.type)

    shop = Router()
    shop.on(OrderEvent, name="shop.note")(note)
    bench = Bench()
    assert bench.deliver(shop, event(OrderShipped, order_id="7", platform="1688")).outcome == "succeeded"
    old = event(OrderPaid, order_id="7", platform="1688")
    outcomes = [bench.deliver(shop, old.model_copy(update={"occurred_at": None})).outcome]
    assert (outcomes, seen) == (["skipped"], ["order.shipped"])


def test_rehearsal_has_no_effect_of_the_handler_s_own() -> None:
    def mail(ctx: Context[RefundRejected]) -> None:
        ctx.once("mail", lambda: pytest.fail("was had"))

    bench = Bench(rehearsal=True)
    assert bench.run(mail, event(RefundRejected)).raised().effects == ["mail"]


def test_what_is_not_answered_says_how() -> None:
    def read(ctx: Context[OrderPaid]) -> None:
        ctx.api.order_detail(ctx.event.order_id)

    ran = run_handler(read, event(OrderPaid))
    assert (ran.outcome, type(ran.error)) == ("dead", NotAnswered)
    assert 'api.answers("1688.order.detail", …)' in (ran.reason or "")


def test_router_without_one_handler_of_the_event_says_what_it_has() -> None:
    several = Router()
    several.on(OrderPaid, name="a")(slow)
    several.on(OrderEvent, name="b")(lambda _: None)
    with pytest.raises(LookupError, match=r"a, b run for order\.paid of 1688; choose one: router\.named\('a'\)"):
        run_handler(several, event(OrderPaid))
    with pytest.raises(
        LookupError, match=r"no handler of the router runs for refund\.rejected.*it has a \(order\.paid"
    ):
        run_handler(several, event(RefundRejected))
    chosen = several.named("b")
    assert chosen is not None
    assert run_handler(chosen, event(OrderPaid)).outcome == "succeeded"
