"""The vocabulary as data is the vocabulary in use."""

import pytest
from pydantic import TypeAdapter

from receiver import events, vocabulary
from receiver.events import DeadLetter, Event, OrderClosed, OrderEvent, RefundEvent, ShipmentEvent, Unrecognized
from receiver.sources import SOURCES
from receiver.vocabulary import TopicRow, event_types

PARENTS = {Event, DeadLetter, OrderEvent, RefundEvent, ShipmentEvent}


def test_every_class_is_listed_once_and_no_parent_is() -> None:
    exported = {one for one in vars(events).values() if isinstance(one, type) and issubclass(one, Event)}
    assert len(event_types()) == len({*event_types()})
    assert {*event_types()} == exported - PARENTS


def test_parents_are_the_nearest_first() -> None:
    assert vocabulary.parents(OrderClosed) == (OrderEvent, Event)
    assert vocabulary.parents(Unrecognized) == (Event,)


def test_fields_have_types_that_one_could_write() -> None:
    fields = vocabulary.field_types(OrderClosed)
    assert fields["platform"] == "Literal['taobao', '1688'] | None"
    assert fields["order_id"] == "str"
    assert fields["refund_id"] == "str | None"
    assert fields["occurred_at"] == "datetime | None"
    assert fields["lines"] == "tuple[OrderLine, ...]"
    assert fields["raw"] == "Mapping[str, Any]"
    assert fields["closed_by"] == "Literal['buyer', 'seller', 'platform'] | None"


def test_topics_hold_every_word_of_every_source() -> None:
    rows = vocabulary.topics()
    assert len(rows) == len({(row.source, row.topic, row.refinement) for row in rows})
    for source in SOURCES.values():
        for name, topic in source.topics.items():
            found = [row.refinement for row in rows if (row.source, row.topic) == (source.name, name)]
            words = [f"action {word}" for word in topic.actions] + [f"status {word}" for word in topic.statuses]
            assert found == [*words, None, *(["names reverse_order_id"] if topic.reverse else [])]
    assert TopicRow("alibaba1688", "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE", None, OrderClosed) in rows
    assert TopicRow("taobao_global", "3", "status TRADE_CLOSED", OrderClosed) in rows


def test_every_event_is_reached_by_a_topic() -> None:
    told = {kind for kind in event_types() if not issubclass(kind, Unrecognized | DeadLetter)}
    assert {row.event for row in vocabulary.topics()} == told


@pytest.mark.parametrize("kind", event_types(), ids=lambda kind: kind.type)
def test_every_class_says_what_happened_and_which_words_become_it(kind: type[Event]) -> None:
    """A topic or word that is not in the docstring is missing there."""
    own = kind.__doc__ or ""
    assert own.endswith((".", ".\n    "))
    above = "" if not issubclass(kind, RefundEvent) else events.refunds.__doc__ or ""
    for row in vocabulary.topics():
        if row.event is kind:
            assert row.topic in own + above, row
            word = (row.refinement or "").rpartition(" ")[2]
            assert not issubclass(kind, RefundEvent) or "reverse" in word or word in own, row


def test_one_schema_covers_all_types() -> None:
    schema = vocabulary.json_schema()
    assert [ref["$ref"].rpartition("/")[2] for ref in schema["oneOf"]] == [kind.__name__ for kind in event_types()]
    for kind in event_types():
        definition = schema["$defs"][kind.__name__]
        assert definition["properties"]["type"] == {"const": kind.type}
        assert list(definition["properties"]) == ["type", *kind.model_fields]
        assert {"type", "account", "source", "platform", "topic", "raw"} <= set(definition["required"])
        assert definition["additionalProperties"] is False
        assert TypeAdapter(kind).json_schema()["properties"].keys() | {"type"} == definition["properties"].keys()
    assert {"Money", "OrderLine"} <= schema["$defs"].keys()
