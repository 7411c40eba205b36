"""The broker: a doorbell, not a store. Its messages carry ids alone, and losing them all loses nothing.

Of Dramatiq's middleware none is used: retries, delays and results are the store's, time limits are
``receiver.invoke``'s (``Retries`` loses the message when the broker is away while a handler fails). Two installations
must not share a broker's database or virtual host: each would take the other's messages, and wait for its own.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from dramatiq import Actor, Message, set_encoder

from receiver.broker.memory import MemoryBroker
from receiver.broker.messages import ACTOR, JsonEncoder, queue_named
from receiver.broker.rabbitmq import RabbitBroker
from receiver.broker.redis import RedisBroker
from receiver.deliveries import Offer
from receiver.errors import BrokerUnavailable

T = TypeVar("T")

Broker = MemoryBroker | RedisBroker | RabbitBroker


def open_broker(url: str) -> Broker:
    """The broker of a URL of the settings. It connects when it is first asked for something."""
    set_encoder(JsonEncoder())
    if url.startswith("redis"):
        return RedisBroker(url)
    if url.startswith("amqp"):
        return RabbitBroker(url)
    return MemoryBroker()


def declare(broker: Broker, queues: Iterable[str], deliver: Callable[[Offer], None]) -> None:
    """Declare the one actor, and the queues that it is run for."""

    def run(delivery_id: int, number: int, handler: str) -> None:
        deliver(Offer(delivery_id, number, handler))

    first, *others = [queue_named(queue) for queue in queues]
    Actor(run, broker=broker, actor_name=ACTOR, queue_name=first, priority=0, options={})
    for other in others:
        broker.declare_queue(other)


class Doorbell:
    """What the relay rings, always from one thread."""

    def __init__(self, broker: Broker, queue_of: Callable[[str], str]) -> None:
        """``queue_of`` tells a handler's queue."""
        self._broker = broker
        self._queue_of = queue_of

    def ring(self, offers: Sequence[Offer]) -> None:
        """Raises ``BrokerUnavailable``; then nobody knows how many of them were taken."""
        self._ask(lambda: self._broker.enqueue_many([self._message(offer) for offer in offers]))

    def listen(self) -> bool:
        """Whether the broker still holds what it was given. Raises ``BrokerUnavailable`` while it does not answer."""
        return self._ask(self._broker.remembers)

    def _message(self, offer: Offer) -> Message[None]:
        return Message(
            queue_name=queue_named(self._queue_of(offer.handler)),
            actor_name=ACTOR,
            args=(offer.delivery_id, offer.number, offer.handler),
            kwargs={},
            options={},
        )

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except self._broker.errors as error:
            # The type alone: the text of a client's error may hold the URL.
            raise BrokerUnavailable(f"the broker does not answer: {type(error).__name__}") from None
