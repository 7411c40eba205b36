"""How an account behaves towards its platform: so many calls a second, so many at a time, and none while it is down.

One per account and process, shared by all worker threads; what several processes share is in ``sharing``. Nothing here
waits longer than a call may last; what cannot have its turn by then is told when to come again.
"""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta

from receiver.api.sharing import Sharing
from receiver.errors import ApiPaused, ApiRateLimited, ApiUnavailable, HandlerFailure, TransportError

#: So many calls in a row without an answer, or with one that says "not now", are an outage.
FAILURES = 5
#: How long an outage is left alone, before one call finds out.
PAUSE = 30.0


class Manners:
    def __init__(
        self,
        *,
        rate: float,
        concurrency: int,
        sharing: Sharing | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._slots = threading.BoundedSemaphore(concurrency)
        self._lock = threading.Lock()
        self._sharing = sharing
        self._rate = rate
        #: What may be sent at once after a rest: a second's worth.
        self._burst = max(1.0, rate)
        self._clock = clock
        self._sleep = sleep
        self._tokens = self._burst
        self._counted_at = clock()
        self._failures = 0
        #: Nothing is sent before: an outage, or what the platform asked for.
        self._paused_until = self._limited_until = clock()

    @contextlib.contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """One call. Raises ``ApiPaused`` or ``ApiRateLimited``: then nothing was sent."""
        until = self._clock() + patience
        self._check_outage(probe=False)
        if not self._slots.acquire(timeout=patience):
            raise ApiRateLimited("too many calls at a time", retry_after=timedelta(seconds=1 / self._rate))
        try:
            self._wait_for_token(until)
            self._check_outage(probe=True)
            try:
                with self._sharing.turn(until - self._clock()) if self._sharing else contextlib.nullcontext():
                    yield
            except ApiPaused:  # not sent after all: that tells nothing
                raise
            except (TransportError, ApiUnavailable):
                self._failed()
                raise
            except ApiRateLimited as error:
                self._answered()
                self._hold(error.retry_after)
                raise
            except HandlerFailure:
                self._answered()
                raise
            self._answered()
        finally:
            self._slots.release()

    def _wait_for_token(self, until: float) -> None:
        with self._lock:
            now = self._clock()
            self._tokens = min(self._burst, self._tokens + (now - self._counted_at) * self._rate)
            self._counted_at = now
            wait = max((1 - self._tokens) / self._rate, self._limited_until - now, 0.0)
            if now + wait > until:
                raise ApiRateLimited("no turn for this call in its time", retry_after=timedelta(seconds=wait))
            self._tokens -= 1  # below nought: those who come later wait longer
        if wait:
            self._sleep(wait)

    def _check_outage(self, *, probe: bool) -> None:
        with self._lock:
            now = self._clock()
            if now < self._paused_until:
                left = timedelta(seconds=self._paused_until - now)
                raise ApiPaused("the last calls had no answer; not sent", retry_after=left)
            if probe and self._failures >= FAILURES:  # one call finds out whether it is over, no other does
                self._paused_until = now + PAUSE

    def _failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= FAILURES:
                self._paused_until = self._clock() + PAUSE

    def _answered(self) -> None:
        with self._lock:
            self._failures = 0
            self._paused_until = self._clock()

    def _hold(self, wait: timedelta | None) -> None:
        with self._lock:
            self._limited_until = max(
                self._limited_until, self._clock() + (1 / self._rate if wait is None else wait.total_seconds())
            )
