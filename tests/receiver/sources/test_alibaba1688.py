"""1688: a form that signs itself, and messages that carry a number."""

from collections.abc import Callable

import pytest

from receiver.accounts import Account
from receiver.envelope import Callback, Envelope, StoredEnvelope
from receiver.errors import SignatureWrong, Undecodable
from receiver.events import RefundEvent, Unrecognized
from receiver.sources.alibaba1688 import ALIBABA1688
from receiver.sources.samples import Sample, samples

Stored = Callable[..., StoredEnvelope]

ACCOUNT = Account(name="main", source="alibaba1688", access_key="unused", secrets=("synthetic-secret",))

#: Signature under "synthetic-secret", order, refund.
SAMPLES: dict[str, tuple[bytes, str, str | None]] = {
    "LOGISTICS_BUYER_VIEW_TRACE": (b"A725CD2B02591369D4F0ECF5A9A6AD026CA77027", "2938624554509662976", None),
    "ORDER_BATCH_PAY": (b"150D31662114DB409E3520E7F8851AC6A593264C", "558880835194545941", None),
    "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS": (b"D74321033DDBE84A87EE8D069B21FA0963D78268", "167539019420540000", None),
    "ORDER_BUYER_VIEW_BUYER_MAKE": (b"1F36FF25D314D62D55AD3D399BEAF65263B5F7A2", "167539019420540000", None),
    "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE": (b"FEA0836EF8541BB5A99FCFF841F5679A2B2ABD2C", "167539019420540000", None),
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES": (
        b"78814F17349E395C5672A180FE489AA8B7713149",
        "1479266113491823456",
        "1234556",
    ),
    "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS": (
        b"91F38CC34CD405E81567581B88EED4503D8775D5",
        "167539019420540000",
        None,
    ),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY": (b"7E9F5E73EDACD00221A62DD0AC515BEFABA5C623", "167539019420540000", None),
    "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES": (
        b"6076F5D26371A38DCBE3C9F396393178796698A9",
        "161292821695900310",
        "1234567",
    ),
    "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE": (b"9B1F308F22CF80AF5896956FD89B848614168D6E", "167539019420540000", None),
    "ORDER_BUYER_VIEW_ORDER_STEP_PAY": (b"81F7CE676F6FF2F199E14462709A06280FA736B0", "167539019420540000", None),
    "ORDER_BUYER_VIEW_ORDER_SUCCESS": (b"061AE3DB7D2017F9B5601D0DCDB28D0BCBD1FC32", "167539019420540000", None),
    "ORDER_BUYER_VIEW_PART_PART_SENDGOODS": (b"C4F8D08DD7762F3EF1B98D2A9E6506881A8324CA", "167539019420540000", None),
}


def opened(message: str) -> Envelope:
    return ALIBABA1688.open_callback(ALIBABA1688.sign(message.encode(), ACCOUNT), ACCOUNT)


def payload(message: str) -> bytes:
    return ALIBABA1688.sign(message.encode(), ACCOUNT).body


def test_the_published_vector_of_five_parameters_holds() -> None:
    """No ``message`` among them: it verifies, and cannot be read."""
    body = (
        b"msgId=1001&gmtBorn=1700000000000&type=ORDER_CHANGED&userInfo=m1&data=%7B%22k%22%3A%22v%22%7D"
        b"&_aop_signature=4B20205134EA09C4C8D29CCAC26F6C179EB72C8E"
    )
    account = Account(name="main", source="alibaba1688", access_key="unused", secrets=("secretXYZ",))
    envelope = ALIBABA1688.open_callback(Callback(headers=(), body=body), account)
    assert (envelope.topic, envelope.identity.kind) == (None, "bytes")


def test_every_sample_is_in_the_table() -> None:
    assert [sample.name for sample in samples("alibaba1688")] == list(SAMPLES)


