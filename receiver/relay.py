"""The relay: a thread that dispatches and offers, for as long as the process lives.

It needs no leader: claims are fenced, so any number of relays may run on one store. Nothing that fails in it stops it.
"""

import threading
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Protocol

import structlog

from receiver import dispatch, offer
from receiver.deliveries import Offer
from receiver.errors import BrokerUnavailable, StoreUnavailable
from receiver.outage import Outage
from receiver.routing import Router
from receiver.shares import Shares
from receiver.sources.base import Source
from receiver.store.base import Store

log = structlog.stdlib.get_logger()

#: How long it rests when nobody wakes it: what another process made due (a replay), or a retry's time, waits so long.
REST = 0.2
#: How long it rests at first after it found something; then twice as long each time, up to ``REST``.
SHORT_REST = 0.01
RENEW_EVERY = 1.0
#: How often the broker is asked whether it is there, and still holds what it was given.
LISTEN_EVERY = 5.0
#: After the store or the broker failed.
BACK_OFF = 1.0


class Bell(Protocol):
    """Both raise ``BrokerUnavailable``."""

    def ring(self, offers: Sequence[Offer]) -> None: ...

    def listen(self) -> bool: ...


class Relay(threading.Thread):
    def __init__(
        self,
        *,
        store: Store,
        sources: Mapping[str, Source],
        router: Router,
        queues: Collection[str] | None = None,
        bell: Bell,
        shares: Shares,
        under_way: Callable[[], Sequence[Offer]] = tuple,
        give_back: Callable[[], int] = lambda: 0,
        limit: int,
        wake: threading.Event,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        """``queues`` are those whose handlers' deliveries it offers; ``None``: all.

        ``give_back`` makes due again what this process was offered and could not start, and says how many.
        """
        super().__init__(name="relay", daemon=True)
        self._store = store
        self._sources = sources
        self._router = router
        self._queues = queues
        self._bell = bell
        self._shares = shares
        self._under_way = under_way
        self._give_back = give_back
        self._limit = limit
        #: Set by whoever stored something or ended a delivery: look at once.
        self._wake = wake
        self._on_turn = on_turn
        self._stopping = False
        self._next_offer = 0.0
        self._next_listen = 0.0
        #: What is offered lies in the broker. At first nobody knows: a relay may have been killed before it rang.
        self._all_rung = False
        self._next_renewal = 0.0
        self._broker_outage = Outage("broker")
        self._store_outage = Outage("store")

    def stop(self) -> None:
        """Return once the turn under way is done."""
        self._stopping = True
        self._wake.set()
        self.join()

    def run(self) -> None:
        rest = REST
        while not self._stopping:
            self._wake.clear()
            found, failed = 0, False
            # Each on its own: where one step fails, the others still do their work.
            for step in (self._dispatch, self._give_back, self._offer, self._renew):
                try:
                    found += step()
                except StoreUnavailable as error:
                    self._store_outage.goes_on(error)
                    failed = True
                    break
                except Exception:  # a fault of ours: the store still holds everything
                    log.exception("relay.failed")
                    failed = True
            else:
                self._store_outage.is_over()
            self._on_turn()
            if failed:
                self._pause()
            elif found:
                rest = SHORT_REST
            else:
                self._wake.wait(rest)
                rest = min(2 * rest, REST)

    def _dispatch(self) -> int:
        return dispatch.dispatch(self._store, self._sources, self._router)

    def _offer(self) -> int:
        """While the broker is away, what is due stays due, and dispatch does not wait for it."""
        now = time.monotonic()
        if now < self._next_offer:
            return 0
        try:
            if now >= self._next_listen:
                self._all_rung = self._bell.listen() and self._all_rung
                self._take_back()
                self._next_listen = now + LISTEN_EVERY
            routes = [route for route in self._router if self._queues is None or route.queue in self._queues]
            offered = offer.offer(self._store, routes, self._bell.ring, self._shares, limit=self._limit)
        except BrokerUnavailable as error:
            self._broker_outage.goes_on(error)
            self._next_offer = now + BACK_OFF
            self._next_listen = 0.0
            return 0
        self._broker_outage.is_over()
        return offered

    def _take_back(self) -> None:
        """Offer again what the broker may not hold. What it does hold counts no more, and runs nothing twice."""
        if not self._all_rung:
            if offers := self._store.take_back():
                log.info("offers.taken_back", offers=offers)
            self._all_rung = True

    def _renew(self) -> int:
        """Attempts that this process is running are not lost, however long a handler waits in C."""
        if time.monotonic() >= self._next_renewal and (offers := self._under_way()):
            self._store.renew(offers)
            self._next_renewal = time.monotonic() + RENEW_EVERY
        return 0

    def _pause(self) -> None:
        """Not cut short by a wake, only by the end."""
        until = time.monotonic() + BACK_OFF
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.05)
