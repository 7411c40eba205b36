"""PandaPon: what becomes of a message, and how a faulty one is told."""

import json
from collections.abc import Callable

import pytest

from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import Unrecognized
from receiver.sources.pandapon import PANDAPON

Stored = Callable[..., StoredEnvelope]


def test_a_batch_payment_becomes_one_event_an_order(stored: Stored) -> None:
    message = b'{"messageType":"ORDER_BATCH_PAY","messageBody":{"batchPay":[{"orderId":"1"},{"orderId":2}]}}'
    assert [event.order_id for event in PANDAPON.decode(stored("pandapon", message))] == ["1", "2"]


def test_an_unknown_topic_is_unrecognized_and_keeps_its_order(stored: Stored) -> None:
    message = b'{"messageType":"ORDER_TELEPORTED","messageBody":{"orderId":"1"},"messagePlatform":1}'
    (event,) = PANDAPON.decode(stored("pandapon", message))
    assert type(event) is Unrecognized
    assert (event.topic, event.order_id, event.lane) == ("ORDER_TELEPORTED", "1", "1688:order:1")


def test_an_unknown_topic_without_any_id_is_unrecognized(stored: Stored) -> None:
    (event,) = PANDAPON.decode(stored("pandapon", b'{"messageType":"HELLO"}'))
    assert (type(event), event.lane) == (Unrecognized, None)


def test_a_topic_whose_body_no_page_shows_may_name_no_order(stored: Stored) -> None:
    message = b'{"messageType":"ORDER_BUYER_VIEW_MODIFY_MEMO","messageBody":{"memo":"x"},"messagePlatform":1}'
    (event,) = PANDAPON.decode(stored("pandapon", message))
    assert type(event) is Unrecognized


@pytest.mark.parametrize(
    ("message", "path", "problem"),
    [
        ("[]", "body", "expected an object"),
        ("{", "body", "not JSON"),
        ("", "body", "not JSON"),
        ("{}", "messageType", "missing"),
        ('{"messageType":3}', "messageType", "expected the name of a topic"),
        ('{"messageType":"X","messageBody":"{"}', "messageBody", "not JSON"),
        ('{"messageType":"X","messageBody":"[]"}', "messageBody", "expected an object"),
        ('{"messageType":"X","messageBody":[]}', "messageBody", "expected an object"),
        ('{"messageType":"ORDER_CREATE"}', "messageBody", "missing"),
        ('{"messageType":"1688_ORDER_CREATE","messageBody":{}}', "messageBody.orderId", "missing"),
        ('{"messageType":"TAOBAO_ORDER_CREATE","messageBody":{}}', "messageBody.salesOrderId", "missing"),
        (
            '{"messageType":"ORDER_CREATE","messageBody":{"orderId":[1]}}',
            "messageBody.orderId",
            "expected an id: text or a whole number",
        ),
        (
            '{"messageType":"ORDER_CREATE","messageBody":{"baseInfo":7}}',
            "messageBody.baseInfo",
            "expected an object",
        ),
        (
            '{"messageType":"ORDER_BUYER_VIEW_ORDER_BUYER_REFUND","messageBody":{"orderId":"1"}}',
            "messageBody.refundId",
            "missing",
        ),
        (
            '{"messageType":"ORDER_BUYER_VIEW_ORDER_BUYER_REFUND","messageBody":{"refundOrderAggregate":{}}}',
            "messageBody.refundOrderAggregate.refundOrder.refundId",
            "missing",
        ),
        (
            '{"messageType":"ORDER_BATCH_PAY","messageBody":{"batchPay":[{"orderId":"1"},{}]}}',
            "messageBody.batchPay[1].orderId",
            "missing",
        ),
    ],
)
def test_an_undecodable_message_names_the_path_of_its_fault(
    message: str, path: str, problem: str, stored: Stored
) -> None:
    with pytest.raises(Undecodable) as caught:
        PANDAPON.decode(stored("pandapon", message.encode()))
    assert (caught.value.path, caught.value.problem) == (path, problem)


@pytest.mark.parametrize(
    ("topic", "body", "occurred_at"),
    [
        ("ORDER_CREATE", {"tbCreateTime": "2026-05-20 15:40:00"}, "2026-05-20T07:40:00+00:00"),
        ("ORDER_PAY_SUCCESS", {"payTime": "2026-05-20 15:41:00"}, "2026-05-20T07:41:00+00:00"),
        ("ORDER_CANCEL", {"payTime": "2026-05-20 15:41:00"}, None),
        ("ORDER_X", {"baseInfo": {"modifyTime": "20170913234725000-0700"}}, "2017-09-14T06:47:25+00:00"),
        ("ORDER_X", {"msgSendTime": "2018-05-30 19:24:18"}, "2018-05-30T11:24:18+00:00"),
        ("ORDER_X", {"msgSendTime": "soon"}, None),
    ],
)
def test_an_event_is_dated_by_its_body_and_never_by_the_push(
    topic: str, body: dict[str, object], occurred_at: str | None, stored: Stored
) -> None:
    message = {"messageType": topic, "messageBody": {"orderId": "1", **body}, "timestamp": "1779263269913"}
    (event,) = PANDAPON.decode(stored("pandapon", json.dumps({**message, "messagePlatform": 1}).encode()))
    assert (event.occurred_at and event.occurred_at.isoformat()) == occurred_at


def test_the_event_holds_the_message_with_its_body_parsed(stored: Stored) -> None:
    message = b'{"messageType":"X","messageBody":"{\\"orderId\\":\\"1\\"}","timestamp":"1779263269913"}'
    (event,) = PANDAPON.decode(stored("pandapon", message))
    assert event.raw == {"messageType": "X", "messageBody": {"orderId": "1"}, "timestamp": "1779263269913"}


def test_every_topic_has_a_family() -> None:
    topics = PANDAPON.topics
    assert topics["ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY"].family == "order"
    assert topics["ORDER_BUYER_VIEW_ORDER_BUYER_REFUND"].family == "refund"
    assert topics["LOGISTICS_BUYER_VIEW_TRACE"].family == "shipment"
