"""A delivery: one event of one envelope owed to one handler. Its states, and what is said between store and steps.

::

    dispatch ──> due ──claim──> offered ──start──> running ──settle──> succeeded
                  ^                │                  │  ├──────────> skipped     the event was older than what is known
                  │<──expired, given back             │  └──────────> dead        permanent, or out of attempts
                  │<──────────failed, lost────────────┘                 │
                  └<──────────────────────replay────────────────────────┘  (of any that has ended)

``offer`` is the fencing number: each claim raises it, and a message from the broker counts only while the row is
*offered* under that very number. Attempts are counted at start. The first delivery of a lane that has not ended is its
*head*; none but heads are claimed.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from receiver.drift import Drift
from receiver.envelope import Platform, StoredEnvelope
from receiver.standing import Standing

DeliveryState = Literal["due", "offered", "running", "succeeded", "skipped", "dead"]
#: How one attempt ended. ``lost``: the worker died, or did not come back within its lease.
AttemptOutcome = Literal["running", "succeeded", "failed", "lost"]

OFFER_LEASE = timedelta(seconds=60)
#: A run lease is the handler's timeout and this.
RUN_LEASE_MARGIN = timedelta(seconds=10)
#: What a queue may be called: a broker knows few of them, and by such names.
QUEUE = r"^[a-z][a-z0-9-]{0,30}$"
#: The event number of an envelope that cannot be read. No body holds so many events.
UNREADABLE = 2**31 - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NewDelivery:
    """What dispatch owes to one handler."""

    number: int
    handler: str
    event: str
    order_id: str | None
    refund_id: str | None
    lane: str | None
    #: ``None``: it adds to what is known, or its handler asked for old news too: it is never superseded.
    standing: Standing | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dispatched:
    """What dispatch made of one envelope: deliveries, or the reason why no event can be made of it."""

    envelope_id: str
    deliveries: tuple[NewDelivery, ...] = ()
    unreadable: str | None = None
    #: Where it differs from what we know of its topic, read or not.
    drift: tuple[Drift, ...] = ()


@dataclass(frozen=True, slots=True)
class Offer:
    """A claimed delivery, its fencing number, and whose it is: all that a broker message carries."""

    delivery_id: int
    number: int
    handler: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Skipped:
    """A delivery that ended without an attempt: its event is older than one that its handler succeeded with."""

    delivery_id: int
    handler: str
    event: str
    order_id: str | None
    refund_id: str | None
    older_than: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """An attempt that has begun: counted, and under a run lease."""

    offer: Offer
    envelope: StoredEnvelope
    #: Which event of the envelope; below nought, the number of the delivery that was buried.
    event_number: int
    buried: "Delivery | None" = None
    handler: str
    #: Which run of this delivery, from 1; replays go on counting.
    attempt: int
    #: How many of the handler's allowed attempts this one uses up; a replay begins again at 1.
    tries: int
    #: Nobody can tell whether its event is older than what the handler has succeeded with.
    uncertain: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """How an attempt ended, and what becomes of the delivery."""

    outcome: AttemptOutcome
    state: DeliveryState
    #: From the end of this attempt; only with ``state="due"``.
    due_in: timedelta | None = None
    error: str | None = None
    duration: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A delivery as list and show commands tell it."""

    id: int
    envelope_id: str
    account: str
    source: str
    platform: Platform | None
    topic: str | None
    event: str
    order_id: str | None
    refund_id: str | None
    handler: str
    state: DeliveryState
    attempts: int
    due_at: datetime | None
    error: str | None
    #: It ran although nobody could tell whether it was old news.
    uncertain: bool
    #: The delivery whose event was newer, where this one was skipped.
    older_than: int | None
    created_at: datetime
    ended_at: datetime | None
    replays: int
    replayed_by: str | None
    replayed_at: datetime | None
    #: Which event of the envelope, from 0; ``UNREADABLE``; or minus the delivery whose burial it tells of.
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    number: int
    started_at: datetime
    outcome: AttemptOutcome
    duration: timedelta | None
    error: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """What list commands and replay choose by; ``None`` chooses all. Times bound when the envelope was received."""

    delivery_ids: tuple[int, ...] | None = None
    envelope_id: str | None = None
    account: str | None = None
    source: str | None = None
    platform: str | None = None
    topic: str | None = None
    event: str | None = None
    order_id: str | None = None
    refund_id: str | None = None
    handler: str | None = None
    state: str | None = None
    since: datetime | None = None
    until: datetime | None = None
