"""A message as far as it can be read, whoever wrote it, and the envelope that is made of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from receiver import exact, identity
from receiver.accounts import Account
from receiver.envelope import Envelope, Platform
from receiver.errors import Undecodable
from receiver.identity import Identity
from receiver.sources import fields
from receiver.sources.fields import Field
from receiver.sources.topic import Topic


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
    #: The row of its topic; ``None`` under a topic that is in no table.
    known: Topic | None
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
    known: Topic | None,
    content: dict[str, Any],
    at: str,
    shape: Shape,
) -> Message:
    """Read what the message concerns; never fails."""
    body, fault = business_part(content, at, known=known is not None)
    return Message(
        topic=topic,
        platform=platform,
        known=known,
        order_ids=fields.ids(body, shape.orders),
        refund_ids=fields.ids(body, shape.refunds) if known is None or known.family == "refund" else (),
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
