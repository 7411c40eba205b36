"""Whatever the bytes: open_callback() raises nothing but CallbackRejected, decode() nothing but Undecodable."""

import contextlib
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.accounts import Account
from receiver.envelope import Callback, StoredEnvelope
from receiver.errors import CallbackRejected, Undecodable
from receiver.sources import SOURCES
from receiver.sources.pandapon.words import TOPICS as TOPICS_PANDAPON

ACCOUNT = Account(
    name="main",
    source="pandapon",
    access_key="k{body}",
    secrets=("s",),
    signature_base=("{access_key}{body}", "{message_body}"),
)

KEYS = st.sampled_from(
    [
        *("messageBody", "data", "orderId", "refundId", "salesOrderId", "baseInfo", "idOfStr", "id", "batchPay"),
        *("orderLogsItems", "OrderLogisticsTracingModel", "MailNoChangeModel", "refundOrderAggregate", "refundOrder"),
        *("purchaseOrderLine", "purchase_id", "purchaseOrderId", "reverse_order_id", "refund_id", "trade_order_id"),
        *("business_time", "msgSendTime", "modifyTime", "payTime", "tbCreateTime", "site", "msgId", "timestamp", "x"),
    ]
)
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(2**63), max_value=2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", " ", "1", "20170913231708000-0700", "2018-05-30 19:24:18", '{"orderId":1}', "9" * 30, "{"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)
TOPIC_VALUES: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([*TOPICS_PANDAPON, "TAOBAO_", "1688_ORDER_CREATE", "0", "3", "8", "9", "11"]),
    st.sampled_from([0, 3, 8, 9, 11, 2.5, None, True, [], ""]),
    st.text(max_size=10),
)


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    topic = draw(TOPIC_VALUES)
    message: dict[str, Any] = {
        **draw(st.dictionaries(KEYS, VALUES, max_size=4)),
        **dict.fromkeys(("messageType", "message_type", "type"), topic),
        "messagePlatform": draw(SCALARS | st.sampled_from([0, 1, "0", "1"])),
        "messageBody": draw(VALUES | st.dictionaries(KEYS, VALUES, max_size=5)),
        "data": draw(VALUES | st.dictionaries(KEYS, VALUES, max_size=5)),
    }
    return orjson.dumps(message)


def stored(source_name: str, payload: bytes) -> StoredEnvelope:
    return StoredEnvelope(
        id="0",
        account="main",
        source=source_name,
        platform=None,
        topic=None,
        order_id=None,
        refund_id=None,
        state="stored",
        ambiguous=False,
        redeliveries=0,
        received_at=datetime(2026, 5, 20, tzinfo=UTC),
        error=None,
        payload=payload,
    )


every_source = pytest.mark.parametrize("name", sorted(SOURCES))
thorough = settings(max_examples=200, deadline=None)


@every_source
@thorough
@given(body=st.binary(max_size=200), signature=st.binary(max_size=80), field=st.sampled_from([b"_aop_", b"_dj_"]))
def test_whatever_the_bytes_an_unsigned_callback_is_refused(
    name: str, body: bytes, signature: bytes, field: bytes
) -> None:
    callback = Callback(headers=((b"authorization", signature),), body=body + b"&" + field + b"signature=" + signature)
    with pytest.raises(CallbackRejected):
        SOURCES[name].open_callback(callback, replace(ACCOUNT, source=name))
    SOURCES[name].topicless(callback)
    SOURCES[name].unsigned(callback)


@every_source
@thorough
@given(payload=st.binary(max_size=200))
def test_whatever_the_bytes_decode_raises_undecodable_alone(name: str, payload: bytes) -> None:
    with contextlib.suppress(Undecodable):
        SOURCES[name].decode(stored(name, payload))


@every_source
@thorough
@given(message=messages() | st.binary(max_size=100))
def test_whatever_is_signed_gets_in(name: str, message: bytes) -> None:
    account = replace(ACCOUNT, source=name)
    callback = SOURCES[name].sign(message, account)
    assert SOURCES[name].open_callback(callback, account).payload == callback.body


@every_source
@thorough
@given(message=messages())
def test_events_lie_where_the_envelope_is_filed(name: str, message: bytes) -> None:
    """The inbox tells repeats from news by the envelope's subjects, handlers act in the events' lanes: both are one."""
    account = replace(ACCOUNT, source=name)
    callback = SOURCES[name].sign(message, account)
    envelope = SOURCES[name].open_callback(callback, account)
    decode: Callable[[StoredEnvelope], Any] = SOURCES[name].decode
    try:
        events = decode(stored(name, callback.body))
    except Undecodable:
        return
    lanes = [event.lane for event in events if event.lane is not None]
    # The lane of a refund's event is its refund, whatever order it names too.
    named = [f"refund:{each}" for each in envelope.refund_ids] or [f"order:{each}" for each in envelope.order_ids]
    assert lanes == [f"{envelope.platform or '-'}:{subject}" for subject in named]
    assert {event.topic for event in events} == {envelope.topic}
