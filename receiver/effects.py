"""Effects: follow-up calls that cannot be taken back, made at most once each.

::

    intent ──sent, no answer──> sent        both are judged only once the call's deadline and a settle time are over
      │  │                       │
      │  └─surely not done──> (gone)        found at the platform ──────────> confirmed
      │                                     surely absent, and taken over ──> intent, sent again
      └──answered──> confirmed              nobody can tell ────────────────> unsure: kept, never repeated

An effect is known by account, handler, subject (the order or refund it is about) and the handler's own word for its
purpose. The intent is committed before the call, so a worker that dies anywhere leaves a trace, and whoever comes next
asks before it repeats. A message to a seller cannot be unsent: in doubt it is not sent again, and a person decides.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol, TypeVar

from receiver.deliveries import Started
from receiver.errors import EffectUnsure, TransientFailure

T = TypeVar("T")

EffectState = Literal["intent", "sent", "confirmed", "unsure"]

#: A call that was cut off may still be on its way inside the platform.
SETTLE_TIME = timedelta(seconds=60)
#: How long an effect of the handler's own (``ctx.once``) may take.
DEFAULT_DEADLINE = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class EffectKey:
    account: str
    handler: str
    subject: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """An effect as people are told of it."""

    delivery_id: int
    #: That had it last, or tried to.
    attempt: int
    purpose: str
    state: EffectState
    #: Of the last change.
    known_at: datetime
    note: str | None


@dataclass(frozen=True, slots=True)
class Claimed:
    """What the store says to one who wants to have an effect."""

    state: EffectState
    #: Its number, which every later word about it must name.
    turn: int
    #: It is this caller's to have, now.
    mine: bool
    #: Until an effect without an outcome may be judged.
    wait: timedelta


class EffectStore(Protocol):
    def intend(self, key: EffectKey, started: Started, deadline: timedelta) -> Claimed: ...
    def take_over(self, key: EffectKey, turn: int, started: Started, deadline: timedelta) -> Claimed: ...
    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool: ...
    def withdraw(self, key: EffectKey, turn: int) -> bool: ...
    def fence_holds(self, started: Started) -> bool: ...


def _nobody_can_tell() -> None:
    return None


class Effects:
    """The effects of one attempt. ``once`` is what a handler calls, and what the API client calls for it."""

    def __init__(self, store: EffectStore, started: Started, subject: str) -> None:
        self._store = store
        self._started = started
        self._subject = subject

    def once(
        self,
        purpose: str,
        send: Callable[[], T],
        *,
        look: Callable[[], bool | None] = _nobody_can_tell,
        deadline: timedelta = DEFAULT_DEADLINE,
    ) -> T | None:
        """Have an effect at most once, whatever dies when; what ``send`` returned, ``None`` if it was had before.

        ``look`` asks whether the effect is there: ``None`` if nobody can tell. An exception of ``send`` whose
        ``surely_absent`` is true says that nothing was done; any other leaves the effect without an outcome.

        Raises ``EffectUnsure`` (permanent) where it may or may not have been had, and ``TransientFailure`` while it is
        too soon to tell.
        """
        return self.run(purpose, lambda _: send(), look, deadline)

    def run(
        self,
        purpose: str,
        send: Callable[[float], T],
        look: Callable[[], bool | None] | None,
        deadline: timedelta,
    ) -> T | None:
        """As ``once``, and as ``receiver.api`` asks for it: ``send`` is told until when it may, by ``time.monotonic``.

        That moment is fixed before the intent is committed. A worker that is stopped in the midst of it, and goes on
        once another may have judged its intent, finds that it is too late.
        """
        started = self._started
        key = EffectKey(started.envelope.account, started.handler, self._subject, purpose)
        until = time.monotonic() + deadline.total_seconds()
        claimed = self._store.intend(key, started, deadline)
        if not claimed.mine:
            if self._had(key, claimed, look or _nobody_can_tell):
                return None
            until = time.monotonic() + deadline.total_seconds()
            claimed = self._store.take_over(key, claimed.turn, started, deadline)
            if not claimed.mine:
                raise TransientFailure(f"effect {purpose!r} is another attempt's now", retry_after=claimed.wait)
        if not self._store.fence_holds(started):
            self._store.withdraw(key, claimed.turn)
            raise TransientFailure("this attempt was taken for lost, and another has begun")
        with self._outcome(key, claimed.turn):
            result = send(until)
        self._store.note(key, claimed.turn, "confirmed")
        return result

    def _had(self, key: EffectKey, claimed: Claimed, look: Callable[[], bool | None]) -> bool:
        """What an earlier attempt left: whether it is there, or surely is not. Raises where it cannot be told."""
        if claimed.state == "confirmed":
            return True
        if claimed.state == "unsure":
            raise EffectUnsure(key.purpose)
        if claimed.wait > timedelta(0):
            raise TransientFailure(
                f"effect {key.purpose!r} has no outcome yet", retry_after=claimed.wait + timedelta(seconds=1)
            )
        found = look()
        if found:
            self._store.note(key, claimed.turn, "confirmed")
        elif found is None:
            self._store.note(key, claimed.turn, "unsure", "an attempt ended between sending and recording")
            raise EffectUnsure(key.purpose)
        return bool(found)

    @contextmanager
    def _outcome(self, key: EffectKey, turn: int) -> Iterator[None]:
        """Note what is known when the sending does not end well."""
        try:
            yield
        except BaseException as error:
            if getattr(error, "surely_absent", False):
                self._store.withdraw(key, turn)
            else:
                self._store.note(key, turn, "sent")
            raise
