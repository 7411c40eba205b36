"""The relay: a thread that dispatches, offers and sweeps, for as long as the process lives.

It needs no leader: claims are fenced, so any number of relays may run on one store. Nothing that fails in it stops it.
"""

import threading
import time
from collections.abc import Callable, Mapping, Sequence

import structlog

from receiver import dispatch, offer, sweep
from receiver.deliveries import Offer
from receiver.errors import StoreUnavailable
from receiver.routing import Router
from receiver.shares import Shares
from receiver.sources.base import Source
from receiver.store.base import Store

log = structlog.stdlib.get_logger()

#: How long it rests when nobody wakes it: what another process made due (a replay), or a retry's time, waits so long.
REST = 0.2
SWEEP_EVERY = 1.0
#: After the store or the broker failed.
BACK_OFF = 1.0


class Relay(threading.Thread):
    def __init__(
        self,
        *,
        store: Store,
        sources: Mapping[str, Source],
        router: Router,
        ring: Callable[[Offer], None],
        shares: Shares,
        under_way: Callable[[], Sequence[Offer]] = tuple,
        limit: int,
        wake: threading.Event,
        on_turn: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(name="relay", daemon=True)
        self._store = store
        self._sources = sources
        self._router = router
        self._ring = ring
        self._shares = shares
        self._under_way = under_way
        self._limit = limit
        #: Set by whoever stored something or ended a delivery: look at once.
        self._wake = wake
        self._on_turn = on_turn
        self._stopping = False
        self._next_sweep = 0.0

    def stop(self) -> None:
        """Return once the turn under way is done."""
        self._stopping = True
        self._wake.set()
        self.join()

    def run(self) -> None:
        while not self._stopping:
            self._wake.clear()
            found, failed = 0, False
            # Each on its own: where one step fails, the others still do their work.
            for step in (self._dispatch, self._offer, self._sweep):
                try:
                    found += step()
                except StoreUnavailable as error:
                    log.warning("relay.store_unavailable", error=str(error))
                    failed = True
                    break
                except Exception:  # the broker's, or a fault of ours: the store still holds everything
                    log.exception("relay.failed")
                    failed = True
            self._on_turn()
            if failed:
                self._pause()
            elif not found:
                self._wake.wait(REST)

    def _dispatch(self) -> int:
        return dispatch.dispatch(self._store, self._sources, self._router)

    def _offer(self) -> int:
        return offer.offer(self._store, self._router, self._ring, self._shares, limit=self._limit)

    def _sweep(self) -> int:
        if time.monotonic() < self._next_sweep:
            return 0
        self._next_sweep = time.monotonic() + SWEEP_EVERY
        swept = sweep.sweep(self._store, self._router, under_way=self._under_way())
        return swept.offers + swept.lost

    def _pause(self) -> None:
        """Not cut short by a wake, only by the end."""
        until = time.monotonic() + BACK_OFF
        while not self._stopping and time.monotonic() < until:
            time.sleep(0.05)
