"""One attempt of one delivery: start, run the handler, settle."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from receiver import attempt
from receiver.api import Apis
from receiver.deliveries import RUN_LEASE_MARGIN, Ended, Offer, Skipped, Started
from receiver.effects import Effects
from receiver.errors import StoreUnavailable
from receiver.events import Event
from receiver.failures import describe, places
from receiver.invoke import Invoker
from receiver.metrics import Metrics
from receiver.recall import recall
from receiver.routing import Route, Router
from receiver.shares import Shares
from receiver.sources.base import Source
from receiver.store.base import Store

log = structlog.stdlib.get_logger()

#: Between two tries to record an outcome while the store is away.
SETTLE_AGAIN = 0.5


class Deliverer:
    """What every attempt needs, put together once a process."""

    def __init__(
        self,
        *,
        store: Store,
        sources: Mapping[str, Source],
        router: Router,
        metrics: Metrics,
        shares: Shares,
        apis: Apis,
        on_ended: Callable[[], None] = lambda: None,
    ) -> None:
        self._store = store
        self._sources = sources
        self._router = router
        self._metrics = metrics
        self._shares = shares
        self._apis = apis
        self._on_ended = on_ended
        self._invoker = Invoker()
        #: What is under way, and since when, so that its leases can be renewed. Set and deleted whole, by one thread
        #: each.
        self._under_way: dict[int, tuple[Offer, float]] = {}
        #: What the store was away for.
        self._not_started: list[Offer] = []

    def deliver(self, offer: Offer) -> None:
        """Run the attempt that this offer is for; nothing, if it no longer counts, or its handler holds its share."""
        try:
            if not self._shares.begin(offer.handler):
                self._store.give_back([offer])
                return
            began = time.monotonic()
            self._under_way[threading.get_ident()] = (offer, began)
            try:
                self._attempt(offer)
            finally:
                del self._under_way[threading.get_ident()]
                self._shares.end(offer.handler, time.monotonic() - began)
        except StoreUnavailable as error:  # nothing has begun
            log.warning("delivery.not_started", delivery=offer.delivery_id, error=str(error))
            self._not_started.append(offer)
            return
        self._on_ended()

    def give_back(self) -> int:
        """What could not be started: it is due again, and does not wait for its offer's lease to end."""
        offers = self._not_started.copy()
        if offers:
            self._store.give_back(offers)
            del self._not_started[: len(offers)]
        return len(offers)

    def under_way(self) -> list[Offer]:
        """The attempts of this process: while it lives, they are not lost, however long a handler waits in C."""
        return [offer for offer, _ in list(self._under_way.values())]

    def stuck(self) -> int:
        """Threads that are beyond their handler's timeout and do not come back: they wait in C."""
        return sum(
            time.monotonic() - began > (route.timeout + RUN_LEASE_MARGIN).total_seconds()
            for offer, began in list(self._under_way.values())
            if (route := self._router.named(offer.handler)) is not None
        )

    def stop(self) -> None:
        self._invoker.stop()

    def _attempt(self, offer: Offer) -> None:
        route = self._router.named(offer.handler)
        if route is None:
            if any(waiting.name == offer.handler for waiting in self._router.waiting()):  # since it was offered
                self._store.give_back([offer])
            return
        started = self._store.start(offer, {route.name: route.timeout})
        if started is None:
            log.debug("delivery.stale_offer", delivery=offer.delivery_id, offer=offer.number)
            return
        if isinstance(started, Skipped):
            self._metrics.attempted(started.handler, "skipped", 0)
            _log_skipped(started)
            return
        began = time.monotonic()
        event, failure = self._run(route, started)
        duration = timedelta(seconds=time.monotonic() - began)
        ended = attempt.ended(failure, started, route, duration)
        counted = self._settle(started, ended, route, began)
        self._metrics.attempted(route.name, ended.state, duration.total_seconds())
        _log(started, event, ended, counted=counted)

    def _run(self, route: Route, started: Started) -> tuple[Event | None, BaseException | None]:
        """The event, and what its handler raised."""
        envelope, event = started.envelope, None
        try:
            event = recall(started, self._sources)
            effects = Effects(self._store, started, attempt.subject(event, started))
            about = attempt.about(route, event, started)
            attempt.attempt(
                route,
                event,
                started,
                effects=effects,
                api=self._apis.of(
                    envelope.account,
                    event.platform,
                    effects,
                    log=log.bind(**about),
                    count=self._metrics.called,
                ),
                log=structlog.stdlib.get_logger("handler").bind(**about),
                invoker=self._invoker,
            )
        except BaseException as failure:  # noqa: BLE001  (a handler may raise anything, SystemExit too)
            log.debug("handler.failed", handler=route.name, error=describe(failure), places=places(failure))
            return event, failure
        return event, None

    def _settle(self, started: Started, ended: Ended, route: Route, began: float) -> bool:
        """Record the outcome, waiting for a store that is away for as long as the lease makes it ours."""
        while True:
            try:
                return self._store.settle(started, ended)
            except StoreUnavailable:
                lease = (route.timeout + RUN_LEASE_MARGIN).total_seconds()
                if time.monotonic() - began > lease:
                    log.exception("delivery.not_settled", delivery=started.offer.delivery_id)
                    return False
                time.sleep(SETTLE_AGAIN)


def _log_skipped(skipped: Skipped) -> None:
    log.info(
        "delivery.skipped",
        delivery=skipped.delivery_id,
        handler=skipped.handler,
        event_type=skipped.event,
        older_than=skipped.older_than,
        order=skipped.order_id,
        refund=skipped.refund_id,
    )


def _log(started: Started, event: Event | None, ended: Ended, *, counted: bool) -> None:
    """The one line of an attempt."""
    envelope = started.envelope
    subject = event or envelope  # an envelope of several orders names the first
    log.log(
        logging.INFO if ended.outcome == "succeeded" else logging.WARNING,
        "delivery.attempted",
        delivery=started.offer.delivery_id,
        handler=started.handler,
        outcome=ended.outcome,
        state=ended.state,
        attempt=started.attempt,
        ms=round(ended.duration.total_seconds() * 1000, 1),
        retry_in=None if ended.due_in is None else round(ended.due_in.total_seconds(), 1),
        error=ended.error,
        account=envelope.account,
        topic=envelope.topic,
        order=subject.order_id,
        refund=subject.refund_id,
        envelope=envelope.id,
        uncertain=started.uncertain or None,
        counted=counted,
    )
