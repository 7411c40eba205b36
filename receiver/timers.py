"""What is done again and again, by one process at a time: put back what was lost, empty payloads, watch the clock."""

import threading
import time
from datetime import timedelta

import structlog

from receiver.errors import StoreUnavailable
from receiver.routing import Router
from receiver.store.base import Store
from receiver.sweep import sweep

log = structlog.stdlib.get_logger()

#: Seconds.
TICK = 1.0
#: Seconds after which another process takes over from one that died.
LEASE = 5.0
PRUNE_EVERY = 600.0
#: Envelopes emptied at a tick.
PRUNED_AT_ONCE = 500


class Timers(threading.Thread):
    def __init__(
        self,
        *,
        store: Store,
        router: Router,
        holder: str | None,
        keep_payloads: timedelta | None,
        wake: threading.Event,
    ) -> None:
        """``holder`` is who takes the lease; ``None`` where no other process can be there."""
        super().__init__(name="timers", daemon=True)
        self._store = store
        self._router = router
        self._holder = holder
        self._keep_payloads = keep_payloads
        self._wake = wake
        self._stopping = threading.Event()
        self._next_prune = 0.0

    def stop(self) -> None:
        """Return once the turn under way is done, and let another process take over at once."""
        self._stopping.set()
        self.join()
        if self._holder is not None:
            try:
                self._store.release("timers", self._holder)
            except StoreUnavailable as error:
                log.info("timers.not_released", error=str(error))

    def run(self) -> None:
        while not self._stopping.wait(TICK):
            try:
                if self._holder is None or self._store.hold("timers", self._holder, LEASE):
                    self._sweep()
                    self._prune()
                    self._retime()
            except StoreUnavailable:
                continue  # the relay tells
            except Exception:  # a fault of ours: the next turn must come all the same
                log.exception("timers.failed")

    def _sweep(self) -> None:
        swept = sweep(self._store, self._router)
        if swept.offers or swept.lost:
            self._wake.set()

    def _retime(self) -> None:
        if retimed := self._store.retime():
            log.warning("clock.set_back", deliveries=retimed)
            self._wake.set()

    def _prune(self) -> None:
        if self._keep_payloads is None or time.monotonic() < self._next_prune:
            return
        pruned = self._store.prune(self._keep_payloads, PRUNED_AT_ONCE)
        if pruned.envelopes:
            log.info("payloads.pruned", envelopes=pruned.envelopes, bytes=pruned.payload_bytes)
        if pruned.envelopes < PRUNED_AT_ONCE:  # else there are more, and the next tick goes on
            self._next_prune = time.monotonic() + PRUNE_EVERY
