"""Orders and their parcels are told in words of ours: what happened, never what the body holds."""

from typing import Any

import pytest
from steps import context
from structlog.testing import capture_logs

from handlers import orders
from receiver.events import (
    BatchPaymentSettled,
    Event,
    OrderClosed,
    OrderEvent,
    OrderPaid,
    ShipmentEvent,
    ShipmentTracked,
)
from receiver.vocabulary import event_types


def said(kind: type[Event], **changes: Any) -> str:
    event = kind(
        **{
            "account": "main",
            "source": "pandapon",
            "platform": "1688",
            "topic": "TOPIC",
            "order_id": "3305075341149134260",
            "raw": {"buyerName": "PLANTED"},
            **changes,
        }
    )
    with capture_logs() as lines:
        if isinstance(event, ShipmentEvent):
            orders.tell_shipment(context(event))
        elif isinstance(event, OrderEvent):
            orders.tell(context(event))
    (line,) = lines
    assert "PLANTED" not in repr(line)
    return str(line["event"])


@pytest.mark.parametrize(("platform", "where"), [("1688", "1688"), ("taobao", "taobao"), (None, "its platform")])
def test_order_is_named_with_its_platform_and_what_happened(platform: str | None, where: str) -> None:
    assert said(OrderPaid, platform=platform) == f"order 3305075341149134260 at {where} was paid"


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (OrderClosed, {}, "was closed"),
        (OrderClosed, {"closed_by": "seller"}, "was closed by the seller"),
        (BatchPaymentSettled, {"succeeded": True}, "was paid in a batch"),
        (BatchPaymentSettled, {"succeeded": False}, "could not be paid in a batch"),
        (ShipmentTracked, {}, "has a parcel that moved"),
        (OrderEvent, {}, "changed: TOPIC"),
    ],
)
def test_words_say_who_and_how_it_went(kind: type[Event], changes: dict[str, Any], words: str) -> None:
    assert said(kind, **changes) == f"order 3305075341149134260 at 1688 {words}"


def test_every_event_of_an_order_or_parcel_has_words() -> None:
    assert list(orders.WORDS) == [kind for kind in event_types() if issubclass(kind, OrderEvent | ShipmentEvent)]
