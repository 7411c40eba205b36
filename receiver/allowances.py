"""What may wait to be committed, and how much of it one account may bring: never all, and no faster than it is told to.

An account whose secret got out, or whose source went mad, is refused alone (503: the source sends it again).
"""

import time
from collections import defaultdict
from collections.abc import Callable, Mapping

from receiver.envelope import Envelope
from receiver.errors import NotCommitted

#: What a store that stands still may pile up in memory: a second or two of the fastest load, and no more.
MAX_WAITING = 2_800
MAX_WAITING_BYTES = 64 * 1024 * 1024
#: An account may hold so many times what it leaves free: three quarters of it if no other has anything there.
TIMES_FREE = 3


class _Held:
    __slots__ = ("bytes", "rows")

    def __init__(self) -> None:
        self.rows = 0
        self.bytes = 0


class _Rate:
    """So many a second, and those of one second at once."""

    def __init__(self, a_second: float, now: float) -> None:
        self._a_second = a_second
        self._most = self._left = max(1.0, a_second)
        self._at = now

    def take(self, now: float) -> bool:
        self._left = min(self._most, self._left + (now - self._at) * self._a_second)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Allowances:
    def __init__(self, max_rates: Mapping[str, float], *, now: Callable[[], float] = time.monotonic) -> None:
        """``max_rates``: callbacks a second, of the accounts that have such a limit; ``now`` in seconds."""
        self._now = now
        self._rates = {account: _Rate(rate, now()) for account, rate in max_rates.items()}
        self._all = _Held()
        self._of: defaultdict[str, _Held] = defaultdict(_Held)

    @property
    def waiting(self) -> int:
        """How many envelopes."""
        return self._all.rows

    def admit(self, envelope: Envelope) -> None:
        """It waits from now on, until ``release()``. Raises ``NotCommitted`` if it may not."""
        size = len(envelope.payload)
        every, own = self._all, self._of[envelope.account]
        if every.rows:  # else even what is larger than the buffer gets in
            if every.rows >= MAX_WAITING or every.bytes + size > MAX_WAITING_BYTES:
                raise NotCommitted("buffer_full")
            free_rows, free_bytes = MAX_WAITING - every.rows, MAX_WAITING_BYTES - every.bytes
            if own.rows > TIMES_FREE * free_rows or own.bytes > TIMES_FREE * free_bytes:
                raise NotCommitted("buffer_share")
        rate = self._rates.get(envelope.account)
        if rate is not None and not rate.take(self._now()):
            raise NotCommitted("rate")
        for held in (every, own):
            held.rows += 1
            held.bytes += size

    def release(self, envelope: Envelope) -> None:
        """It is being committed, or given up."""
        for held in (self._all, self._of[envelope.account]):
            held.rows -= 1
            held.bytes -= len(envelope.payload)