@pytest.mark.parametrize("sample", samples("alibaba1688"), ids=lambda sample: sample.name)
def test_a_sample_is_signed_as_recorded(sample: Sample) -> None:
    callback = ALIBABA1688.sign(sample.message, ACCOUNT)
    assert callback.body.endswith(b"&_aop_signature=" + SAMPLES[sample.name][0])


def test_a_recorded_form_is_opened_byte_for_byte() -> None:
    body = (
        b"message=%7B%22msgId%22%3A210252%2C%22gmtBorn%22%3A1392711616058%2C%22data%22%3A%7B%22batchPay%22%3A%5B%7B"
        b"%22orderId%22%3A%22558880835194545941%22%2C%22status%22%3A%22successed%22%7D%5D%7D%2C%22userInfo%22%3A%22b2b"
        b"-665170100%22%2C%22type%22%3A%22ORDER_BATCH_PAY%22%7D"
        b"&_aop_signature=150D31662114DB409E3520E7F8851AC6A593264C"
    )
    envelope = ALIBABA1688.open_callback(Callback(headers=(), body=body), ACCOUNT)
    assert (envelope.topic, envelope.order_ids) == ("ORDER_BATCH_PAY", ("558880835194545941",))


@pytest.mark.parametrize("sample", samples("alibaba1688"), ids=lambda sample: sample.name)
def test_a_sample_is_addressed(sample: Sample) -> None:
    _, order_id, refund_id = SAMPLES[sample.name]
    envelope = opened(sample.message.decode())
    assert (envelope.topic, envelope.platform, envelope.identity.kind) == (sample.topic, "1688", "message_id")
    assert (envelope.order_ids, envelope.refund_ids) == ((order_id,), (refund_id,) if refund_id else ())


@pytest.mark.parametrize("sample", samples("alibaba1688"), ids=lambda sample: sample.name)
def test_a_sample_becomes_one_event(sample: Sample, stored: Stored) -> None:
    _, order_id, refund_id = SAMPLES[sample.name]
    (event,) = ALIBABA1688.decode(stored("alibaba1688", payload(sample.message.decode())))
    assert isinstance(event, RefundEvent) is (refund_id is not None)
    assert (event.topic, event.platform, event.order_id, event.refund_id) == (sample.topic, "1688", order_id, refund_id)


def test_the_time_of_the_message_is_beijing_time(stored: Stored) -> None:
    text = '{"type":"ORDER_BATCH_X","data":{"orderId":1,"msgSendTime":"2018-05-30 19:24:18"},"gmtBorn":1392711616046}'
    (event,) = ALIBABA1688.decode(stored("alibaba1688", payload(text)))
    assert event.occurred_at is not None
    assert event.occurred_at.isoformat() == "2018-05-30T11:24:18+00:00"


def test_a_blank_time_is_none(stored: Stored) -> None:
    """As in the documented tracking message."""
    (sample,) = (sample for sample in samples("alibaba1688") if sample.name == "LOGISTICS_BUYER_VIEW_TRACE")
    (event,) = ALIBABA1688.decode(stored("alibaba1688", payload(sample.message.decode())))
    assert event.occurred_at is None


def test_the_number_of_a_message_makes_its_identity() -> None:
    first = opened('{"msgId":210240,"type":"A","data":{"orderId":1}}').identity
    again = opened('{"msgId":"210240","type":"A","data":{"orderId":1},"gmtBorn":2}').identity
    other = opened('{"msgId":210241,"type":"A","data":{"orderId":1}}').identity
    assert first.kind == "message_id"
    assert first.key == again.key
    assert first.key != other.key


def test_a_number_longer_than_64_bits_is_told_from_its_neighbour() -> None:
    first, second = (opened(f'{{"msgId":21024021024021024021024{last},"type":"A"}}') for last in (1, 2))
    assert first.identity.key != second.identity.key


def test_a_message_without_topic_is_known_by_its_bytes() -> None:
    assert opened('{"msgId":1,"data":{}}').identity.kind == "bytes"


