"""The ledger of effects on trial: the statements of the real one, over a database in memory, on a clock that jumps."""

import threading
import time
from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import apsw

from receiver.deliveries import Started
from receiver.effects import Claimed, EffectKey, EffectState
from receiver.store.sqlite import connecting, effecting

T = TypeVar("T")


class Ledger:
    """``receiver.effects.EffectStore``, for as long as it is held."""

    def __init__(self) -> None:
        self._connection = apsw.Connection(":memory:")
        connecting.migrate(self._connection, now=0)
        self._lock = threading.Lock()
        self._jumped = timedelta(0)
        #: After an effect is recorded: a trial may let the worker die there.
        self.after_record: Callable[[str], None] = lambda _: None

    def pass_time(self, span: timedelta) -> None:
        self._jumped += span

    def intend(self, key: EffectKey, started: Started, deadline: timedelta) -> Claimed:
        return self._run(lambda now: effecting.intend(self._connection, key, started, deadline, now=now))

    def take_over(self, key: EffectKey, turn: int, started: Started, deadline: timedelta) -> Claimed:
        return self._run(lambda now: effecting.take_over(self._connection, key, turn, started, deadline, now=now))

    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool:
        noted = self._run(lambda now: effecting.note(self._connection, key, turn, state, note, now=now))
        if state == "confirmed":
            self.after_record(key.purpose)
        return noted

    def withdraw(self, key: EffectKey, turn: int) -> bool:
        return self._run(lambda _: effecting.withdraw(self._connection, key, turn))

    def fence_holds(self, _started: Started) -> bool:
        """There is but one attempt at a time here."""
        return True

    def _run(self, work: Callable[[int], T]) -> T:
        with self._lock:
            return work(time.time_ns() // 1_000_000 + self._jumped // timedelta(milliseconds=1))
