"""The vocabulary as data: every event type, and every topic with what becomes of it. For the command line and the docs.

The topics are those of the sources' own tables, so that what is told is what is done.
"""

import re
from dataclasses import dataclass
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from pydantic.json_schema import models_json_schema

from receiver import events
from receiver.events import Event
from receiver.sources import SOURCES

#: In the order of an order's life, then of a refund's, then of a parcel's; what we ourselves gave up comes last.
_EVENTS: tuple[type[Event], ...] = (
    events.OrderCreated,
    events.OrderPriceChanged,
    events.OrderPartlyPaid,
    events.OrderPaid,
    events.BatchPaymentSettled,
    events.OrderPartlyShipped,
    events.OrderShipped,
    events.OrderReceived,
    events.OrderCompleted,
    events.OrderClosed,
    events.OrderAddressChanged,
    events.OrderMemoChanged,
    events.OrderStatusChanged,
    events.RefundRequested,
    events.RefundAgreed,
    events.RefundRejected,
    events.RefundChanged,
    events.RefundGoodsShipped,
    events.RefundGoodsReceived,
    events.RefundSucceeded,
    events.RefundClosed,
    events.RefundInterventionAsked,
    events.RefundMessagePosted,
    events.ShipmentTracked,
    events.TrackingNumberChanged,
    events.ShipmentPackageChanged,
    events.Unrecognized,
    events.DeliveryBuried,
    events.EnvelopeUnreadable,
)


@dataclass(frozen=True, slots=True)
class TopicRow:
    source: str
    topic: str
    #: What the body must say for it, ``action BUYER_APPLY_REFUND``; ``None``: whatever else it says.
    refinement: str | None
    event: type[Event]


def event_types() -> tuple[type[Event], ...]:
    """All that can happen; the parents, which group them, are not among them."""
    return _EVENTS


def parents(kind: type[Event]) -> tuple[type[Event], ...]:
    """What one may subscribe to instead, the nearest first."""
    return tuple(parent for parent in kind.__mro__[1:] if issubclass(parent, Event))


def field_types(kind: type[Event]) -> dict[str, str]:
    """Its fields, with their types as one would write them."""
    return {name: _written(field.annotation) for name, field in kind.model_fields.items()}


def topics() -> tuple[TopicRow, ...]:
    """All that the sources' tables hold. Any other topic becomes ``Unrecognized``."""
    return tuple(
        TopicRow(source.name, name, refinement, becomes.event)
        for source in SOURCES.values()
        for name, topic in source.topics.items()
        for refinement, becomes in topic.refinements()
    )


def json_schema() -> dict[str, Any]:
    """One JSON Schema document of all event types, with their ``type``, which in Python is no field but the class."""
    refs, schema = models_json_schema([(kind, "serialization") for kind in _EVENTS])
    for kind in _EVENTS:
        definition = schema["$defs"][kind.__name__]
        definition["properties"] = {"type": {"const": kind.type}, **definition["properties"]}
        definition["required"] = ["type", *definition["required"]]
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The events of yizhan",
        "oneOf": [refs[kind, "serialization"] for kind in _EVENTS],
        **schema,
    }


def _written(annotation: Any) -> str:
    if get_origin(annotation) in (Union, UnionType):  # which one, and how it prints, depends on the version of Python
        return " | ".join(map(_written, get_args(annotation)))
    if annotation is NoneType:
        return "None"
    text = annotation.__name__ if isinstance(annotation, type) else str(annotation)
    return re.sub(r"\b\w+\.(?=\w)", "", text)
