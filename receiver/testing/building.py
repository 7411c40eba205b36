"""Events for tests: what a real callback of PandaPon becomes, with the fields one cares about."""

import difflib
import hashlib
import itertools
from datetime import UTC, datetime
from typing import Any, TypeVar

import orjson

from receiver.envelope import Platform, StoredEnvelope
from receiver.events import DeadLetter, DeliveryBuried, Event, OrderPaid
from receiver.sources import SOURCES
from receiver.testing.messages import message

EventT = TypeVar("EventT", bound=Event)

ACCOUNT = "main"
SOURCE = "pandapon"
_deliveries = itertools.count(4711)


def event(kind: type[EventT], *, platform: Platform | None = None, **changes: Any) -> EventT:
    """An event of this type, as the platform would tell it, with these fields otherwise.

    It is decoded from a documented message: topic, platform, ids and ``raw`` belong together, and what the platform's
    message does not say is ``None`` here too. Every event is about an order or refund of its own unless ``order_id`` or
    ``refund_id`` says which. Those two and ``occurred_at`` stand in ``raw`` as well; other changes do not.
    """
    unknown = next((name for name in changes if name not in kind.model_fields), None)
    if unknown is not None:
        close = difflib.get_close_matches(unknown, kind.model_fields, n=1)
        hint = f"did you mean {close[0]}?" if close else f"it has {', '.join(kind.model_fields)}"
        raise TypeError(f"{kind.__name__} has no field {unknown!r}; {hint}")
    if issubclass(kind, DeadLetter):
        return kind(**{**_dead(kind, event(OrderPaid, platform=platform)), **changes})
    said = message(kind, platform, changes.get("order_id"), changes.get("refund_id"), changes.get("occurred_at"))
    found = SOURCES[SOURCE].decode(_envelope(orjson.dumps(said), ACCOUNT))[0]
    if type(found) is not kind:
        raise TypeError(f"the message of {kind.__name__} became {type(found).__name__}")
    values = {name: getattr(found, name) for name in kind.model_fields}
    return kind(**{**values, **changes})


def envelope(of: Event) -> StoredEnvelope:
    """The envelope that this event would have come in; the same event always in the same."""
    return _envelope(
        orjson.dumps(of.raw),
        of.account,
        source=of.source,
        platform=of.platform,
        topic=of.topic,
        order_id=of.order_id,
        refund_id=of.refund_id,
        ambiguous=of.ambiguous,
        received_at=of.occurred_at or datetime.now(UTC),
    )


def _dead(kind: type[DeadLetter], of: OrderPaid) -> dict[str, Any]:
    """What became of an event, or of the callback that it would have come in."""
    found = {name: getattr(of, name) for name in DeadLetter.model_fields if name in OrderPaid.model_fields}
    found |= {"error": "ValueError at shop.py:7", "raw": {}}
    if issubclass(kind, DeliveryBuried):
        owed = {"delivery_id": next(_deliveries), "handler": "shop.update_stock", "event_type": of.type, "attempts": 15}
        found |= owed
    return found


def _envelope(payload: bytes, account: str, **known: Any) -> StoredEnvelope:
    digits = hashlib.sha256(payload).hexdigest()
    values: dict[str, Any] = {
        "id": f"{digits[:8]}-{digits[8:12]}-7{digits[13:16]}-8{digits[17:20]}-{digits[20:32]}",
        "account": account,
        "source": SOURCE,
        "platform": None,
        "topic": None,
        "order_id": None,
        "refund_id": None,
        "state": "dispatched",
        "ambiguous": False,
        "redeliveries": 0,
        "received_at": datetime.now(UTC),
        "error": None,
        **known,
    }
    return StoredEnvelope(payload=payload, **values)
