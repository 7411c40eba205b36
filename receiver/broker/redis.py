"""Dramatiq's Redis broker, where a batch is one round trip and no message strands another."""

import contextlib
from collections.abc import Sequence
from uuid import uuid4

import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker as DramatiqRedisBroker
from dramatiq.brokers.redis import _RedisConsumer
from dramatiq.common import current_millis
from dramatiq.errors import ConnectionClosed

from receiver.broker.messages import MARK, is_readable

#: Seconds until a server that says nothing is taken for away.
_TIMEOUT = 5
#: Milliseconds after which a process that polls no more is taken for dead, and what it fetched goes to others. One
#: whose threads are all busy polls no more either: then others take what waits there, and its own copies are stale.
_HEARTBEAT_TIMEOUT = 10_000
#: Of a million commands, so many look for the dead. Dramatiq's own, a thousand, leaves messages with them for minutes.
_MAINTENANCE_CHANCE = 100_000


class RedisBroker(DramatiqRedisBroker):
    errors: tuple[type[Exception], ...] = (redis.RedisError,)

    def __init__(self, url: str) -> None:
        super().__init__(
            client=redis.Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT),
            middleware=[],
            namespace="yizhan",
            heartbeat_timeout=_HEARTBEAT_TIMEOUT,
            maintenance_chance=_MAINTENANCE_CHANCE,
        )

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        return _Consumer

    def enqueue_many(self, messages: Sequence[Message[None]]) -> None:
        """As ``enqueue`` does it, in one pipeline: five times cheaper."""
        pipeline = self.client.pipeline(transaction=False)
        most = self._max_unpack_size()
        for message in messages:
            key = str(uuid4())
            encoded = message.copy(options={"redis_message_id": key}).encode()
            command = ("enqueue", current_millis(), message.queue_name, self.broker_id)
            limits = (self.heartbeat_timeout, self.dead_message_ttl, 0, most)
            self.scripts["dispatch"](keys=[self.namespace], args=[*command, *limits, key, encoded], client=pipeline)
        pipeline.execute()

    def ping(self) -> None:
        self.client.ping()

    def remembers(self) -> bool:
        """Whether it kept what it was given: by a key that would be gone, too, and is there from now on."""
        return not self.client.set(MARK, 1, nx=True)

    def do_fetch(self, queue: str, most: int) -> list[bytes]:
        """Without what is not ours: Dramatiq's consumer would stop at it, and lose those that came with it."""
        fetched: list[bytes] = self._dispatch("fetch")(queue, most)
        readable = [data for data in fetched if is_readable(data, queue)]
        for data in {*fetched} - {*readable}:
            self._drop(queue, data)
        return readable

    def _drop(self, queue: str, data: bytes) -> None:
        """A message does not tell the key it lies under."""
        for key, found in self.client.hscan_iter(f"{self.namespace}:{queue}.msgs"):
            if found == data:
                self._dispatch("ack")(queue, key)


class _Consumer(_RedisConsumer):
    def ack(self, message: MessageProxy) -> None:
        """What cannot be acknowledged comes again, and counts no more: not worth a thread that waits for the broker."""
        with contextlib.suppress(ConnectionClosed, redis.RedisError):
            super().ack(message)

    def __next__(self) -> MessageProxy | None:
        try:
            message: MessageProxy | None = super().__next__()
        except redis.TimeoutError as error:  # which Dramatiq takes for a fault: github.com/Bogdanp/dramatiq/issues/894
            raise ConnectionClosed(error) from None
        return message
