"""Everything that arrives is noted, and what nobody knows is worth a warning."""

from collections.abc import MutableMapping
from typing import Any

import pytest
from builders import account
from steps import claim, context, delivering, owe
from structlog.testing import capture_logs

from handlers import journal, router
from receiver.deliveries import Filters
from receiver.events import Event, OrderEvent, Unrecognized
from receiver.sources import SOURCES
from receiver.sources.samples import samples
from receiver.store.sqlite import SqliteStore
from receiver.vocabulary import event_types

SAID: dict[str, Any] = {"account": "main", "source": "pandapon", "platform": "1688", "raw": {"buyerName": "PLANTED"}}


def noted(event: Event) -> MutableMapping[str, Any]:
    with capture_logs() as lines:
        journal.note(context(event))
    (line,) = lines
    assert "PLANTED" not in repr(line)
    return line


def test_event_is_noted_with_its_source() -> None:
    line = noted(OrderEvent(topic="ORDER_CREATE", order_id="42", **SAID))
    assert (line["event"], line["log_level"]) == ("ORDER_CREATE from pandapon, noted", "info")


def test_event_that_may_be_a_repeat_says_so() -> None:
    line = noted(OrderEvent(topic="ORDER_CREATE", order_id="42", ambiguous=True, **SAID))
    assert line["event"] == "ORDER_CREATE again, or anew: read the current state before you act on it"


def test_topic_nobody_knows_is_a_warning() -> None:
    line = noted(Unrecognized(topic="ORDER_OF_TOMORROW", ambiguous=True, **SAID))
    assert (line["event"], line["log_level"]) == (
        "a topic we do not know: 'ORDER_OF_TOMORROW' from pandapon",
        "warning",
    )


def test_every_kind_of_event_has_a_handler() -> None:
    for kind in event_types():
        event = kind(topic="T", order_id="42", refund_id="TQ7", **SAID)
        names = [route.name for route in router.matching(event)]
        assert "journal.note" in names
        assert len(names) == (1 if kind is Unrecognized else 2)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_shipped_handlers_bear_every_documented_message(store: SqliteStore, source: str) -> None:
    signer = account(source)
    owed = owe(store, router, *(sample.message for sample in samples(source)), of=signer)
    assert len(owed) >= len(samples(source))
    with delivering(store, router) as run:
        while offers := claim(store, router):
            for offer in offers:
                run(offer)
    # Samples of one order come in no order of its life: old news is skipped by all but the journal.
    assert {one.state for one in store.deliveries(Filters(), 1000)} <= {"succeeded", "skipped"}
    noted = store.deliveries(Filters(handler="journal.note"), 1000)
    assert {one.state for one in noted} == {"succeeded"}
    assert {one.envelope_id for one in noted} == {envelope.id for envelope in store.envelopes(Filters(), 1000)}
