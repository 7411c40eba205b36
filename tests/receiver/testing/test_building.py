"""Events for tests are what the platform really sends, decoded by the source that reads it in earnest."""

from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from receiver.events import (
    DeadLetter,
    DeliveryBuried,
    EnvelopeUnreadable,
    Event,
    Money,
    OrderEvent,
    OrderPaid,
    RefundEvent,
    RefundRejected,
    ShipmentEvent,
)
from receiver.sources import SOURCES
from receiver.testing import event
from receiver.testing.building import envelope
from receiver.vocabulary import event_types

#: What the platform tells; dead letters are of our own making.
TOLD = [kind for kind in event_types() if not issubclass(kind, DeadLetter)]


@pytest.mark.parametrize("kind", TOLD)
def test_every_type_of_event_can_be_built_and_is_what_its_message_says(kind: type[Event]) -> None:
    built = event(kind)
    assert type(built) is kind
    assert SOURCES["pandapon"].decode(envelope(built)) == (built,)
    assert built.order_id is not None
    assert (len(built.order_id), built.order_id.isdigit()) == (19, True)
    assert (built.refund_id is not None) == isinstance(built, RefundEvent)


@pytest.mark.parametrize("kind", TOLD)
def test_each_event_is_about_an_order_of_its_own(kind: type[Event]) -> None:
    first, second = event(kind), event(kind)
    assert first.lane != second.lane
    assert envelope(first).id != envelope(second).id
    assert envelope(first).id == envelope(first).id


@pytest.mark.parametrize("kind", [kind for kind in event_types() if issubclass(kind, OrderEvent | ShipmentEvent)])
def test_ids_and_time_given_stand_in_the_message_too(kind: type[Event]) -> None:
    at = datetime(2026, 5, 20, 7, 47, 49, tzinfo=UTC)
    built = event(kind, order_id="3305075341149134999", occurred_at=at)
    (again,) = SOURCES["pandapon"].decode(envelope(built))
    assert again.order_id == built.order_id == "3305075341149134999"
    assert again.occurred_at in (at, None)  # some bodies tell no time
    assert built.occurred_at == at


def test_platform_may_be_chosen_where_it_tells_of_such_events() -> None:
    for platform in ("taobao", "1688"):
        built = event(RefundRejected, platform=platform, refund_id="TQ7", order_id="7")
        assert (built.platform, built.refund_id, built.order_id) == (platform, "TQ7", "7")
    with pytest.raises(ValueError, match=r"PandaPon tells no OrderReceived of taobao; leave platform out, or say 1688"):
        event(event_types()[7], platform="taobao")


def test_fields_may_be_otherwise_and_are_checked() -> None:
    paid = event(OrderPaid, total=Money(amount=1, raw="1"), ambiguous=True)
    assert (paid.total, paid.ambiguous) == (Money(amount=1, raw="1"), True)
    with pytest.raises(TypeError, match=r"OrderPaid has no field 'totl'; did you mean total\?"):
        event(OrderPaid, totl=1)
    with pytest.raises(ValidationError, match="status"):
        event(OrderPaid, status=7)


def test_parent_of_events_is_none_itself() -> None:
    with pytest.raises(ValueError, match=r"RefundEvent groups events.* build one of RefundRequested, RefundAgreed"):
        event(RefundEvent)


def test_dead_letters_can_be_built_too() -> None:
    """Of a delivery and of an envelope, each of its own, with what a handler reads of it."""
    buried, other = event(DeliveryBuried, error="OSError at shop.py:9"), event(DeliveryBuried)
    assert (buried.event_type, buried.error, buried.attempts) == ("order.paid", "OSError at shop.py:9", 15)
    assert buried.lane != other.lane
    assert event(EnvelopeUnreadable).error == "ValueError at shop.py:7"
