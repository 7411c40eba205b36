"""What wire words mean. A vocabulary is a table: each topic, action and status is a row that names its event.

The words are spelled as the wire spells them, mistakes included.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from receiver.events import Event, OrderEvent, RefundEvent, ShipmentEvent
from receiver.events.refunds import ENDED, OPEN

#: What a topic is about: whose ids are looked for, and whose lane its events are in.
Family = Literal["order", "refund", "shipment"]

_FAMILIES: Mapping[type[Event], Family] = {OrderEvent: "order", RefundEvent: "refund", ShipmentEvent: "shipment"}


@dataclass(frozen=True, slots=True)
class Becomes:
    """The event that a word stands for."""

    event: type[Event]
    #: What the word alone tells of it: who closed the order, how far it has come.
    told: Mapping[str, Any]


def becomes(event: type[Event], **told: Any) -> Becomes:
    return Becomes(event, told)


Words = Mapping[str, Becomes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    family: Family
    #: What it becomes where no word of the body says more.
    otherwise: Becomes
    actions: Words = field(default_factory=dict)
    statuses: Words = field(default_factory=dict)
    #: What it is instead where the body names a reverse order; no word of those is known.
    reverse: "Topic | None" = None

    def meaning(self, action: str | None, status: str | None) -> Becomes:
        """What a callback with these words in its body becomes.

        The action is the closer word: it says what was done, the status only what that led to. But an action that
        leaves the refund open (the system agrees) can be what ended it (the money went out at once): then the end is
        the news, and no other callback may follow to tell it.
        """
        done = self.actions.get(action or "")
        led_to = self.statuses.get(status or "")
        if done is None:
            return led_to or self.otherwise
        if led_to is not None and done.event.at_stage == OPEN and led_to.event.at_stage == ENDED:
            return led_to
        return done

    def refinements(self) -> Iterator[tuple[str | None, Becomes]]:
        """Every way it can go, by what the body says; ``None``: by anything else."""
        for action, row in self.actions.items():
            yield f"action {action}", row
        for status, row in self.statuses.items():
            yield f"status {status}", row
        yield None, self.otherwise
        if self.reverse is not None:
            yield "names reverse_order_id", self.reverse.otherwise


def topic(
    event: type[Event],
    *,
    actions: Words | None = None,
    statuses: Words | None = None,
    reverse: Topic | None = None,
    **told: Any,
) -> Topic:
    """The row of a topic; ``told`` is what the topic itself tells of the event."""
    return Topic(
        family=next(family for parent, family in _FAMILIES.items() if issubclass(event, parent)),
        otherwise=Becomes(event, told),
        actions=actions or {},
        statuses=statuses or {},
        reverse=reverse,
    )
