"""The checks pass a handler that bears what it must, and name what another does wrong, with its cure."""

import itertools

import pytest

from receiver import Context, PermanentFailure, Router
from receiver.events import OrderEvent, OrderPaid, OrderShipped, RefundRejected, RefundRequested
from receiver.testing import assert_idempotent, assert_order_free, event

PAID = {"orderId": "7", "status": "WAIT_SELLER_SEND_GOODS"}


def test_handler_of_effects_and_reads_is_idempotent() -> None:
    def ask(ctx: Context[RefundRejected]) -> None:
        refund = ctx.api.refund_detail(ctx.event.refund_id)
        ctx.api.send_refund_message(ctx.event.refund_id, f"Why? {refund.status}", once="ask")
        ctx.once("mail", lambda: None)

    assert_idempotent(ask, event(RefundRejected), answers={"refund_detail": {"refundId": "7", "refundStatus": -10}})


async def _ask(ctx: Context[RefundRejected]) -> None:
    ctx.once("mail", lambda: None)
    ctx.once("ask", lambda: None)


def test_async_handler_is_checked_alike() -> None:
    assert_idempotent(_ask, event(RefundRejected))


def test_purpose_that_changes_is_found() -> None:
    """Its second run sends another message."""
    numbers = itertools.count()

    def ask(ctx: Context[RefundRejected]) -> None:
        ctx.api.send_refund_message(ctx.event.refund_id, "Why?", once=f"ask-{next(numbers)}")

    with pytest.raises(AssertionError, match=r"run twice, effect ask-1 was had 1x, not 0x.*the same word at every"):
        assert_idempotent(ask, event(RefundRejected))


def test_repeat_in_one_s_own_system_is_found() -> None:
    booked: list[str] = []

    def book(ctx: Context[OrderPaid]) -> None:
        booked.append(ctx.event.order_id)

    with pytest.raises(AssertionError, match=r"run twice, the state is \['7', '7'\], not \['7'\].*ctx\.envelope\.id"):
        assert_idempotent(book, event(OrderPaid, order_id="7"), state=lambda: list(booked), reset=booked.clear)


def test_effect_forgotten_after_a_death_is_found() -> None:
    """It notes that it is done before it is: a worker that dies in between leaves the message unsent."""
    done: set[str] = set()

    def ask(ctx: Context[RefundRejected]) -> None:
        if ctx.event.refund_id in done:
            return
        ctx.once("mail", lambda: None)
        done.add(ctx.event.refund_id)
        ctx.once("note", lambda: None)
        ctx.api.send_refund_message(ctx.event.refund_id, "Why?", once="ask")

    with pytest.raises(
        AssertionError,
        match=r"died when effect note was had, and not yet recorded, effect ask was had 0x, not 1x.*only when it is",
    ):
        assert_idempotent(ask, event(RefundRejected), reset=done.clear)


def test_taking_an_effect_s_result_for_granted_is_found() -> None:
    def create(ctx: Context[RefundRejected]) -> None:
        made = ctx.api.cancel_refund(ctx.event.refund_id, once="cancel")
        assert made is not None

    with pytest.raises(AssertionError, match=r"fails when it is run again: AssertionError.*returns None"):
        assert_idempotent(create, event(RefundRejected))


def test_what_fails_at_once_is_said_to() -> None:
    def fail(_ctx: Context[RefundRejected]) -> None:
        raise PermanentFailure("no")

    with pytest.raises(AssertionError, match="fails at its first run"):
        assert_idempotent(fail, event(RefundRejected))


def test_state_wants_a_reset() -> None:
    with pytest.raises(TypeError, match="state= wants reset="):
        assert_idempotent(_ask, event(RefundRejected), state=lambda: 1)


def test_keeping_the_word_of_the_last_event_is_found() -> None:
    """Two events of one stage: nothing but the platform can tell which is the newer."""
    kept: dict[str, str | None] = {}
    shop = Router()

    @shop.on(RefundRequested, stale="run")
    def requested(ctx: Context[RefundRequested]) -> None:
        kept[ctx.event.refund_id] = ctx.event.status

    @shop.on(RefundRejected, stale="run")
    def rejected(ctx: Context[RefundRejected]) -> None:
        kept[ctx.event.refund_id] = ctx.event.status

    events = [event(RefundRequested, refund_id="7"), event(RefundRejected, refund_id="7")]
    with pytest.raises(
        AssertionError,
        match=r"in the order refund\.rejected → refund\.requested: the state is \{'7': '10'\}, not \{'7': '-10'\}"
        r" as in refund\.requested → refund\.rejected; read the current state",
    ):
        assert_order_free(shop, events, state=lambda: dict(kept), reset=kept.clear)


def test_old_news_is_spared_as_the_service_does() -> None:
    kept: dict[str, str] = {}

    def keep(ctx: Context[OrderEvent]) -> None:
        kept[ctx.event.order_id] = ctx.event.type

    events = [event(OrderPaid, order_id="7", platform="taobao"), event(OrderShipped, order_id="7", platform="taobao")]
    shop = Router()
    shop.on(OrderEvent, name="keep")(keep)
    assert_order_free(shop, events, state=lambda: dict(kept), reset=kept.clear)
    insisting = Router()
    insisting.on(OrderEvent, name="keep", stale="run")(keep)
    with pytest.raises(AssertionError, match=r"in the order order\.shipped → order\.paid"):
        assert_order_free(insisting, events, state=lambda: dict(kept), reset=kept.clear)


def test_reading_the_current_state_is_free_of_order() -> None:
    kept: dict[str, str | None] = {}

    def keep(ctx: Context[OrderEvent]) -> None:
        kept[ctx.event.order_id] = ctx.api.order_detail(ctx.event.order_id).status

    shop = Router()
    shop.on(OrderEvent, stale="run", name="keep")(keep)
    events = [event(kind, order_id="7") for kind in (OrderPaid, OrderShipped)]
    assert_order_free(shop, events, answers={"order_detail": PAID}, state=lambda: dict(kept), reset=kept.clear)
    assert kept == {"7": "WAIT_SELLER_SEND_GOODS"}


def test_one_event_has_no_order() -> None:
    with pytest.raises(ValueError, match="1 events: expected 2 to 6"):
        assert_order_free(_ask, [event(RefundRejected)])


def test_the_time_between_attempts_passes_at_once() -> None:
    """Ten attempts take a quarter of an hour in earnest."""

    def later(ctx: Context[RefundRejected]) -> None:
        if ctx.attempt < 10:
            raise KeyError
        ctx.once("mail", lambda: None)

    assert_idempotent(later, event(RefundRejected))
