"""What the platform sends that we do not know is counted once for each envelope, and told once for each process."""

import dataclasses
import itertools

import orjson
import pytest
from builders import Clock, message
from steps import accept, owe
from structlog.testing import capture_logs
from structlog.typing import EventDict

from receiver import dispatch
from receiver.deliveries import Filters
from receiver.envelope import StoredEnvelope
from receiver.events import Event
from receiver.routing import Router
from receiver.sources import SOURCES
from receiver.sources.base import Source
from receiver.sources.samples import samples
from receiver.store.sqlite import SqliteStore

_numbers = itertools.count()


def paid(push_time: str = "1", **fields: object) -> bytes:
    """The sample of a paid order about an order of its own, and what else it says."""
    (sample,) = [sample for sample in samples("pandapon") if sample.name == "ORDER_PAY_SUCCESS"]
    content = orjson.loads(sample.message)
    body = {**orjson.loads(content["messageBody"]), "orderNo": f"PO{next(_numbers)}", **fields}
    return orjson.dumps({**content, "messageBody": orjson.dumps(body).decode(), "timestamp": push_time})


def new_name() -> str:
    """A field's name, or a topic's, that no other test has used: what was told once is not told again."""
    return f"new_{next(_numbers)}"


def counts(store: SqliteStore) -> list[tuple[str, str, str, int]]:
    return sorted((row.kind, row.topic, row.path, row.count) for row in store.drift(Filters(), 1_000))


def run(store: SqliteStore, source: Source = SOURCES["pandapon"]) -> list[EventDict]:
    """Dispatch all there is; what is told of drift."""
    with capture_logs() as lines:
        while dispatch.dispatch(store, {"pandapon": source}, Router()):
            pass
    return [line for line in lines if line["event"].startswith("drift.")]


def test_what_is_known_is_not_counted(store: SqliteStore) -> None:
    accept(store, paid())
    assert run(store) == []
    assert counts(store) == []


def test_each_envelope_with_a_new_field_counts(store: SqliteStore, clock: Clock) -> None:
    first, *_ = accept(store, paid(colour="red"))
    clock.pass_time(seconds=60)
    *_, last = accept(store, paid(), paid(colour="blue"))
    run(store)
    (row,) = store.drift(Filters(), 10)
    assert (row.kind, row.source, row.topic) == ("field", "pandapon", "ORDER_PAY_SUCCESS")
    assert (row.path, row.count, row.envelope_id) == ("messageBody.colour", 2, last)
    assert (row.first_at, row.last_at) == tuple(
        envelope.received_at for each in (first, last) if (envelope := store.envelope(each))
    )


def test_a_redelivery_counts_nothing(store: SqliteStore) -> None:
    text = paid(orderNo="PO1", colour="red")
    accept(store, text)
    run(store)
    accept(store, text, text.replace(b'"timestamp":"1"', b'"timestamp":"2"'))
    run(store)
    assert counts(store) == [("field", "ORDER_PAY_SUCCESS", "messageBody.colour", 1)]
    assert [envelope.redeliveries for envelope in store.envelopes(Filters(), 10)] == [2]


def test_an_unknown_topic_counts_as_one_thing(store: SqliteStore) -> None:
    owe(store, Router(), message("ORDER_OF_TOMORROW"), message("ORDER_OF_TOMORROW"))
    assert counts(store) == [("topic", "ORDER_OF_TOMORROW", "", 2)]


def test_a_topic_that_is_not_recognised_counts_as_unknown_although_its_name_is_known(store: SqliteStore) -> None:
    """Its body names no order: whatever it says, no handler of orders hears of it."""
    accept(store, message("ORDER_BUYER_VIEW_MODIFY_MEMO", orderId=None))
    run(store)
    assert counts(store) == [("topic", "ORDER_BUYER_VIEW_MODIFY_MEMO", "", 1)]


def test_what_makes_an_envelope_unreadable_is_counted_too(store: SqliteStore) -> None:
    text = orjson.loads(paid())
    body = orjson.loads(text["messageBody"])
    del body["orderId"]
    accept(store, orjson.dumps({**text, "messageBody": orjson.dumps(body).decode()}))
    run(store)
    assert [envelope.state for envelope in store.envelopes(Filters(), 10)] == ["unreadable"]
    assert counts(store) == [("vanished", "ORDER_PAY_SUCCESS", "messageBody.orderId", 1)]


def test_a_replay_counts_nothing(store: SqliteStore) -> None:
    def fails(_envelope: StoredEnvelope) -> tuple[Event, ...]:
        return SOURCES["pandapon"].decode(dataclasses.replace(_envelope, payload=b"{}"))

    ids = accept(store, paid(colour="red"))
    run(store, dataclasses.replace(SOURCES["pandapon"], decode=fails))
    assert store.replay_envelopes(ids, by="mei") == 1
    run(store)
    assert counts(store) == [("field", "ORDER_PAY_SUCCESS", "messageBody.colour", 1)]


@pytest.mark.parametrize("text", [b"not json", b"[]", b"{}", b'{"messageType": 7}'])
def test_what_names_no_topic_has_no_drift(store: SqliteStore, text: bytes) -> None:
    accept(store, text)
    assert run(store) == []
    assert counts(store) == []


def test_each_thing_is_told_once_a_process_by_path_and_ids(store: SqliteStore) -> None:
    name, other = new_name(), new_name()
    first, second = accept(store, paid(**{name: "PLANTED"}), paid(**{name: "PLANTED", other: "PLANTED"}))
    lines = run(store)
    assert [(line["log_level"], line["event"], line["kind"], line["source"], line["topic"]) for line in lines] == [
        ("warning", "drift.seen", "field", "pandapon", "ORDER_PAY_SUCCESS")
    ] * 2
    assert [(line["paths"], line["envelope"]) for line in lines] == [
        ((f"messageBody.{name}",), first),
        ((f"messageBody.{other}",), second),
    ]
    assert "PLANTED" not in repr(lines)


def test_a_fault_in_looking_for_drift_costs_no_event(store: SqliteStore) -> None:
    accept(store, paid())
    (line,) = run(store, dataclasses.replace(SOURCES["pandapon"], name="of no samples"))
    assert line["event"] == "drift.failed"
    assert [envelope.state for envelope in store.envelopes(Filters(), 10)] == ["dispatched"]
