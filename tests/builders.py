"""What tests are made of: one call each, with defaults that a reader need not look at."""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson

from receiver import identity
from receiver.accounts import Account
from receiver.deliveries import NewDelivery
from receiver.envelope import Callback, Envelope, StoredEnvelope
from receiver.events import Event
from receiver.sources import SOURCES

_order_ids = itertools.count(3_305_075_341_149_134_260)


class Clock:
    """A store's clock that a test sets, in milliseconds since 1970."""

    def __init__(self) -> None:
        self.now = 1_779_263_269_913
        #: Told of the time whenever it is set: the clock of a store that is a server's is there.
        self.on_set: Callable[[int], None] = lambda _: None

    def __call__(self) -> int:
        return self.now

    def pass_time(self, *, seconds: float) -> None:
        self.now += round(seconds * 1000)
        self.on_set(self.now)


def account(source: str = "pandapon", **changes: Any) -> Account:
    values: dict[str, Any] = {
        "name": source,
        "source": source,
        "access_key": "test-key",
        "secrets": ("test-secret",),
        **changes,
    }
    return Account(**values)


def new_order_id() -> str:
    """A 19-digit order id that no other call returned."""
    return str(next(_order_ids))


def message(topic: str = "ORDER_PAY_SUCCESS", *, push_time: str = "1779263269913", **body: Any) -> bytes:
    """A PandaPon message about an order of 1688, as the platform writes it."""
    content = {"orderId": new_order_id(), "orderStatus": "WAITING_FOR_SENT", "payStatus": 2, **body}
    return orjson.dumps(
        {
            "messageType": topic,
            "messageBody": orjson.dumps(content).decode(),
            "messagePlatform": 1,
            "timestamp": push_time,
        }
    )


def callback(text: bytes | None = None, *, of: Account | None = None) -> Callback:
    """A genuine callback."""
    signer = of or account()
    return SOURCES[signer.source].sign(message() if text is None else text, signer)


def decoded(text: bytes, source: str = "pandapon") -> tuple[Event, ...]:
    """What the genuine callback of this message becomes."""
    body = callback(text, of=account(source)).body
    return SOURCES[source].decode(stored(body, source=source, account=source))


def envelope(
    topic: str = "ORDER_PAY_SUCCESS",
    *,
    order_ids: tuple[str, ...] | None = None,
    refund_ids: tuple[str, ...] = (),
    content: Mapping[str, Any] | None = None,
    push_time: str = "1",
    message_id: str | None = None,
) -> Envelope:
    """A verified callback, with the identity of its content or of its message id."""
    orders = (new_order_id(),) if order_ids is None else order_ids
    body = dict(content or {"orders": orders, "refunds": refund_ids})
    payload = orjson.dumps({"topic": topic, "body": body, "pushed": push_time})
    return Envelope(
        account="main",
        source="pandapon",
        platform="1688",
        topic=topic,
        order_ids=orders,
        refund_ids=refund_ids,
        identity=identity.of_content("main", "1688", topic, body, payload)
        if message_id is None
        else identity.of_message_id("main", message_id, payload),
        payload=payload,
    )


def owed(lane: str | None = None, **changes: Any) -> NewDelivery:
    """What an envelope owes a handler."""
    usual = NewDelivery(number=0, handler="a", event="order", order_id="7", refund_id=None, lane=lane)
    return replace(usual, **changes)


def stored(payload: bytes | None = None, **changes: Any) -> StoredEnvelope:
    """A PandaPon envelope as the inbox holds it."""
    values: dict[str, Any] = {
        "id": "0196e9b5-4a19-7000-8000-000000000001",
        "account": "pandapon",
        "source": "pandapon",
        "platform": "1688",
        "topic": "ORDER_PAY_SUCCESS",
        "order_id": "3305075341149134260",
        "refund_id": None,
        "state": "stored",
        "ambiguous": False,
        "redeliveries": 0,
        "received_at": datetime(2026, 5, 20, 7, 47, 49, tzinfo=UTC),
        "error": None,
        "payload": message(orderId="3305075341149134260") if payload is None else payload,
        **changes,
    }
    return StoredEnvelope(**values)
