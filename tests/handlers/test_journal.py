"""Everything that arrives is told in words of ours, and what nobody knows is worth a warning."""

from typing import Any

import pytest
from builders import account
from steps import claim, context, delivering, owe
from structlog.testing import capture_logs

from handlers import journal, router
from receiver.deliveries import Filters
from receiver.events import (
    BatchPaymentSettled,
    DeadLetter,
    Event,
    OrderClosed,
    OrderEvent,
    OrderPaid,
    RefundRejected,
    ShipmentTracked,
    Unrecognized,
)
from receiver.sources import SOURCES
from receiver.sources.samples import samples
from receiver.store.sqlite import SqliteStore
from receiver.vocabulary import event_types

SAID: dict[str, Any] = {"account": "main", "source": "pandapon", "platform": "1688", "raw": {"buyerName": "PLANTED"}}


def noted(kind: type[Event], **changes: Any) -> str:
    """The one line, with its level where that is not info."""
    event = kind(**{**SAID, "topic": "TOPIC", "order_id": "42", **changes})
    with capture_logs() as lines:
        journal.note(context(event))
    (line,) = lines
    assert "PLANTED" not in repr(line)
    return str(line["event"]) if line["log_level"] == "info" else f"{line['log_level']}: {line['event']}"


@pytest.mark.parametrize(("platform", "where"), [("1688", "1688"), ("taobao", "taobao"), (None, "its platform")])
def test_order_is_named_with_its_platform_and_what_happened(platform: str | None, where: str) -> None:
    assert noted(OrderPaid, platform=platform) == f"order 42 at {where} was paid"


@pytest.mark.parametrize(
    ("kind", "changes", "words"),
    [
        (OrderClosed, {}, "was closed"),
        (OrderClosed, {"closed_by": "seller"}, "was closed by the seller"),
        (BatchPaymentSettled, {"succeeded": True}, "was paid in a batch"),
        (BatchPaymentSettled, {"succeeded": False}, "could not be paid in a batch"),
        (ShipmentTracked, {}, "has a parcel that moved"),
        (OrderEvent, {}, "changed: TOPIC"),
        (OrderPaid, {"ambiguous": True}, "was paid (again, or anew: read the current state before you act on it)"),
    ],
)
def test_words_say_who_and_how_it_went(kind: type[Event], changes: dict[str, Any], words: str) -> None:
    assert noted(kind, **changes) == f"order 42 at 1688 {words}"


@pytest.mark.parametrize(("order_id", "of"), [("42", " of order 42"), (None, "")])
def test_refund_is_named_with_its_order_where_the_source_names_it(order_id: str | None, of: str) -> None:
    assert noted(RefundRejected, refund_id="TQ7", order_id=order_id) == f"refund TQ7{of} was rejected"


def test_topic_nobody_knows_is_a_warning() -> None:
    told = noted(Unrecognized, topic="ORDER_OF_TOMORROW", ambiguous=True)
    assert told == "warning: a topic we do not know: 'ORDER_OF_TOMORROW' from pandapon"


def test_every_event_has_words() -> None:
    assert list(journal.WORDS) == [kind for kind in event_types() if not issubclass(kind, Unrecognized | DeadLetter)]


def test_without_configuration_handlers_do_nothing_but_log() -> None:
    assert [route.name for route in router] == ["journal.note"]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_shipped_handlers_bear_every_documented_message(store: SqliteStore, source: str) -> None:
    signer = account(source)
    assert owe(store, router, *(sample.message for sample in samples(source)), of=signer)
    with delivering(store, router) as run:
        while offers := claim(store, router):
            for offer in offers:
                run(offer)
    noted = store.deliveries(Filters(), 1000)
    assert {one.state for one in noted} == {"succeeded"}
    assert {one.envelope_id for one in noted} == {envelope.id for envelope in store.envelopes(Filters(), 1000)}
