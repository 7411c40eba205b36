"""dajisaas: the form of 1688 around the messages of Taobao Global."""

from collections.abc import Callable

import pytest

from receiver.accounts import Account
from receiver.envelope import Callback, Envelope, StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import OrderPaid, RefundChanged, Unrecognized
from receiver.sources.dajisaas import DAJISAAS
from receiver.sources.samples import samples

Stored = Callable[..., StoredEnvelope]

ACCOUNT = Account(name="main", source="dajisaas", access_key="unused", secrets=("synthetic-secret",))


def opened(message: str) -> Envelope:
    return DAJISAAS.open_callback(DAJISAAS.sign(message.encode(), ACCOUNT), ACCOUNT)


def payload(message: str) -> bytes:
    return DAJISAAS.sign(message.encode(), ACCOUNT).body


def test_the_recorded_form_is_what_the_sample_is_signed_to() -> None:
    (sample,) = samples("dajisaas")
    body = DAJISAAS.sign(sample.message, ACCOUNT).body
    assert body.startswith(b"message=%7B%22seller_id%22%3A%222100000927014%22%2C%22message_type%22%3A3%2C%22data%22")
    assert body.endswith(b"&_dj_signature=BF999D2E18AC88ECECBAB685EF7E56284F9C69CC")


def test_the_signature_of_1688_does_not_count_here() -> None:
    body = payload('{"message_type":3}').replace(b"_dj_signature", b"_aop_signature")
    assert DAJISAAS.unsigned(Callback(headers=(), body=body))


def test_the_sample_is_addressed() -> None:
    (sample,) = samples("dajisaas")
    envelope = opened(sample.message.decode())
    assert (envelope.topic, envelope.platform, envelope.order_ids) == ("3", "taobao", ("200002638011",))


def test_the_sample_becomes_an_event_of_its_order(stored: Stored) -> None:
    (sample,) = samples("dajisaas")
    (event,) = DAJISAAS.decode(stored("dajisaas", payload(sample.message.decode())))
    assert type(event) is OrderPaid
    assert event.order_id == "200002638011"
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2022-04-26T02:21:27.564000+00:00"


def test_a_price_change_names_its_purchase_order(stored: Stored) -> None:
    text = '{"message_type":8,"data":{"salesOrderId":"7","purchaseOrderId":200002638011}}'
    assert [event.order_id for event in DAJISAAS.decode(stored("dajisaas", payload(text)))] == ["200002638011"]


@pytest.mark.parametrize("key", ["type", "message_type"])
def test_a_topic_of_1688_is_read_in_1688s_shape(key: str, stored: Stored) -> None:
    text = f'{{"{key}":"ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES","data":{{"orderId":1,"refundId":"2"}}}}'
    (event,) = DAJISAAS.decode(stored("dajisaas", payload(text)))
    assert type(event) is RefundChanged
    assert (event.platform, event.order_id, event.refund_id) == ("1688", "1", "2")


@pytest.mark.parametrize(("site", "platform"), [("1688", "1688"), ("taobao_hk", "taobao"), ("lazada_vn", None)])
def test_the_site_tells_the_platform(site: str, platform: str | None) -> None:
    assert opened(f'{{"message_type":77,"data":{{"orderId":1}},"site":"{site}"}}').platform == platform


def test_an_unknown_type_is_unrecognized_and_keeps_its_order(stored: Stored) -> None:
    (event,) = DAJISAAS.decode(stored("dajisaas", payload('{"message_type":77,"data":{"orderId":1}}')))
    assert (type(event), event.topic, event.order_id) == (Unrecognized, "77", "1")


@pytest.mark.parametrize(
    ("text", "path"),
    [("{}", "message_type"), ('{"message_type":3,"data":{}}', "data.purchase_id"), ("[]", "message")],
)
def test_an_undecodable_message_names_the_path_of_its_fault(text: str, path: str, stored: Stored) -> None:
    with pytest.raises(Undecodable) as caught:
        DAJISAAS.decode(stored("dajisaas", payload(text)))
    assert caught.value.path == path
