"""The store of one machine: an SQLite file, one writer, readers beside it."""

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import apsw

from receiver.deliveries import (
    OFFER_LEASE,
    RUN_LEASE_MARGIN,
    Attempt,
    Delivery,
    Dispatched,
    Ended,
    Filters,
    Offer,
    Skipped,
    Started,
)
from receiver.drift import Drifted
from receiver.effects import Claimed, Effect, EffectKey, EffectState
from receiver.envelope import Envelope, Platform, Receipt, StoredEnvelope
from receiver.errors import StoreUnavailable
from receiver.store.base import Backlog, Pruned, Swept
from receiver.store.parts import Part, parts, slices
from receiver.store.rows import in_milliseconds, milliseconds
from receiver.store.set_back import SetBack
from receiver.store.sqlite import (
    accepting,
    burying,
    connecting,
    deciding,
    drifting,
    effecting,
    guarding,
    holding,
    indexing,
    measuring,
    pruning,
    reading,
    relaying,
    retiming,
    telling,
    working,
)
from receiver.store.sqlite.writer import Writer
from receiver.timeline import Told

T = TypeVar("T")


def system_clock() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


class SqliteStore:
    """``receiver.store.base.Store`` on one file.

    ``alone`` locks out any other process that would run on it. ``look_only`` touches nothing, so that only what reads
    may be asked.
    """

    def __init__(
        self, path: Path, *, alone: bool = False, look_only: bool = False, clock: Callable[[], int] = system_clock
    ) -> None:
        self._path = path
        self._clock = clock
        connection = connecting.connect_to_read(path) if look_only else connecting.connect(path)
        try:
            self._lock = connecting.Lock(path) if alone else None
        except BaseException:
            connection.close()
            raise
        self._connection = connection
        self._writer: Writer | None = None
        self._writer_made = threading.Lock()
        self._recent = indexing.Recent()
        self._set_back = SetBack()
        self._readers = threading.local()
        self._open_readers: list[apsw.Connection] = []

    # The web process.

    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]:
        if not batch:
            return []
        arrived = accepting.Arrived(batch, self._clock())
        receipts = await self._write.run_async(lambda c: accepting.put(c, self._recent, arrived))
        if self._recent.many:
            for _ in range(indexing.steps(len(batch))):
                self._write.run_aside(self._recent.index_some)
        return receipts

    # The relay.

    def undispatched(self, limit: int) -> list[StoredEnvelope]:
        return self._read(lambda c: reading.undispatched(c, limit))

    def dispatch(self, batch: Sequence[Dispatched]) -> None:
        for part in parts(batch):

            def owe(connection: apsw.Connection, now: int, part: list[Part] = part) -> None:
                for dispatched, deliveries, _ in part:
                    relaying.owe(connection, dispatched.envelope_id, deliveries, now=now)
                relaying.mark(connection, [each.dispatched for each in part if each.last], now=now)

            self._run(owe)

    def claim(self, limit: int, room: Mapping[str, int]) -> list[Offer]:
        if not self._read(lambda c: relaying.anything_due(c, self._clock())):
            return []
        lease = milliseconds(OFFER_LEASE)
        return self._run(lambda c, now: relaying.claim(c, limit, room, now=now, lease_until=now + lease))

    def give_back(self, offers: Sequence[Offer]) -> None:
        self._run(lambda c, _: relaying.give_back(c, offers))

    def take_back(self) -> int:
        return self._run(lambda c, _: relaying.take_back(c))

    def renew(self, offers: Sequence[Offer]) -> None:
        lease = milliseconds(RUN_LEASE_MARGIN)
        self._run(lambda c, now: relaying.renew(c, offers, lease_until=now + lease))

    def sweep(self, limits: Mapping[str, int]) -> Swept:
        return self._run(lambda c, now: relaying.put_back(c, limits, now=now, expired_at=now))

    def recover(self, limits: Mapping[str, int]) -> Swept:
        return self._run(lambda c, now: relaying.put_back(c, limits, now=now, expired_at=None))

    def retime(self) -> int:
        return self._set_back.look(self._clock(), self._retime)

    def _retime(self, now: int) -> int:
        lease, margin = milliseconds(OFFER_LEASE), milliseconds(RUN_LEASE_MARGIN)
        ids = self._read(lambda c: retiming.ahead(c, now=now, offer_lease=lease))
        for some in slices(ids):
            self._run(lambda c, _, some=some: retiming.retime(c, some, now=now, offer_lease=lease, run_margin=margin))  # type: ignore[misc]
        return len(ids)

    def tell_buried(self, handlers: Mapping[str, Platform | None], limit: int) -> int:
        if not self._read(burying.anything_untold):
            return 0
        return self._run(lambda c, now: burying.tell_buried(c, handlers, limit, now=now))

    # The worker.

    def start(self, offer: Offer, timeouts: Mapping[str, timedelta]) -> Started | Skipped | None:
        return self._run(lambda c, now: working.start(c, offer, timeouts, now=now))

    def settle(self, started: Started, ended: Ended) -> bool:
        return self._run(lambda c, now: working.settle(c, started, ended, now=now))

    # Effects.

    def intend(self, key: EffectKey, started: Started, deadline: timedelta) -> Claimed:
        return self._run(lambda c, now: effecting.intend(c, key, started, deadline, now=now))

    def take_over(self, key: EffectKey, turn: int, started: Started, deadline: timedelta) -> Claimed:
        return self._run(lambda c, now: effecting.take_over(c, key, turn, started, deadline, now=now))

    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool:
        return self._run(lambda c, now: effecting.note(c, key, turn, state, note, now=now))

    def withdraw(self, key: EffectKey, turn: int) -> bool:
        return self._run(lambda c, _: effecting.withdraw(c, key, turn))

    def fence_holds(self, started: Started) -> bool:
        return self._run(lambda c, now: effecting.fence_holds(c, started, now=now))

    # People.

    def envelopes(self, filters: Filters, limit: int) -> list[StoredEnvelope]:
        return self._read(lambda c: reading.list_envelopes(c, filters, limit))

    def envelope(self, envelope_id: str) -> StoredEnvelope | None:
        return self._read(lambda c: reading.stored_envelope(c, "id = ?", (envelope_id,)))

    def envelope_ids(self, filters: Filters) -> list[str]:
        return self._read(lambda c: reading.list_envelope_ids(c, filters))

    def replay_envelopes(self, envelope_ids: Sequence[str], by: str) -> int:
        return self._run(lambda c, now: deciding.replay_envelopes(c, envelope_ids, by, now=now))

    def drift(self, filters: Filters, limit: int) -> list[Drifted]:
        return self._read(lambda c: drifting.counted(c, filters, limit))

    def timeline(self, subject_id: str) -> list[Told]:
        return self._read(lambda c: telling.timeline(c, subject_id, now=self._clock()))

    def deliveries(self, filters: Filters, limit: int) -> list[Delivery]:
        return self._read(lambda c: reading.list_deliveries(c, filters, limit))

    def delivery_ids(self, filters: Filters) -> list[int]:
        return self._read(lambda c: reading.list_delivery_ids(c, filters))

    def delivery(self, delivery_id: int) -> Delivery | None:
        return next(iter(self.deliveries(Filters(delivery_ids=(delivery_id,)), 1)), None)

    def attempts(self, delivery_id: int) -> list[Attempt]:
        return self._read(lambda c: reading.list_attempts(c, delivery_id))

    def effects(self, delivery_ids: Sequence[int]) -> list[Effect]:
        return self._read(lambda c: effecting.effects(c, delivery_ids))

    def open_of_others(self, handlers: Sequence[str]) -> dict[str, int]:
        return self._read(lambda c: reading.open_of_others(c, handlers))

    def replay(self, delivery_ids: Sequence[int], by: str, *, stale: bool = False, repeat_effects: bool = False) -> int:
        return self._run(
            lambda c, now: deciding.replay(c, delivery_ids, by, stale=stale, repeat_effects=repeat_effects, now=now)
        )

    def stale(self, delivery_ids: Sequence[int]) -> list[int]:
        return self._read(lambda c: [each for each in delivery_ids if guarding.judge(c, each).verdict == "older"])

    def bury(self, delivery_ids: Sequence[int], by: str) -> int:
        return self._run(lambda c, now: deciding.bury(c, delivery_ids, by, now=now))

    # Timers.

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        lease = round(seconds * 1000)
        return self._run(lambda c, now: holding.hold(c, name, holder, until=now + lease, now=now))

    def release(self, name: str, holder: str) -> None:
        self._run(lambda c, _: holding.release(c, name, holder))

    def book(self, name: str, each: float, burst: float, *, within: float, most: float) -> float:
        times = in_milliseconds(each=each, burst=burst, within=within, most=most)
        return self._run(lambda c, now: holding.book(c, name, **times, now=now)) / 1000

    def prune(self, older_than: timedelta, limit: int) -> Pruned:
        age = milliseconds(older_than)
        return self._run(lambda c, now: pruning.prune(c, limit, before=now - age, now=now))

    def backlog(self) -> Backlog:
        return self._read(lambda c: measuring.backlog(c, now=self._clock()))

    # Its life.

    def migrate(self) -> list[str]:
        """Before anything else is asked of the store."""
        try:
            return connecting.migrate(self._connection, now=self._clock())
        except apsw.Error as error:
            raise StoreUnavailable(f"cannot migrate {self._path}: {error}") from error

    def check_schema(self) -> None:
        pending = self._read(connecting.pending)
        if pending:
            raise StoreUnavailable(f"the schema lacks {', '.join(pending)}: run `yizhan migrate`")

    def ready(self) -> None:
        self.check_schema()
        self._write.run_alone(self._recent.prepare)  # no callback shall wait for it
        self.hold("readiness", "probe", 0)  # a write like any other: a disk that is full does not take it

    def close(self) -> None:
        if self._writer is None:
            self._connection.close()
        else:
            self._writer.close()
        for reader in self._open_readers:
            reader.close()
        if self._lock is not None:
            self._lock.release()

    @property
    def _write(self) -> Writer:
        if self._writer is None:
            with self._writer_made:
                self._writer = self._writer or Writer(self._connection)
        return self._writer

    def _run(self, job: Callable[[apsw.Connection, int], T]) -> T:
        """One job of the writer, at the time it runs."""
        return self._write.run(lambda connection: job(connection, self._clock()))

    def _read(self, query: Callable[[apsw.Connection], T]) -> T:
        reader: apsw.Connection | None = getattr(self._readers, "connection", None)
        if reader is None:
            reader = self._readers.connection = connecting.connect_to_read(self._path)
            self._open_readers.append(reader)
        try:
            return query(reader)
        except apsw.Error as error:
            raise StoreUnavailable(f"SQLite: {type(error).__name__}: {error}") from error
