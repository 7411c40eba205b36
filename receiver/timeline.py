"""What happened to one order or refund, and what was done about it, told in order: ``yizhan order``.

Each line of the story is one of these, with the time it happened (``at``) and its ``kind``. It holds ids, states, times
and reasons; personal data never.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from receiver.deliveries import AttemptOutcome, DeliveryState
from receiver.effects import EffectState
from receiver.envelope import EnvelopeState, Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class CallbackTold:
    """A callback was accepted."""

    at: datetime
    kind: Literal["callback"] = "callback"
    envelope_id: str
    account: str
    source: str
    platform: Platform | None
    topic: str | None
    order_id: str | None
    refund_id: str | None
    ambiguous: bool
    #: Now, not then.
    state: EnvelopeState


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeliveryTold:
    """The source sent it again."""

    at: datetime
    kind: Literal["redelivery"] = "redelivery"
    envelope_id: str
    #: Else only its content is the same: another push time.
    same_bytes: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class EventTold:
    """The callback was taken for an event that some handler asked for."""

    at: datetime
    kind: Literal["event"] = "event"
    envelope_id: str
    #: Which event of the envelope, as ``receiver.deliveries.Delivery`` has it.
    number: int
    event: str
    order_id: str | None
    refund_id: str | None
    #: It supersedes older events for some handler, by these two: ``receiver.standing``.
    tells_state: bool
    stage: int | None
    occurred_at: datetime | None
    handlers: int


@dataclass(frozen=True, slots=True, kw_only=True)
class UnaskedTold:
    """The callback was dispatched, and no handler had asked for what it says."""

    at: datetime
    kind: Literal["unasked"] = "unasked"
    envelope_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class UnreadableTold:
    """No event could be made of the callback."""

    at: datetime
    kind: Literal["unreadable"] = "unreadable"
    envelope_id: str
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplayTold:
    """A person had it done again; the last time, where it was more than once."""

    at: datetime
    kind: Literal["replay"] = "replay"
    envelope_id: str
    #: ``None``: the envelope was dispatched again, since it had been unreadable.
    delivery_id: int | None
    handler: str | None
    by: str | None
    replays: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptTold:
    """A handler began to run."""

    at: datetime
    kind: Literal["attempt"] = "attempt"
    envelope_id: str
    delivery_id: int
    handler: str
    number: int
    outcome: AttemptOutcome
    duration: timedelta | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectTold:
    """What is known of a follow-up call that cannot be taken back, since then."""

    at: datetime
    kind: Literal["effect"] = "effect"
    envelope_id: str
    delivery_id: int
    handler: str
    attempt: int
    purpose: str
    state: EffectState
    note: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DecisionTold:
    """What became of a delivery; or of one that has not ended, how it stands now."""

    at: datetime
    kind: Literal["decision"] = "decision"
    envelope_id: str
    delivery_id: int
    handler: str
    state: DeliveryState
    #: It ran, or was begun, although nobody could tell whether it was old news.
    uncertain: bool
    #: The delivery whose event was newer, where this one was skipped.
    older_than: int | None
    #: When it is attempted next. A delivery behind another of its lane waits for that one instead.
    due_at: datetime | None
    held_by: int | None
    error: str | None


Told = (
    CallbackTold
    | RedeliveryTold
    | EventTold
    | UnaskedTold
    | UnreadableTold
    | ReplayTold
    | AttemptTold
    | EffectTold
    | DecisionTold
)
