"""An attempt is told in one line, by ids and never by what a body holds."""

import threading
from collections.abc import MutableMapping
from typing import Any

import pytest
from builders import message
from steps import Recorder, claim, deliver, delivering, offered, owe, success
from structlog.testing import capture_logs

from receiver.errors import PermanentFailure
from receiver.events import OrderEvent
from receiver.exchange import Response
from receiver.logs import _exceptions_by_place
from receiver.metrics import Metrics
from receiver.routing import Context, Router
from receiver.store.sqlite import SqliteStore

BUYER = "PLANTED-BUYER"
ORDER = "3305075341149134260"

Lines = list[MutableMapping[str, Any]]


def attempts(lines: Lines) -> Lines:
    return [line for line in lines if line["event"] == "delivery.attempted"]


def quoting(ctx: Context[OrderEvent]) -> None:
    raise ValueError(f"cannot write to {ctx.event.raw['messageBody']['buyerName']}")


def router_of(handler: Any) -> Router:
    router = Router()
    router.on(OrderEvent, name="shop")(handler)
    return router


def test_success_is_one_line_that_names_all_ids(store: SqliteStore) -> None:
    router = router_of(lambda _: None)
    offer = offered(store, router, message(orderId=ORDER))
    with capture_logs() as lines:
        found = deliver(store, router, offer)
    (line,) = lines
    assert line.pop("ms") >= 0
    assert line == {
        "event": "delivery.attempted",
        "log_level": "info",
        "delivery": found.id,
        "handler": "shop",
        "outcome": "succeeded",
        "state": "succeeded",
        "attempt": 1,
        "retry_in": None,
        "error": None,
        "account": "pandapon",
        "topic": "ORDER_PAY_SUCCESS",
        "order": ORDER,
        "refund": None,
        "envelope": found.envelope_id,
        "uncertain": None,
        "counted": True,
    }


@pytest.mark.parametrize(
    ("error", "state", "retry_in"), [(ValueError(), "due", (4, 6)), (PermanentFailure("no"), "dead", None)]
)
def test_failure_is_one_warning_that_says_what_comes_next(
    store: SqliteStore, error: Exception, state: str, retry_in: tuple[float, float] | None
) -> None:
    def handler(_: Context[OrderEvent]) -> None:
        raise error

    router = router_of(handler)
    offer = offered(store, router)
    with capture_logs() as lines:
        found = deliver(store, router, offer)
    (line,) = attempts(lines)
    assert (line["log_level"], line["outcome"], line["state"]) == ("warning", "failed", state)
    assert line["error"] == found.error
    if retry_in is None:
        assert line["retry_in"] is None
    else:
        assert retry_in[0] <= line["retry_in"] <= retry_in[1]


def test_lines_of_an_envelope_of_two_orders_name_each_its_own(store: SqliteStore) -> None:
    router = router_of(lambda _: None)
    owe(store, router, message("ORDER_BATCH_PAY", orderId=None, batchPay=[{"orderId": "1"}, {"orderId": "2"}]))
    with delivering(store, router) as run, capture_logs() as lines:
        for offer in claim(store, router):
            run(offer)
    assert [line["order"] for line in lines] == ["1", "2"]


def test_lines_of_the_handler_carry_what_they_belong_to(store: SqliteStore) -> None:
    router = router_of(lambda ctx: ctx.log.info("told the shop", shelf=3))
    offer = offered(store, router, message(orderId=ORDER))
    with capture_logs() as lines:
        found = deliver(store, router, offer)
    assert lines[0] == {
        "event": "told the shop",
        "log_level": "info",
        "shelf": 3,
        "handler": "shop",
        "event_type": "order.paid",
        "order": ORDER,
        "refund": None,
        "envelope": found.envelope_id,
        "attempt": 1,
    }


def test_no_value_of_a_body_reaches_log_or_store_by_an_error(
    store: SqliteStore, capfd: pytest.CaptureFixture[str]
) -> None:
    """Python's errors quote what they met; the handler that raised them was not careless."""

    async def quoting_too(ctx: Context[OrderEvent]) -> None:
        try:
            quoting(ctx)
        except ValueError as error:
            error.add_note(BUYER)
            raise KeyError(BUYER) from error

    router = router_of(quoting)
    router.on(OrderEvent, name="async")(quoting_too)
    owe(store, router, message(buyerName=BUYER))
    offers = claim(store, router)
    with capture_logs(processors=[_exceptions_by_place]) as lines, delivering(store, router) as run:
        for offer in offers:
            run(offer)
    assert len(attempts(lines)) == 2
    assert BUYER not in repr(lines)
    for offer in offers:
        found = store.delivery(offer.delivery_id)
        assert found is not None
        assert found.error is not None
        assert BUYER not in repr(found)
        assert BUYER not in repr(store.attempts(offer.delivery_id))
    assert BUYER not in "".join(capfd.readouterr())


def test_attempts_at_once_are_a_line_each(store: SqliteStore) -> None:
    router = router_of(lambda _: None)
    owe(store, router, *(message() for _ in range(8)))
    offers = claim(store, router)
    with capture_logs() as lines, delivering(store, router) as run:
        threads = [threading.Thread(target=run, args=(offer,)) for offer in offers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(line["delivery"] for line in lines) == sorted(offer.delivery_id for offer in offers)


def test_a_follow_up_call_is_told_with_the_attempt_it_belongs_to_and_counted(store: SqliteStore) -> None:
    def ask(ctx: Context[OrderEvent]) -> None:
        ctx.api.order_detail(ORDER)
        ctx.api.order_detail(ORDER)

    router, metrics = router_of(ask), Metrics()
    offer = offered(store, router, message(orderId=ORDER))
    unwell = Response(status=503, headers={}, body=b"")
    with delivering(store, router, send=Recorder(success({}), unwell), metrics=metrics) as run, capture_logs() as lines:
        run(offer)
    well, ill = (line for line in lines if line["event"] == "api.called")
    (attempt,) = attempts(lines)
    for line in (well, ill):
        assert [line[key] for key in ("handler", "attempt", "envelope", "order", "operation")] == [
            "shop",
            1,
            attempt["envelope"],
            ORDER,
            "1688.order.detail",
        ]
    assert (well["outcome"], ill["outcome"]) == ("answered", "ApiUnavailable")
    counted = metrics.exposition().decode()
    labels = 'account="pandapon",operation="1688.order.detail"'
    assert f'yizhan_api_calls_total{{{labels},outcome="answered"}} 1.0' in counted
    assert f'yizhan_api_calls_total{{{labels},outcome="ApiUnavailable"}} 1.0' in counted
    assert f"yizhan_api_seconds_count{{{labels}}} 2.0" in counted
