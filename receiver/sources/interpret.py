"""Message -> typed events: ids by its shape, class by its topic and words, the rest by the source's readings."""

from collections.abc import Mapping
from typing import Any

from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import Event, Unrecognized
from receiver.sources import fields, reading
from receiver.sources.message import Message
from receiver.sources.moments import moment
from receiver.sources.reading import Readings


def interpret(found: Message, envelope: StoredEnvelope, readings: Readings) -> tuple[Event, ...]:
    """One event for each refund or order it concerns; under an unknown topic at least one. Raises ``Undecodable``."""
    if found.fault is not None:
        raise Undecodable(*found.fault)
    if found.known is None:
        return _unrecognized(found, envelope)
    refund = found.known.family == "refund"
    named, where = (found.refund_ids, found.shape.refunds) if refund else (found.order_ids, found.shape.orders)
    if named or found.shape.documented:
        wrong = fields.fault(found.body, where)
        if wrong is not None:
            raise Undecodable(f"{found.at}.{wrong[0]}", wrong[1])
    if not named:
        return _unrecognized(found, envelope)
    columns = readings.get(found.known.family, {})
    elements = {} if refund else next((field.elements(found.body) for field in where if field.read(found.body)), {})
    # Read once: a batch of thousands of orders says most of it of all of them.
    common, said_of_all = _common(found, envelope), reading.values(columns, found.body)
    events = []
    for order_id, refund_id in _subjects(found):
        said = {**said_of_all, **reading.values(columns, {}, elements.get(order_id or ""))} if elements else said_of_all
        meaning = found.known.meaning(said.get("action"), said.get("status"))
        kept = {name: value for name, value in said.items() if name in meaning.event.model_fields}
        events.append(meaning.event(order_id=order_id, refund_id=refund_id, **common, **{**kept, **meaning.told}))
    return tuple(events)


def _unrecognized(found: Message, envelope: StoredEnvelope) -> tuple[Event, ...]:
    common = _common(found, envelope)
    return tuple(
        Unrecognized(order_id=order_id, refund_id=refund_id, **common) for order_id, refund_id in _subjects(found)
    )


def _subjects(found: Message) -> list[tuple[str | None, str | None]]:
    """Order and refund of each event."""
    only_order = found.order_ids[0] if len(found.order_ids) == 1 else None
    if found.refund_ids:
        return [(only_order, refund_id) for refund_id in found.refund_ids]
    return [(order_id, None) for order_id in found.order_ids] or [(None, None)]


def _common(found: Message, envelope: StoredEnvelope) -> Mapping[str, Any]:
    times = (moment(field.value(found.body)) for field in found.shape.times)
    return {
        "account": envelope.account,
        "source": envelope.source,
        "platform": found.platform,
        "topic": found.topic,
        "occurred_at": next((time for time in times if time is not None), None),
        "ambiguous": envelope.ambiguous,
        "raw": found.content,
    }
