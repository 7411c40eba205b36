"""Dramatiq's RabbitMQ broker, without confirms: a message that is lost is offered again."""

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

import pika
from dramatiq import Message, MessageProxy
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.errors import BrokerConnectionError, ConnectionClosed

from receiver.broker.messages import MARK, is_ours

T = TypeVar("T")

#: Seconds until a server that says nothing is taken for away.
_TIMEOUT = 5


class RabbitBroker(RabbitmqBroker):
    errors: tuple[type[Exception], ...] = (BrokerConnectionError, pika.exceptions.AMQPError, OSError)

    def __init__(self, url: str) -> None:
        super().__init__(middleware=[])
        self.parameters = parameters = pika.URLParameters(url)
        parameters.socket_timeout = parameters.blocked_connection_timeout = _TIMEOUT
        parameters.stack_timeout = 2 * _TIMEOUT

    @property
    def consumer_class(self) -> type[_RabbitmqConsumer]:
        return _Consumer

    def enqueue_many(self, messages: Sequence[Message[None]]) -> None:
        for message in messages:
            self.enqueue(message)

    def ping(self) -> None:
        self._ask(self.connection.process_data_events)

    def remembers(self) -> bool:
        """Whether it kept what it was given: by a message that a restart or a purge takes, and is there from now on.

        A restart may have taken others, too, for nobody waits until they are on its disk. Also answers the server's
        heartbeats, for which a connection that only publishes has no time.
        """
        return self._ask(self._is_marked)

    def _is_marked(self) -> bool:
        declared = self.channel.queue_declare(MARK, durable=True, arguments={"x-max-length": 1})
        if declared.method.message_count:
            return True
        # They may be gone, too: each is declared anew before a message goes there.
        self.queues_pending.update(self.queues)
        transient = pika.BasicProperties(delivery_mode=1)
        # Confirmed, for a queue counts before it takes in what waits: the next to look would find it empty again.
        with contextlib.closing(self.connection.channel()) as channel:
            channel.confirm_delivery()
            channel.basic_publish(exchange="", routing_key=MARK, body=b"", properties=transient)
        return False

    def _ask(self, call: Callable[[], T]) -> T:
        try:
            return call()
        except pika.exceptions.AMQPError:
            del self.connection
            raise


class _Consumer(_RabbitmqConsumer):
    def ack(self, message: MessageProxy) -> None:
        """What cannot be acknowledged comes again, and counts no more: not worth a thread that waits for the broker."""
        with contextlib.suppress(ConnectionClosed):
            super().ack(message)

    def __next__(self) -> MessageProxy | None:
        message: MessageProxy | None = super().__next__()
        if message is None or is_ours(message, self.queue_name):
            return message
        self.ack(message)
        return None
