"""The broker: a doorbell, not a store. Its messages carry ids alone, and losing them all loses nothing.

Of Dramatiq's middleware none is used: retries, delays and results are the store's, time limits are
``receiver.invoke``'s (``Retries`` loses the message when the broker is away while a handler fails).
"""

from collections.abc import Callable

import dramatiq
from dramatiq.brokers.stub import StubBroker

from receiver.deliveries import Offer

QUEUE = "deliveries"
ACTOR = "deliver"


def in_memory() -> dramatiq.Broker:
    """For one process: its messages die with it, and the store puts them back at the next start."""
    return StubBroker(middleware=[])


def declare(broker: dramatiq.Broker, deliver: Callable[[Offer], None]) -> Callable[[Offer], None]:
    """Declare the one actor; what is returned rings for an offer."""

    def run(delivery_id: int, number: int, handler: str) -> None:
        deliver(Offer(delivery_id, number, handler))

    actor = dramatiq.actor(actor_name=ACTOR, queue_name=QUEUE, broker=broker)(run)

    def ring(offer: Offer) -> None:
        actor.send(offer.delivery_id, offer.number, offer.handler)

    return ring
