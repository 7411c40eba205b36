"""Taobao Global: numbered messages signed in a header."""

from collections.abc import Callable
from typing import Any

import pytest

from receiver.accounts import Account
from receiver.envelope import Envelope, StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import OrderPaid, OrderStatusChanged, RefundChanged, RefundRequested, Unrecognized
from receiver.sources.samples import Sample, samples
from receiver.sources.taobao_global import TAOBAO_GLOBAL

Stored = Callable[..., StoredEnvelope]

ACCOUNT = Account(
    name="main", source="taobao_global", access_key="synthetic-access-key", secrets=("synthetic-access-secret",)
)

SAMPLES: dict[str, tuple[Any, ...]] = {
    "0.reverse_order": (RefundChanged, None, ("252883361348153",), ("501977696648153",), "2020-10-26T09:14:23+00:00"),
    "3": (OrderPaid, "taobao", ("200002638011",), (), "2022-04-26T02:21:27.564000+00:00"),
    "9": (RefundRequested, "taobao", (), ("200000000001",), None),
}


def opened(message: str | bytes) -> Envelope:
    text = message.encode() if isinstance(message, str) else message
    return TAOBAO_GLOBAL.open_callback(TAOBAO_GLOBAL.sign(text, ACCOUNT), ACCOUNT)


def test_the_base_is_key_and_body() -> None:
    """The vector published for the same rule at PandaPon."""
    body = (
        b'{"messageType":"ORDER_CREATE","messageBody":"{\\"orderId\\":\\"3305075341149134260\\",'
        b'\\"orderNo\\":\\"PO202605200001\\",\\"orderStatus\\":\\"WAITING_FOR_PAYMENT\\",\\"payStatus\\":1,'
        b'\\"totalAmount\\":10000,\\"shippingFee\\":500,\\"productAmount\\":9500,\\"refundAmount\\":0,'
        b'\\"refundStatus\\":null,\\"closeReason\\":null,\\"tbCreateTime\\":\\"2026-05-20 15:40:00\\",'
        b'\\"payTime\\":null}","messagePlatform":1,"timestamp":"1779263269913"}'
    )
    assert TAOBAO_GLOBAL.sign(body, ACCOUNT).headers == (
        (b"content-type", b"application/json"),
        (b"authorization", b"8eba49b39069fbbf9ebe33811f73ce3555dba0ecb175142adbe69e4302123097"),
    )


def test_every_sample_is_in_the_table() -> None:
    assert [sample.name for sample in samples("taobao_global")] == list(SAMPLES)


@pytest.mark.parametrize("sample", samples("taobao_global"), ids=lambda sample: sample.name)
def test_a_sample_is_addressed(sample: Sample) -> None:
    _, platform, order_ids, refund_ids, _ = SAMPLES[sample.name]
    envelope = opened(sample.message)
    assert (envelope.topic, envelope.platform) == (sample.topic, platform)
    assert (envelope.order_ids, envelope.refund_ids) == (order_ids, refund_ids)


@pytest.mark.parametrize("sample", samples("taobao_global"), ids=lambda sample: sample.name)
def test_a_sample_becomes_one_event(sample: Sample, stored: Stored) -> None:
    kind, platform, order_ids, refund_ids, occurred_at = SAMPLES[sample.name]
    (event,) = TAOBAO_GLOBAL.decode(stored("taobao_global", sample.message))
    assert type(event) is kind
    assert (event.platform, event.topic) == (platform, sample.topic)
    assert (event.order_id, event.refund_id) == (next(iter(order_ids), None), next(iter(refund_ids), None))
    assert (event.occurred_at and event.occurred_at.isoformat()) == occurred_at


def test_a_price_change_names_its_purchase_order() -> None:
    envelope = opened('{"message_type":8,"data":{"salesOrderId":"7","purchaseOrderId":200002638011}}')
    assert (envelope.topic, envelope.order_ids) == ("8", ("200002638011",))


def test_type_0_is_an_order_or_a_refund_as_its_data_tells(stored: Stored) -> None:
    order = b'{"message_type":0,"data":{"trade_order_id":"1"}}'
    refund = b'{"message_type":0,"data":{"trade_order_id":"1","reverse_order_id":"2"}}'
    assert [type(event) for event in TAOBAO_GLOBAL.decode(stored("taobao_global", order))] == [OrderStatusChanged]
    assert [event.refund_id for event in TAOBAO_GLOBAL.decode(stored("taobao_global", refund))] == ["2"]


def test_a_reverse_order_may_be_named_either_way() -> None:
    assert opened('{"message_type":9,"data":{"reverse_order_id":"5"}}').refund_ids == ("5",)


@pytest.mark.parametrize(
    ("site", "platform"),
    [('"taobao_hk"', "taobao"), ("null", "taobao"), ('""', "taobao"), ('"lazada_vn"', None), ('"daraz_pk"', None)],
)
def test_the_site_tells_whether_it_is_taobao(site: str, platform: str | None) -> None:
    assert opened(f'{{"message_type":3,"data":{{"purchase_id":1}},"site":{site}}}').platform == platform


def test_the_type_may_be_text() -> None:
    assert opened('{"message_type":"3","data":{"purchase_id":1}}').topic == "3"


def test_a_product_message_is_unrecognized(stored: Stored) -> None:
    (event,) = TAOBAO_GLOBAL.decode(stored("taobao_global", b'{"message_type":11,"data":{"item_id":1}}'))
    assert (type(event), event.topic, event.lane) == (Unrecognized, "11", None)


@pytest.mark.parametrize(
    ("message", "path", "problem"),
    [
        ("nothing", "body", "not JSON"),
        ('{"data":{}}', "message_type", "missing"),
        ('{"message_type":3.5}', "message_type", "expected the name of a topic"),
        ('{"message_type":3}', "data", "missing"),
        ('{"message_type":3,"data":[]}', "data", "expected an object"),
        ('{"message_type":3,"data":{}}', "data.purchase_id", "missing"),
        (
            '{"message_type":3,"data":{"purchase_id":1.5}}',
            "data.purchase_id",
            "expected an id: text or a whole number",
        ),
        ('{"message_type":8,"data":{}}', "data.purchaseOrderId", "missing"),
        ('{"message_type":9,"data":{}}', "data.refund_id", "missing"),
        (
            '{"message_type":0,"data":{"reverse_order_id":[]}}',
            "data.reverse_order_id",
            "expected an id: text or a whole number",
        ),
    ],
)
def test_an_undecodable_message_names_the_path_of_its_fault(
    message: str, path: str, problem: str, stored: Stored
) -> None:
    with pytest.raises(Undecodable) as caught:
        TAOBAO_GLOBAL.decode(stored("taobao_global", message.encode()))
    assert (caught.value.path, caught.value.problem) == (path, problem)


def test_every_documented_type_has_a_family() -> None:
    families = {name: topic.family for name, topic in TAOBAO_GLOBAL.topics.items()}
    assert families == {"0": "order", "3": "order", "8": "order", "9": "refund"}
