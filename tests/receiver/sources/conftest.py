"""What the tests of sources share: every source in turn, an account there, and messages in its shape."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from receiver.accounts import Account
from receiver.envelope import Callback, StoredEnvelope
from receiver.sources import SOURCES
from receiver.sources.base import Source

MESSAGES = {
    "pandapon": (
        '{"messageType":"<topic>","messageBody":{"orderId":<order>,"note":<note>},"messagePlatform":1,"timestamp":"<pushed>"}'
    ),
    "taobao_global": (
        '{"seller_id":"21","message_type":<topic>,"data":{"purchase_id":<order>,"note":<note>},"timestamp":<pushed>,'
        '"site":"taobao_hk"}'
    ),
    "alibaba1688": '{"gmtBorn":<pushed>,"data":{"orderId":<order>,"note":<note>},"userInfo":"b2b-1","type":"<topic>"}',
    "dajisaas": (
        '{"seller_id":"21","message_type":<topic>,"data":{"purchase_id":<order>,"note":<note>},"timestamp":<pushed>,'
        '"site":"taobao_hk"}'
    ),
}

TOPICS = {
    "pandapon": ("ORDER_CREATE", "ORDER_CANCEL"),
    "taobao_global": ("3", "8"),
    "alibaba1688": ("ORDER_BUYER_VIEW_BUYER_MAKE", "ORDER_BUYER_VIEW_ORDER_SUCCESS"),
    "dajisaas": ("3", "8"),
}


@pytest.fixture(params=sorted(SOURCES))
def source(request: pytest.FixtureRequest) -> Source:
    return SOURCES[request.param]


@pytest.fixture
def account(source: Source) -> Account:
    return Account(name="main", source=source.name, access_key="synthetic-key", secrets=("synthetic-secret",))


@pytest.fixture
def write(source: Source) -> Callable[..., bytes]:
    """A message of an order: ``order`` and ``note`` are JSON, ``topic`` is 0 or 1, ``pushed`` the time of the push."""

    def build(
        *, order: str = "3305075341149134260", note: str = '""', topic: int = 0, pushed: int = 1779263269913
    ) -> bytes:
        text = MESSAGES[source.name].replace("<topic>", TOPICS[source.name][topic])
        return text.replace("<order>", order).replace("<pushed>", str(pushed)).replace("<note>", note).encode()

    return build


@pytest.fixture
def resigned() -> Callable[[Callback, Callable[[bytes], bytes]], Callback]:
    """The callback with its signature changed, wherever it stands."""

    def build(callback: Callback, change: Callable[[bytes], bytes]) -> Callback:
        value = callback.header(b"authorization")
        if value is not None:
            return Callback(headers=((b"authorization", change(value)),), body=callback.body)
        front, equals, value = callback.body.rpartition(b"=")
        return Callback(headers=callback.headers, body=front + equals + change(value))

    return build


@pytest.fixture
def unsigned() -> Callable[[Callback], Callback]:
    """The callback without its header, or without its field."""

    def build(callback: Callback) -> Callback:
        return Callback(headers=(), body=callback.body.partition(b"&_")[0])

    return build


@pytest.fixture
def stored() -> Callable[..., StoredEnvelope]:
    """The envelope of this payload, as the inbox would give it."""

    def build(source_name: str, payload: bytes, *, ambiguous: bool = False) -> StoredEnvelope:
        return StoredEnvelope(
            id="0197f0e0-0000-7000-8000-000000000001",
            account="main",
            source=source_name,
            platform=None,
            topic=None,
            order_id=None,
            refund_id=None,
            state="stored",
            ambiguous=ambiguous,
            redeliveries=0,
            received_at=datetime(2026, 5, 20, tzinfo=UTC),
            error=None,
            payload=payload,
        )

    return build
