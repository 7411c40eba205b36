"""Dramatiq's worker, inside of a process of ours."""

import contextlib
import logging
from collections import defaultdict

import dramatiq
from dramatiq import MessageProxy
from dramatiq.common import iter_queue, join_all
from dramatiq.errors import BrokerConnectionError

from receiver.broker import Broker

#: Milliseconds. Redis is asked so often at least.
POLL = 100
#: What Dramatiq says at every try to reach a broker that is away. The relay says it once.
_OUTAGE = ("Consumer encountered a connection error", "Restarting consumer", "Failed to post_process_message")


class Worker(dramatiq.Worker):
    """Runs the actor in ``worker_threads`` threads, each at most two messages ahead."""

    def __init__(self, broker: Broker, threads: int) -> None:
        super().__init__(broker, worker_threads=threads, worker_timeout=POLL)
        self._errors: tuple[type[Exception], ...] = (BrokerConnectionError, *broker.errors)

    def alive(self) -> bool:
        return all(thread.is_alive() for thread in [*self.workers, *self.consumers.values()])

    def stop(self, timeout: int = 600_000) -> None:
        """Let go of what has not begun, at once; then give what runs so many milliseconds to end."""
        for thread in self.workers:
            thread.stop()
        for consumer in self.consumers.values():
            consumer.stop()
        join_all(self.consumers.values(), timeout)
        waiting: defaultdict[str, list[MessageProxy]] = defaultdict(list)
        for item in iter_queue(self.work_queue):
            waiting[item.message.queue_name].append(item.message)
        for name, consumer in self.consumers.items():
            with contextlib.suppress(*self._errors):  # away: then it is offered again, when its lease has ended
                consumer.requeue_messages(waiting[name])
                consumer.close()
        super().stop(timeout)

    def _add_consumer(self, queue_name: str, *, delay: bool = False) -> None:
        if delay:  # nothing is ever delayed by the broker: two pollers or connections less
            return
        logging.getLogger(f"dramatiq.worker.ConsumerThread({queue_name})").addFilter(_no_outage)
        super()._add_consumer(queue_name)


def _no_outage(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(_OUTAGE)