def test_tracking_of_several_orders_becomes_several_events(stored: Stored) -> None:
    items = '[{"orderId":2938624554509662976},{"orderId":"7"},{"orderId":7}]'
    text = f'{{"type":"LOGISTICS_MAIL_NO_CHANGE","data":{{"MailNoChangeModel":{{"orderLogsItems":{items}}}}}}}'
    events = ALIBABA1688.decode(stored("alibaba1688", payload(text)))
    assert [event.order_id for event in events] == ["2938624554509662976", "7"]


def test_an_unknown_topic_is_unrecognized(stored: Stored) -> None:
    (event,) = ALIBABA1688.decode(stored("alibaba1688", payload('{"type":"NEW","data":{"orderId":1}}')))
    assert (type(event), event.order_id) == (Unrecognized, "1")


def test_a_field_more_is_signed_with_the_others() -> None:
    """Sorted by key + value, whatever the order on the wire. HMAC-SHA1 of ``a1b2message{"type":"A"}``."""
    body = b"message=%7B%22type%22%3A%22A%22%7D&b=2&_aop_signature=SIGNATURE&a=1"
    signature = b"f7a65b4b88756135de9668c5ea8bb1bd63ab50e2"
    callback = Callback(headers=(), body=body.replace(b"SIGNATURE", signature))
    assert ALIBABA1688.open_callback(callback, ACCOUNT).topic == "A"


def test_two_messages_verify_and_cannot_be_read(stored: Stored) -> None:
    """HMAC-SHA1 of ``message{"type":"A"}message{"type":"B"}``."""
    body = b'message={"type":"B"}&message={"type":"A"}&_aop_signature=SIGNATURE'
    body = body.replace(b"SIGNATURE", b"1d43f2ff9ecc4f6e88e99e5af9a7c1b0260bdaa3")
    envelope = ALIBABA1688.open_callback(Callback(headers=(), body=body), ACCOUNT)
    assert (envelope.topic, envelope.identity.kind) == (None, "bytes")
    with pytest.raises(Undecodable, match="message: given more than once"):
        ALIBABA1688.decode(stored("alibaba1688", body))


def test_two_signatures_are_wrong_though_one_holds() -> None:
    body = payload('{"type":"A"}')
    with pytest.raises(SignatureWrong):
        ALIBABA1688.open_callback(Callback(headers=(), body=body + b"&_aop_signature=00"), ACCOUNT)


def test_a_form_of_too_many_fields_is_refused_unsorted() -> None:
    body = payload('{"type":"A"}') + b"&x=1" * 100
    with pytest.raises(SignatureWrong):
        ALIBABA1688.open_callback(Callback(headers=(), body=body), ACCOUNT)


@pytest.mark.parametrize(
    ("body", "path", "problem"),
    [
        (b"", "message", "missing"),
        (b"a=1", "message", "missing"),
        (b"&" * 200, "message", "the form has too many fields"),
        (b"message=", "message", "not JSON"),
        (b"message=%5B%5D", "message", "expected an object"),
        (b"message={}", "type", "missing"),
        (b'message={"type":1}', "type", "expected the name of a topic"),
        (b'message={"type":"ORDER_BATCH_PAY","data":{}}', "data.batchPay[].orderId", "missing"),
        (b'message={"type":"ORDER_BATCH_PAY","data":{"batchPay":{}}}', "data.batchPay", "expected a list"),
        (b'message={"type":"ORDER_BATCH_PAY","data":{"batchPay":[]}}', "data.batchPay", "empty"),
        (b'message={"type":"ORDER_BATCH_PAY","data":{"batchPay":[1]}}', "data.batchPay[0]", "expected an object"),
        (b'message={"type":"ORDER_BUYER_VIEW_ORDER_SUCCESS","data":{}}', "data.orderId", "missing"),
    ],
)
def test_an_undecodable_message_names_the_path_of_its_fault(
    body: bytes, path: str, problem: str, stored: Stored
) -> None:
    with pytest.raises(Undecodable) as caught:
        ALIBABA1688.decode(stored("alibaba1688", body))
    assert (caught.value.path, caught.value.problem) == (path, problem)
