"""The vocabulary: names that never change, and what tells news from old news."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from receiver.events import DeliveryBuried, Event, OrderStatusChanged, RefundChanged
from receiver.standing import Standing, compare
from receiver.vocabulary import event_types

AT = datetime(2026, 5, 20, 7, 40, tzinfo=UTC)
#: What adds to what is known has no standing.
ADDS = -1

#: Stored with deliveries, so they never change; and how far a subject has come by each.
TYPES: dict[str, tuple[str, int | None]] = {
    "order.created": ("OrderCreated", 0),
    "order.price_changed": ("OrderPriceChanged", 10),
    "order.partly_paid": ("OrderPartlyPaid", ADDS),
    "order.paid": ("OrderPaid", 30),
    "order.batch_payment_settled": ("BatchPaymentSettled", ADDS),
    "order.partly_shipped": ("OrderPartlyShipped", ADDS),
    "order.shipped": ("OrderShipped", 40),
    "order.received": ("OrderReceived", 50),
    "order.completed": ("OrderCompleted", 60),
    "order.closed": ("OrderClosed", 60),
    "order.address_changed": ("OrderAddressChanged", ADDS),
    "order.memo_changed": ("OrderMemoChanged", ADDS),
    "order.status_changed": ("OrderStatusChanged", None),
    "refund.requested": ("RefundRequested", 10),
    "refund.agreed": ("RefundAgreed", 10),
    "refund.rejected": ("RefundRejected", 10),
    "refund.changed": ("RefundChanged", 10),
    "refund.goods_shipped": ("RefundGoodsShipped", 10),
    "refund.goods_received": ("RefundGoodsReceived", 10),
    "refund.succeeded": ("RefundSucceeded", 90),
    "refund.closed": ("RefundClosed", 90),
    "refund.intervention_asked": ("RefundInterventionAsked", ADDS),
    "refund.message_posted": ("RefundMessagePosted", ADDS),
    "shipment.tracked": ("ShipmentTracked", ADDS),
    "shipment.tracking_number_changed": ("TrackingNumberChanged", ADDS),
    "shipment.package_changed": ("ShipmentPackageChanged", ADDS),
    "unrecognized": ("Unrecognized", ADDS),
    "delivery.buried": ("DeliveryBuried", ADDS),
    "envelope.unreadable": ("EnvelopeUnreadable", ADDS),
}


def event(kind: type[Event], **changes: Any) -> Event:
    values: dict[str, Any] = {"account": "main", "source": "pandapon", "platform": "1688", "topic": "T", "raw": {}}
    if kind is DeliveryBuried:
        values |= {"delivery_id": 3, "handler": "shop", "event_type": "order.paid", "attempts": 15}
    return kind(**{**values, "order_id": "1", "refund_id": "2", **changes})


def test_stored_types_are_unique_and_never_change() -> None:
    assert [(kind.type, kind.__name__) for kind in event_types()] == [(name, one) for name, (one, _) in TYPES.items()]


@pytest.mark.parametrize("kind", event_types(), ids=lambda kind: kind.type)
def test_what_tells_a_state_says_how_far_and_when_and_what_adds_says_nothing(kind: type[Event]) -> None:
    stage = TYPES[kind.type][1]
    expected = None if stage == ADDS else Standing(stage, AT)
    assert event(kind, occurred_at=AT).standing == expected
    assert event(kind).standing == (expected and Standing(expected.stage, None))


@pytest.mark.parametrize(
    ("kind", "progress"), [(OrderStatusChanged, 5), (OrderStatusChanged, None), (RefundChanged, None)]
)
def test_an_event_of_many_states_says_how_far_itself(kind: type[Event], progress: int | None) -> None:
    assert event(kind, progress=progress, occurred_at=AT).standing == Standing(progress, AT)


def test_an_event_cannot_be_changed() -> None:
    one = event(OrderStatusChanged)
    with pytest.raises(ValidationError):
        one.order_id = "3"


TIMES = st.none() | st.integers(min_value=0, max_value=5).map(lambda hours: AT + timedelta(hours=hours))
EVENTS = st.builds(lambda kind, at: event(kind, occurred_at=at), st.sampled_from(event_types()), TIMES)
OPPOSITE = {"newer": "older", "older": "newer", "unknown": "unknown"}


@given(EVENTS, EVENTS)
def test_of_two_events_at_most_one_is_older(this: Event, other: Event) -> None:
    if this.standing is None or other.standing is None:
        return
    assert compare(other.standing, this.standing) == OPPOSITE[compare(this.standing, other.standing)]
    if this.standing == other.standing:
        assert compare(this.standing, other.standing) == "unknown"


@pytest.mark.parametrize("earlier", ["order.created", "order.price_changed", "order.paid", "order.shipped"])
def test_what_comes_late_is_told_to_be_older_even_without_a_time(earlier: str) -> None:
    kinds = {kind.type: kind for kind in event_types()}
    late, news = event(kinds[earlier]).standing, event(kinds["order.completed"], occurred_at=AT).standing
    assert late is not None
    assert news is not None
    assert compare(late, news) == "older"
