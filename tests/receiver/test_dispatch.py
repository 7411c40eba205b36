"""What is stored becomes one delivery for each event and handler; what cannot be read stops nothing."""

import dataclasses
from collections.abc import Mapping
from datetime import timedelta

import pytest
from builders import account, message
from steps import accept, claim, owe
from structlog.testing import capture_logs

from receiver import dispatch
from receiver.deliveries import Filters
from receiver.envelope import StoredEnvelope
from receiver.events import Event, OrderEvent, RefundEvent, Unrecognized
from receiver.logs import _exceptions_by_place
from receiver.routing import Context, Router
from receiver.sources import SOURCES
from receiver.sources.base import Source
from receiver.store.sqlite import SqliteStore

PHONE = "13800138000"


def note(ctx: Context[Event]) -> None: ...


def router_of(**handlers: type[Event]) -> Router:
    router = Router()
    for name, kind in handlers.items():
        router.on(kind, name=name)(note)
    return router


def run(store: SqliteStore, router: Router, sources: Mapping[str, Source] = SOURCES) -> int:
    return dispatch.dispatch(store, sources, router)


def states(store: SqliteStore) -> list[str]:
    """In the order of acceptance."""
    return [envelope.state for envelope in store.envelopes(Filters(), 1000)[::-1]]


def reads_badly(envelope: StoredEnvelope) -> tuple[Event, ...]:
    if b"poison" in envelope.payload:
        raise KeyError(PHONE)
    return SOURCES["pandapon"].decode(envelope)


def test_each_matching_handler_is_owed_its_own(store: SqliteStore) -> None:
    owed = owe(store, router_of(a=Event, b=OrderEvent, c=RefundEvent, d=OrderEvent), message(orderId="42"))
    assert [(one.handler, one.event, one.order_id) for one in owed] == [
        ("a", "order.paid", "42"),
        ("b", "order.paid", "42"),
        ("d", "order.paid", "42"),
    ]
    assert states(store) == ["dispatched"]


def test_each_order_of_a_batch_is_owed_its_own(store: SqliteStore) -> None:
    text = message("ORDER_BATCH_PAY", orderId=None, batchPay=[{"orderId": "1"}, {"orderId": "2"}, {"orderId": "3"}])
    owed = owe(store, router_of(a=OrderEvent, b=Event), text)
    assert [(one.order_id, one.handler) for one in owed] == [
        (order, handler) for order in "123" for handler in ("a", "b")
    ]
    assert len({one.envelope_id for one in owed}) == 1


def test_refund_is_owed_under_its_refund(store: SqliteStore) -> None:
    text = message("ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES", orderId="42", refundId="TQ7")
    (owed,) = owe(store, router_of(a=RefundEvent, b=OrderEvent), text)
    assert (owed.handler, owed.event, owed.order_id, owed.refund_id) == ("a", "refund.changed", "42", "TQ7")


def test_topic_nobody_knows_is_owed_to_who_asks_for_it(store: SqliteStore) -> None:
    owed = owe(store, router_of(a=Unrecognized, b=OrderEvent), message("ORDER_OF_TOMORROW"))
    assert [(one.handler, one.event) for one in owed] == [("a", "unrecognized")]


def test_event_that_nobody_asked_for_is_dispatched_all_the_same(store: SqliteStore) -> None:
    assert owe(store, router_of(a=RefundEvent)) == []
    assert states(store) == ["dispatched"]


def test_envelopes_are_dispatched_in_the_order_of_acceptance(store: SqliteStore) -> None:
    router = router_of(a=Event)
    accept(store, *(message(orderId=str(number)) for number in range(dispatch.BATCH + 20)))
    assert [run(store, router), run(store, router), run(store, router)] == [dispatch.BATCH, 20, 0]
    owed = store.deliveries(Filters(), 1000)[::-1]
    assert [one.order_id for one in owed] == [str(number) for number in range(dispatch.BATCH + 20)]


