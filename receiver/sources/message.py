"""A message as far as it can be read, whoever wrote it; and what is made of it: an envelope, or events."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from receiver import exact, identity
from receiver.accounts import Account
from receiver.envelope import Envelope, Platform, StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import Event, OrderEvent, RefundEvent, Unrecognized
from receiver.identity import Identity
from receiver.sources import fields
from receiver.sources.fields import Field
from receiver.sources.moments import moment

#: What a topic is about. A topic that is in no table has none.
Family = Literal["order", "refund", "shipment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Where the business part of a message names what it concerns."""

    #: Tried in this order; the first that names an id is believed.
    orders: tuple[Field, ...]
    refunds: tuple[Field, ...] = ()
    #: When it happened; never the time of the push, which a redelivery may change.
    times: tuple[Field, ...] = ()
    #: A body that no page of the platform shows may name its ids elsewhere: then their absence is no fault.
    documented: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    topic: str
    platform: Platform | None
    family: Family | None
    order_ids: tuple[str, ...]
    #: Empty for topics of orders: their lane is the order, whatever else they mention.
    refund_ids: tuple[str, ...]
    #: The business part, and where it stands in the message.
    body: Mapping[str, Any]
    at: str
    shape: Shape
    #: The message parsed, text inside text included.
    content: Mapping[str, Any]
    #: Path and problem of what could not be read.
    fault: tuple[str, str] | None


def parsed_object(text: bytes, path: str) -> dict[str, Any]:
    """A JSON object. Raises ``Undecodable`` for anything else."""
    try:
        parsed = exact.loads(text)
    except exact.NotJson:
        raise Undecodable(path, "not JSON") from None
    if not isinstance(parsed, dict):
        raise Undecodable(path, "expected an object")
    return parsed


def required_topic(value: Any, path: str, *, number: bool = False) -> str:
    """A topic's name. Raises ``Undecodable``: without a topic there is nothing to interpret."""
    name = exact.identifier(value) if number or isinstance(value, str) else None
    if name is None:
        raise Undecodable(path, "missing" if value is None else "expected the name of a topic")
    return name


def business_part(content: dict[str, Any], key: str, *, known: bool) -> tuple[dict[str, Any], tuple[str, str] | None]:
    """The object under this key, be it an object or JSON text, which is parsed in place; and what is wrong with it.

    Absent, it is missed only under a topic that we know.
    """
    value = content.get(key)
    if isinstance(value, str):
        try:
            value = content[key] = exact.loads(value)
        except exact.NotJson:
            return {}, (key, "not JSON")
    if isinstance(value, dict):
        return value, None
    if value is None:
        return {}, (key, "missing") if known else None
    return {}, (key, "expected an object")


def read(
    *,
    topic: str,
    platform: Platform | None,
    family: Family | None,
    content: dict[str, Any],
    at: str,
    shape: Shape,
) -> Message:
    """Read what the message concerns; never fails."""
    body, fault = business_part(content, at, known=family is not None)
    return Message(
        topic=topic,
        platform=platform,
        family=family,
        order_ids=fields.ids(body, shape.orders),
        refund_ids=() if family in {"order", "shipment"} else fields.ids(body, shape.refunds),
        body=body,
        at=at,
        shape=shape,
        content=content,
        fault=fault,
    )


def readable(found: Message, account: Account, key: Identity, payload: bytes) -> Envelope:
    return Envelope(
        account=account.name,
        source=account.source,
        platform=found.platform,
        topic=found.topic,
        order_ids=found.order_ids,
        refund_ids=found.refund_ids,
        identity=key,
        payload=payload,
    )


def unreadable(account: Account, payload: bytes) -> Envelope:
    """Signed and not understood: kept all the same."""
    return Envelope(
        account=account.name,
        source=account.source,
        platform=None,
        topic=None,
        order_ids=(),
        refund_ids=(),
        identity=identity.of_bytes(account.name, payload),
        payload=payload,
    )


def events(found: Message, envelope: StoredEnvelope) -> tuple[Event, ...]:
    """One event for each refund or order it concerns; under an unknown topic at least one. Raises ``Undecodable``."""
    if found.fault is not None:
        raise Undecodable(*found.fault)
    if found.family == "refund":
        kind: type[Event] = RefundEvent
        named, where = found.refund_ids, found.shape.refunds
    elif found.family is not None:
        kind = OrderEvent
        named, where = found.order_ids, found.shape.orders
    else:
        return _events(found, envelope, Unrecognized)
    if named or found.shape.documented:
        wrong = fields.fault(found.body, where)
        if wrong is not None:
            raise Undecodable(f"{found.at}.{wrong[0]}", wrong[1])
    return _events(found, envelope, kind if named else Unrecognized)


def _events(found: Message, envelope: StoredEnvelope, kind: type[Event]) -> tuple[Event, ...]:
    only_order = found.order_ids[0] if len(found.order_ids) == 1 else None
    subjects: list[tuple[str | None, str | None]]
    if found.refund_ids:
        subjects = [(only_order, refund_id) for refund_id in found.refund_ids]
    elif found.order_ids:
        subjects = [(order_id, None) for order_id in found.order_ids]
    else:
        subjects = [(None, None)]
    times = (moment(field.value(found.body)) for field in found.shape.times)
    occurred_at = next((time for time in times if time is not None), None)
    return tuple(
        kind(
            account=envelope.account,
            source=envelope.source,
            platform=found.platform,
            topic=found.topic,
            order_id=order_id,
            refund_id=refund_id,
            occurred_at=occurred_at,
            ambiguous=envelope.ambiguous,
            raw=found.content,
        )
        for order_id, refund_id in subjects
    )
