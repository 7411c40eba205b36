"""A bare Dramatiq worker: an actor that does nothing but note that it began, without any middleware.

Its threads, its prefetch and its patience with the broker are those of ``yizhan work``.
"""

import os
import signal
import sys
from pathlib import Path

import dramatiq
from bench import noting
from dramatiq import Broker
from dramatiq.brokers.rabbitmq import RabbitmqBroker
from dramatiq.brokers.redis import RedisBroker
from dramatiq.brokers.stub import StubBroker

from receiver.broker.worker import POLL


def open_broker(url: str) -> Broker:
    if url.startswith("redis"):
        return RedisBroker(url=url, middleware=[], namespace="bare")  # type: ignore[no-untyped-call]
    if url.startswith("amqp"):
        return RabbitmqBroker(url=url, middleware=[])
    return StubBroker(middleware=[])


def main() -> None:
    """``URL COUNT THREADS``, and ``fill`` to give the broker so many messages, or to do it and work in one process."""
    url, count, threads, *fill = sys.argv[1:]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    broker = open_broker(url)
    notes: list[noting.Notes] = []

    @dramatiq.actor(broker=broker, queue_name="bare", actor_name="nothing")
    def nothing(number: int) -> None:
        notes[0].note(number)

    if fill or url == "memory://":
        for number in range(int(count)):
            broker.enqueue(nothing.message(number))
    if fill:
        return
    notes.append(noting.stand_ready(Path(os.environ["BENCH_NOTES"])))
    worker = dramatiq.Worker(broker, worker_threads=int(threads), worker_timeout=POLL)
    worker.start()
    try:
        signal.pause()
    finally:
        worker.stop()
        broker.close()


main()
