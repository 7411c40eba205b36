"""An account's rate and concurrency where several processes call for it: kept in the store that they share."""

import contextlib
import time
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Protocol

from receiver.errors import ApiPaused, ApiRateLimited, StoreUnavailable

#: Between two looks whether another process has ended its call.
LOOK_AGAIN = 0.05
#: What may be sent at once after a rest: so many seconds' worth.
BURST = 1.0


class Leases(Protocol):
    """Of a store: see ``receiver.store.base``."""

    def book(self, name: str, each: float, burst: float, *, within: float, most: float) -> float: ...
    def hold(self, name: str, holder: str, seconds: float) -> bool: ...
    def release(self, name: str, holder: str) -> None: ...


class Sharing:
    def __init__(
        self,
        leases: Leases,
        account: str,
        *,
        rate: float,
        concurrency: int,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._leases = leases
        self._name = f"api:{account}"
        self._rate = rate
        self._places = [f"{self._name}:{number}" for number in range(concurrency)]
        self._clock = clock
        self._sleep = sleep

    @contextlib.contextmanager
    def turn(self, patience: float) -> Iterator[None]:
        """One call, within so many seconds. Raises ``ApiPaused`` or ``ApiRateLimited``: then nothing was sent."""
        until = self._clock() + patience
        holder = uuid.uuid4().hex
        try:
            place = self._take_place(holder, until, patience)
        except StoreUnavailable as error:
            raise ApiPaused(f"nobody can tell what other processes send; not sent: {error}") from error
        try:
            yield
        finally:
            with contextlib.suppress(StoreUnavailable):  # then it ends by itself
                self._leases.release(place, holder)

    def _take_place(self, holder: str, until: float, patience: float) -> str:
        lease = 2 * patience + 1
        while True:
            place = next((name for name in self._places if self._leases.hold(name, holder, lease)), None)
            if place is not None:
                break
            if self._clock() + LOOK_AGAIN > until:
                raise ApiRateLimited("too many calls at a time", retry_after=timedelta(seconds=1 / self._rate))
            self._sleep(LOOK_AGAIN)
        left = max(until - self._clock(), 0.0)
        wait = self._leases.book(f"{self._name}:rate", 1 / self._rate, BURST, within=left, most=patience)
        if wait > left:
            self._leases.release(place, holder)
            raise ApiRateLimited("no turn for this call in its time", retry_after=timedelta(seconds=wait))
        if wait > 0:
            self._sleep(wait)
        return place
