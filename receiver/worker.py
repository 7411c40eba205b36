"""The half of the service that works: relay, timers, and Dramatiq's worker with the one actor."""

import contextlib
import threading
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import timedelta

import structlog

from receiver import broker as brokers
from receiver.api import Apis
from receiver.broker.worker import Worker
from receiver.deliver import Deliverer
from receiver.errors import StoreUnavailable
from receiver.metrics import Metrics
from receiver.relay import Relay
from receiver.routing import DEFAULT_QUEUE, Router
from receiver.shares import Shares
from receiver.sources.base import Source
from receiver.store.base import Store
from receiver.timers import Timers

log = structlog.stdlib.get_logger()

MISSING_HANDLER_CURE = "register it under this name again (name=…), or bury what waits for it"
#: Offers held at once, a worker thread: enough to keep them busy, few enough that replays and retries are not queued
#: behind a wall of them.
OFFERS_PER_THREAD = 16
#: Offers held at once where others take them, nobody knows how many: they are done well within their lease.
OFFERS_OF_ALL = 1000


@contextlib.contextmanager
def working(
    *,
    store: Store,
    sources: Mapping[str, Source],
    router: Router,
    metrics: Metrics,
    apis: Apis,
    threads: int,
    wake: threading.Event,
    broker_url: str = "memory://",
    queues: Collection[str] | None = None,
    alone: bool = True,
    keep_payloads: timedelta | None = None,
    grace: timedelta = timedelta(seconds=30),
    pulse: Callable[[], None] = lambda: None,
    give_way: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """All of it, running; at the end nothing new begins, and handlers get ``grace`` to come to their end.

    ``queues``: only handlers of these; ``None``: this process runs them all, as of one queue. ``alone``: no other
    process works on the store. ``pulse`` is called as long as it makes progress, ``give_way`` after each turn.
    """
    broker = brokers.open_broker(broker_url)
    shares = Shares(threads)
    deliverer = Deliverer(
        store=store, sources=sources, router=router, metrics=metrics, shares=shares, apis=apis, on_ended=wake.set
    )

    def queue_of(handler: str) -> str:
        route = router.named(handler)
        return DEFAULT_QUEUE if queues is None or route is None else route.queue

    def turned() -> None:
        if worker.alive() and deliverer.stuck() < threads:
            pulse()
        give_way()

    brokers.declare(broker, [DEFAULT_QUEUE] if queues is None else queues, deliverer.deliver)
    worker = Worker(broker, threads)
    relay = Relay(
        store=store,
        sources=sources,
        router=router,
        queues=queues,
        bell=brokers.Doorbell(broker, queue_of),
        shares=shares,
        under_way=deliverer.under_way,
        give_back=deliverer.give_back,
        limit=threads * OFFERS_PER_THREAD if broker_url == "memory://" else OFFERS_OF_ALL,
        wake=wake,
        on_turn=turned,
    )
    timers = Timers(
        store=store,
        router=router,
        holder=None if alone else uuid.uuid4().hex,
        keep_payloads=keep_payloads,
        wake=wake,
    )
    _tell_missing(store, router)
    worker.start()
    relay.start()
    timers.start()
    try:
        yield
    finally:
        timers.stop()
        relay.stop()
        worker.stop(timeout=grace // timedelta(milliseconds=1))
        deliverer.stop()
        broker.close()


def _tell_missing(store: Store, router: Router) -> None:
    try:
        missing = store.open_of_others([route.name for route in router])
    except StoreUnavailable:  # the relay tells, and it may be back before this matters
        return
    for handler, waiting in missing.items():
        log.warning("handler.missing", handler=handler, waiting=waiting, cure=MISSING_HANDLER_CURE)