def test_nothing_is_dispatched_twice(store: SqliteStore) -> None:
    router = router_of(a=Event)
    owe(store, router)
    run(store, router)
    assert len(store.deliveries(Filters(), 10)) == 1


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (b"not json", "body: not JSON"),
        (b"[]", "body: expected an object"),
        (b'{"messageType": {}}', "messageType: expected the name of a topic"),
        (message("ORDER_PAY_SUCCESS", orderId=None), "messageBody.orderId: missing"),
        (message("ORDER_BATCH_PAY", orderId=None, batchPay=[{"orderId": {}}]), "messageBody.batchPay[0].orderId: "),
    ],
)
def test_unreadable_body_is_put_aside_with_path_and_reason(store: SqliteStore, text: bytes, error: str) -> None:
    router = router_of(a=Event)
    accept(store, message(), text, message())
    with capture_logs() as lines:
        assert run(store, router) == 3
    assert states(store) == ["dispatched", "unreadable", "dispatched"]
    (envelope,) = store.envelopes(Filters(state="unreadable"), 10)
    assert envelope.error is not None
    assert envelope.error.startswith(error)
    assert len(store.deliveries(Filters(), 10)) == 2
    (line,) = [line for line in lines if line["event"] == "envelope.unreadable"]
    assert (line["log_level"], line["envelope"], line["error"]) == ("warning", envelope.id, envelope.error)


def test_fault_of_a_decoder_puts_one_envelope_aside_and_quotes_nothing(store: SqliteStore) -> None:
    sources = {**SOURCES, "pandapon": dataclasses.replace(SOURCES["pandapon"], decode=reads_badly)}
    accept(store, message(), message(note="poison", phone=PHONE), message())
    with capture_logs(processors=[_exceptions_by_place]) as lines:
        run(store, router_of(a=Event), sources)
    assert states(store) == ["dispatched", "unreadable", "dispatched"]
    (envelope,) = store.envelopes(Filters(state="unreadable"), 10)
    assert envelope.error is not None
    assert envelope.error.startswith("fault in the decoder: KeyError at receiver/test_dispatch.py:")
    assert "envelope.decoder_failed" in [line["event"] for line in lines]
    assert PHONE not in repr(lines) + envelope.error


def test_envelope_of_a_source_that_is_gone_is_put_aside(store: SqliteStore) -> None:
    accept(store, message())
    accept(store, b'{"message_type":3,"data":{"purchase_id":"7"}}', of=account("taobao_global"))
    run(store, router_of(a=Event), {"taobao_global": SOURCES["taobao_global"]})
    assert states(store) == ["unreadable", "dispatched"]
    (envelope,) = store.envelopes(Filters(state="unreadable"), 10)
    assert envelope.error == "no source 'pandapon' in this version"


def test_dispatch_is_told_by_ids(store: SqliteStore) -> None:
    (envelope_id,) = accept(store, message(orderId="42", buyerName="PLANTED"))
    with capture_logs() as lines:
        run(store, router_of(a=Event, b=OrderEvent))
    (line,) = [line for line in lines if line["event"] == "envelope.dispatched"]
    assert (line["envelope"], line["order"]) == (envelope_id, "42")
    assert (line["events"], line["deliveries"]) == (["order.paid"], 2)
    assert "PLANTED" not in repr(lines)


def test_options_of_a_route_do_not_change_what_is_owed(store: SqliteStore) -> None:
    router = Router()
    router.on(OrderEvent, name="a", platform="1688", timeout=timedelta(seconds=1), max_attempts=1)(note)
    router.on(OrderEvent, name="b", platform="taobao")(note)
    assert [one.handler for one in owe(store, router)] == ["a"]


def test_handler_that_wants_no_order_has_no_lane(store: SqliteStore) -> None:
    """Two events of one order are due at once, and neither is spared for being old."""
    router = Router()
    router.on(OrderEvent, name="a", ordered=False)(note)
    owe(store, router, message("ORDER_CREATE", orderId="42"), message("ORDER_PAY_SUCCESS", orderId="42"))
    assert len(claim(store, router)) == 2
