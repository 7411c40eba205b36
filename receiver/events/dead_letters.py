"""What we ourselves gave up. No source tells it, and only a handler that asks for it by name is told.

Nothing is told of a dead letter of these events: a handler that fails to tell of failures would begin a storm.
"""

from typing import ClassVar

from receiver.envelope import StoredEnvelope
from receiver.events.event import Event


class DeadLetter(Event):
    """Something was given up and is kept, for a person to look at. ``raw`` is empty."""

    type: ClassVar[str] = "dead_letter"

    #: Why: type and place, no values.
    error: str | None = None


class DeliveryBuried(DeadLetter):
    """A delivery was given up: a permanent failure, or out of attempts. Not told of what a person buried.

    Told once a delivery: not again where a person replays it and it dies anew.
    """

    type: ClassVar[str] = "delivery.buried"

    delivery_id: int
    handler: str
    #: The type of the event that it was about.
    event_type: str
    attempts: int

    @property
    def lane(self) -> str:
        """Its own: it waits for no other, and what is done about it once is not done about its order once."""
        return f"delivery:{self.delivery_id}"


class EnvelopeUnreadable(DeadLetter):
    """No event could be made of a callback. ``yizhan inbox show`` shows it, ``inbox replay`` tries again.

    Told once an envelope.
    """

    type: ClassVar[str] = "envelope.unreadable"

    @classmethod
    def of(cls, envelope: StoredEnvelope, error: str | None) -> "EnvelopeUnreadable":
        return cls(
            account=envelope.account,
            source=envelope.source,
            platform=envelope.platform,
            topic=envelope.topic or "",
            order_id=envelope.order_id,
            refund_id=envelope.refund_id,
            occurred_at=envelope.received_at,
            error=error,
            raw={},
        )
