"""Dramatiq's RabbitMQ broker, without confirms: a message that is lost is offered again."""

import contextlib
from collections.abc import Sequence

import pika
from dramatiq import Message, MessageProxy
from dramatiq.brokers.rabbitmq import RabbitmqBroker, _RabbitmqConsumer
from dramatiq.errors import BrokerConnectionError, ConnectionClosed

from receiver.broker.messages import is_ours

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
        """Also answers the server's heartbeats, for which a connection that only publishes has no time."""
        try:
            self.connection.process_data_events()
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
