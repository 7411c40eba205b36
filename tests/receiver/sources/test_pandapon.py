"""PandaPon: both ways to write a body, platform and topic, and what each sample says."""

from collections.abc import Callable

import pytest

from receiver.accounts import Account
from receiver.envelope import Envelope, StoredEnvelope
from receiver.events import RefundEvent
from receiver.sources.pandapon import PANDAPON
from receiver.sources.samples import Sample, samples

Stored = Callable[..., StoredEnvelope]

ACCOUNT = Account(
    name="main", source="pandapon", access_key="synthetic-access-key", secrets=("synthetic-access-secret",)
)

SAMPLES = {
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.1688.object": ("1688", "3296711100591134260", "TQxxxxxxxxxxxx"),
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.1688.text": ("1688", "3296711100591134260", "TQxxxxxxxxxxxx"),
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.taobao.object": ("taobao", "88", "200000000001"),
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.taobao.text": ("taobao", "88", "200000000001"),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688.flat": ("1688", "3305075341149134260", None),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688.object": ("1688", "58218860983545941", None),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688.text": ("1688", "58218860983545941", None),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.taobao.object": ("taobao", "88", None),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.taobao.text": ("taobao", "88", None),
    "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.1688.object": ("1688", "58218860983545941", None),
    "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.1688.text": ("1688", "58218860983545941", None),
    "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.taobao.object": ("taobao", "88", None),
    "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.taobao.text": ("taobao", "88", None),
    "ORDER_CREATE": ("1688", "3305075341149134260", None),
    "ORDER_PAY_SUCCESS": ("1688", "3305075341149134260", None),
}


def opened(message: bytes | str) -> Envelope:
    text = message.encode() if isinstance(message, str) else message
    return PANDAPON.open_callback(PANDAPON.sign(text, ACCOUNT), ACCOUNT)


def test_every_sample_is_in_the_table() -> None:
    assert [sample.name for sample in samples("pandapon")] == list(SAMPLES)


@pytest.mark.parametrize("sample", samples("pandapon"), ids=lambda sample: sample.name)
def test_a_sample_is_addressed(sample: Sample) -> None:
    platform, order_id, refund_id = SAMPLES[sample.name]
    envelope = opened(sample.message)
    assert (envelope.topic, envelope.platform) == (sample.topic, platform)
    assert envelope.order_ids == (order_id,)
    assert envelope.refund_ids == ((refund_id,) if refund_id else ())


@pytest.mark.parametrize("sample", samples("pandapon"), ids=lambda sample: sample.name)
def test_a_sample_becomes_one_event(sample: Sample, stored: Stored) -> None:
    platform, order_id, refund_id = SAMPLES[sample.name]
    (event,) = PANDAPON.decode(stored("pandapon", sample.message))
    assert isinstance(event, RefundEvent) is (refund_id is not None)
    assert (event.topic, event.platform) == (sample.topic, platform)
    assert (event.order_id, event.refund_id) == (order_id, refund_id)


@pytest.mark.parametrize(
    "name",
    [
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.1688",
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.taobao",
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688",
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.taobao",
        "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.1688",
        "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.taobao",
    ],
)
def test_a_body_as_object_and_as_text_is_the_same_message(name: str, stored: Stored) -> None:
    by_name = {sample.name: sample.message for sample in samples("pandapon")}
    as_object, as_text = by_name[f"{name}.object"], by_name[f"{name}.text"]
    assert opened(as_object).identity.key == opened(as_text).identity.key
    assert PANDAPON.decode(stored("pandapon", as_object)) == PANDAPON.decode(stored("pandapon", as_text))


@pytest.mark.parametrize(
    ("fields", "platform"),
    [
        ('"messagePlatform":0', "taobao"),
        ('"messagePlatform":"0"', "taobao"),
        ('"messagePlatform":1', "1688"),
        ('"messagePlatform":"1"', "1688"),
        ('"messagePlatform":null', None),
        ('"messagePlatform":2', None),
        ('"messagePlatform":true', None),
        ('"messagePlatform":[1]', None),
        ('"timestamp":1779263269913', None),
    ],
)
def test_the_platform_is_told_by_number_or_text(fields: str, platform: str | None) -> None:
    assert opened(f'{{"messageType":"ORDER_CREATE","messageBody":{{"orderId":"1"}},{fields}}}').platform == platform


@pytest.mark.parametrize(
    ("topic", "number", "platform"),
    [
        ("TAOBAO_ORDER_CREATE", "null", "taobao"),
        ("1688_ORDER_CREATE", "null", "1688"),
        ("1688_ORDER_CREATE", '""', "1688"),
        ("TAOBAO_ORDER_CREATE", "1", "1688"),
        ("TAOBAO_ORDER_CREATE", "7", None),
    ],
)
def test_a_prefix_is_stripped_and_tells_the_platform_where_no_number_does(
    topic: str, number: str, platform: str | None
) -> None:
    envelope = opened(f'{{"messageType":"{topic}","messageBody":{{"orderId":"1"}},"messagePlatform":{number}}}')
    assert (envelope.topic, envelope.platform) == ("ORDER_CREATE", platform)


def test_a_prefix_and_a_number_make_the_same_message() -> None:
    by_prefix = opened('{"messageType":"1688_ORDER_CREATE","messageBody":{"orderId":"1"}}')
    by_number = opened('{"messageType":"ORDER_CREATE","messageBody":{"orderId":"1"},"messagePlatform":1}')
    assert by_prefix.identity.key == by_number.identity.key


def test_an_unknown_platform_number_tells_messages_apart() -> None:
    two, three = (
        opened(f'{{"messageType":"ORDER_CREATE","messageBody":{{"orderId":"1"}},"messagePlatform":{number}}}')
        for number in (2, 3)
    )
    assert two.identity.key != three.identity.key


def test_a_business_time_tells_messages_apart() -> None:
    first, second = (
        opened(f'{{"messageType":"ORDER_CREATE","messageBody":{{"orderId":"1","payTime":{n}}}}}') for n in (1, 2)
    )
    assert first.identity.key != second.identity.key


def test_the_id_in_text_is_believed_before_the_number() -> None:
    """In the documented order detail the number has lost its last digits."""
    body = '{"baseInfo":{"id":58218860983545944,"idOfStr":"58218860983545941"}}'
    envelope = opened(f'{{"messageType":"ORDER_X","messageBody":{body},"messagePlatform":1}}')
    assert envelope.order_ids == ("58218860983545941",)


def test_a_taobao_order_is_never_known_by_the_number_of_its_purchase_order() -> None:
    """A refund names salesOrderId alone: under another number it would not meet its order."""
    body = '{"subOrders":[{"purchase_order_outer_id":"74"}]}'
    envelope = opened(f'{{"messageType":"ORDER_CREATE","messageBody":{body},"messagePlatform":0}}')
    assert envelope.order_ids == ()


def test_a_message_body_that_cannot_be_read_leaves_topic_and_platform() -> None:
    envelope = opened('{"messageType":"ORDER_CREATE","messageBody":"{broken","messagePlatform":1}')
    assert (envelope.topic, envelope.platform, envelope.subjects) == ("ORDER_CREATE", "1688", ())


@pytest.mark.parametrize(
    "message", [b'{"messageBody":{}}', b'{"messageType":null}', b'{"messageType":3}', b'{"messageType":"TAOBAO_"}']
)
def test_a_message_without_topic_is_known_by_its_bytes(message: bytes) -> None:
    envelope = opened(message)
    assert (envelope.topic, envelope.identity.kind) == (None, "bytes")
