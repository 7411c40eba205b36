"""Dramatiq's Redis broker, where a batch is one round trip and no message strands another."""

import contextlib
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any
from uuid import uuid4

import redis
from dramatiq import Message, MessageProxy
from dramatiq.brokers.redis import RedisBroker as DramatiqRedisBroker
from dramatiq.brokers.redis import _RedisConsumer
from dramatiq.errors import ConnectionClosed

from receiver.broker.messages import MARK, is_readable

#: Seconds until a server that says nothing is taken for away.
_TIMEOUT = 5
#: Milliseconds after which a process that polls no more is taken for dead, and what it fetched goes to others. One
#: whose threads are all busy polls no more either: then others take what waits there, and its own copies are stale.
_HEARTBEAT_TIMEOUT = 10_000
#: Of a million commands, so many look for the dead. Dramatiq's own, a thousand, leaves messages with them for minutes.
_MAINTENANCE_CHANCE = 100_000

# What others took over meanwhile is theirs.
_FORGET = """
for _, key in ipairs(ARGV) do
  if redis.call("srem", KEYS[1], key) > 0 then redis.call("hdel", KEYS[2], key) end
end
"""


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
        self._forget = self.client.register_script(_FORGET)
        #: Of each queue, keys of messages that are done with. A consumer may be made anew meanwhile.
        self.done = defaultdict[str, deque[str]](deque)

    @property
    def consumer_class(self) -> type[_RedisConsumer]:
        return _Consumer

    def enqueue_many(self, messages: Sequence[Message[None]]) -> None:
        """As ``enqueue`` does it, two commands a queue in place of a script a message."""
        queues = defaultdict[str, dict[Any, bytes]](dict)
        for message in messages:
            key = str(uuid4())
            queues[message.queue_name][key] = message.copy(options={"redis_message_id": key}).encode()
        with self.client.pipeline() as pipeline:
            for queue, keyed in queues.items():
                pipeline.hset(f"{self.namespace}:{queue}.msgs", mapping=keyed)
                pipeline.rpush(f"{self.namespace}:{queue}", *keyed)
            pipeline.execute()

    def forget_done(self, queue: str) -> None:
        """As ``_RedisConsumer.ack`` does it, for all that are done with, by one command."""
        done = self.done[queue]
        if keys := [done.popleft() for _ in range(len(done))]:
            held = f"{self.namespace}:__acks__.{self.broker_id}.{queue}"
            try:
                self._forget(keys=[held, f"{self.namespace}:{queue}.msgs"], args=keys)
            except redis.RedisError:
                done.extendleft(reversed(keys))
                raise

    def ping(self) -> None:
        self.client.ping()

    def remembers(self) -> bool:
        """Whether it kept what it was given: by a key that would be gone, too, and is there from now on."""
        return not self.client.set(MARK, 1, nx=True)

    def do_fetch(self, queue: str, most: int) -> list[bytes]:
        """Without what is not ours: Dramatiq's consumer would stop at it, and lose those that came with it."""
        fetched: list[bytes | None] = self._dispatch("fetch")(queue, most)
        found = [data for data in fetched if data is not None]  # None: only its key was left
        readable = [data for data in found if is_readable(data, queue)]
        for data in {*found} - {*readable}:
            self._drop(queue, data)
        return readable

    def _drop(self, queue: str, data: bytes) -> None:
        """A message does not tell the key it lies under."""
        for key, found in self.client.hscan_iter(f"{self.namespace}:{queue}.msgs"):
            if found == data:
                self._dispatch("ack")(queue, key)


class _Consumer(_RedisConsumer):
    def ack(self, message: MessageProxy) -> None:
        """A worker's thread does not wait for the broker; what that was not told of comes again, and counts no more."""
        self.broker.done[self.queue_name].append(message.options["redis_message_id"])
        self.queued_message_ids.discard(message.message_id)

    def __next__(self) -> MessageProxy | None:
        try:
            if not self.message_cache:
                self.broker.forget_done(self.queue_name)
            message: MessageProxy | None = super().__next__()
        # A time-out is a fault to Dramatiq: github.com/Bogdanp/dramatiq/issues/894
        except (redis.ConnectionError, redis.TimeoutError) as error:
            raise ConnectionClosed(error) from None
        return message

    def close(self) -> None:
        with contextlib.suppress(redis.RedisError):  # away
            self.broker.forget_done(self.queue_name)
        super().close()
