"""A delivery that is to be attempted -> the event that it is about, made again."""

from collections.abc import Mapping

from receiver.deliveries import UNREADABLE, Started
from receiver.events import DeliveryBuried, EnvelopeUnreadable, Event
from receiver.sources.base import Source


def recall(started: Started, sources: Mapping[str, Source]) -> Event:
    """Raises ``Undecodable`` if the envelope cannot be read by this version."""
    envelope = started.envelope
    if started.buried is not None:
        return DeliveryBuried(
            account=envelope.account,
            source=envelope.source,
            platform=envelope.platform,
            topic=envelope.topic or "",
            order_id=started.buried.order_id,
            refund_id=started.buried.refund_id,
            occurred_at=started.buried.ended_at,
            error=started.buried.error,
            delivery_id=started.buried.id,
            handler=started.buried.handler,
            event_type=started.buried.event,
            attempts=started.buried.attempts,
            raw={},
        )
    if started.event_number == UNREADABLE:
        return EnvelopeUnreadable.of(envelope, envelope.error)
    return sources[envelope.source].decode(envelope)[started.event_number]
