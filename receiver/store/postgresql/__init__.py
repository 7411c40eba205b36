"""The store of many machines: a PostgreSQL database, version 14 or newer, for any number of web and worker processes.

Module by module it is the SQLite store's sibling. What differs is who else is there: see ``accepting`` for copies of
one callback at several web processes, ``lanes`` and ``relaying`` for relays and workers beside one another.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from typing import TypeVar

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
from receiver.store.parts import parts, slices
from receiver.store.postgresql import (
    burying,
    connecting,
    deciding,
    drifting,
    effecting,
    guarding,
    holding,
    measuring,
    migrating,
    pruning,
    query,
    reading,
    relaying,
    retiming,
    sweeping,
    telling,
    working,
)
from receiver.store.postgresql.connections import Connections
from receiver.store.postgresql.entrance import Entrance
from receiver.store.postgresql.query import Connection
from receiver.store.rows import in_milliseconds, milliseconds
from receiver.store.set_back import SetBack
from receiver.timeline import Told

T = TypeVar("T")

#: Connections of one process at most, beside the web's own.
MOST_CONNECTIONS = 16


class PostgresStore:
    """``receiver.store.base.Store`` on a database. It connects when it is first asked for something."""

    def __init__(self, url: str, *, most_connections: int = MOST_CONNECTIONS) -> None:
        self._connections = Connections(connecting.parameters(url), most_connections)
        self._entrance = Entrance(connecting.parameters(url, statement_timeout_ms=connecting.PUT_TIMEOUT_MS))
        self._set_back = SetBack()

    # The web process.

    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]:
        return await self._entrance.put(batch)

    # The relay.

    def undispatched(self, limit: int) -> list[StoredEnvelope]:
        return self._ask(lambda c: reading.undispatched(c, limit))

    def dispatch(self, batch: Sequence[Dispatched]) -> None:
        for part in parts(batch):
            self._run(lambda c, part=part: relaying.dispatch(c, part))  # type: ignore[misc]

    def claim(self, limit: int, room: Mapping[str, int]) -> list[Offer]:
        if not self._ask(relaying.anything_due):
            return []
        return self._run(lambda c: relaying.claim(c, limit, room))

    def give_back(self, offers: Sequence[Offer]) -> None:
        self._ask(lambda c: relaying.give_back(c, offers))

    def take_back(self) -> int:
        return self._ask(sweeping.all_offers)

    def renew(self, offers: Sequence[Offer]) -> None:
        self._ask(lambda c: relaying.renew(c, offers))

    def sweep(self, limits: Mapping[str, int]) -> Swept:
        offers, lost, buried = 0, 0, 0
        while found := self._ask(sweeping.offers):
            offers += found
        while (swept := self._run(lambda c: sweeping.lost(c, limits))).lost:
            lost += swept.lost
            buried += swept.buried
        return Swept(offers, lost, buried)

    def recover(self, limits: Mapping[str, int]) -> Swept:
        return self.sweep(limits)

    def retime(self) -> int:
        return self._set_back.look(self._ask(lambda c: query.value(c, "SELECT now_ms()")), self._retime)

    def _retime(self, now: int) -> int:
        lease, margin = milliseconds(OFFER_LEASE), milliseconds(RUN_LEASE_MARGIN)
        ids = self._ask(lambda c: retiming.ahead(c, now=now, offer_lease=lease))
        for some in slices(ids):
            self._run(lambda c, some=some: retiming.retime(c, some, now=now, offer_lease=lease, run_margin=margin))  # type: ignore[misc]
        return len(ids)

    def tell_buried(self, handlers: Mapping[str, Platform | None], limit: int) -> int:
        if not self._ask(burying.anything_untold):
            return 0
        return self._ask(lambda c: burying.tell_buried(c, handlers, limit))

    # The worker.

    def start(self, offer: Offer, timeouts: Mapping[str, timedelta]) -> Started | Skipped | None:
        return self._ask(lambda c: working.start(c, offer, timeouts))

    def settle(self, started: Started, ended: Ended) -> bool:
        return self._ask(lambda c: working.settle(c, started, ended))

    # Effects.

    def intend(self, key: EffectKey, started: Started, deadline: timedelta) -> Claimed:
        return self._run(lambda c: effecting.intend(c, key, started, deadline))

    def take_over(self, key: EffectKey, turn: int, started: Started, deadline: timedelta) -> Claimed:
        return self._run(lambda c: effecting.take_over(c, key, turn, started, deadline))

    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool:
        return self._run(lambda c: effecting.note(c, key, turn, state, note))

    def withdraw(self, key: EffectKey, turn: int) -> bool:
        return self._run(lambda c: effecting.withdraw(c, key, turn))

    def fence_holds(self, started: Started) -> bool:
        return self._ask(lambda c: effecting.fence_holds(c, started))

    # People.

    def envelopes(self, filters: Filters, limit: int) -> list[StoredEnvelope]:
        return self._ask(lambda c: reading.list_envelopes(c, filters, limit))

    def envelope(self, envelope_id: str) -> StoredEnvelope | None:
        return self._ask(lambda c: reading.stored_envelope(c, "id = %s", (envelope_id,)))

    def envelope_ids(self, filters: Filters) -> list[str]:
        return self._ask(lambda c: reading.list_envelope_ids(c, filters))

    def replay_envelopes(self, envelope_ids: Sequence[str], by: str) -> int:
        return self._run(lambda c: deciding.replay_envelopes(c, envelope_ids, by))

    def drift(self, filters: Filters, limit: int) -> list[Drifted]:
        return self._ask(lambda c: drifting.counted(c, filters, limit))

    def timeline(self, subject_id: str) -> list[Told]:
        return self._run(lambda c: telling.timeline(c, subject_id))

    def deliveries(self, filters: Filters, limit: int) -> list[Delivery]:
        return self._ask(lambda c: reading.list_deliveries(c, filters, limit))

    def delivery_ids(self, filters: Filters) -> list[int]:
        return self._ask(lambda c: reading.list_delivery_ids(c, filters))

    def delivery(self, delivery_id: int) -> Delivery | None:
        return next(iter(self.deliveries(Filters(delivery_ids=(delivery_id,)), 1)), None)

    def attempts(self, delivery_id: int) -> list[Attempt]:
        return self._ask(lambda c: reading.list_attempts(c, delivery_id))

    def effects(self, delivery_ids: Sequence[int]) -> list[Effect]:
        return self._ask(lambda c: effecting.effects(c, delivery_ids))

    def open_of_others(self, handlers: Sequence[str]) -> dict[str, int]:
        return self._ask(lambda c: reading.open_of_others(c, handlers))

    def replay(self, delivery_ids: Sequence[int], by: str, *, stale: bool = False, repeat_effects: bool = False) -> int:
        return self._run(lambda c: deciding.replay(c, delivery_ids, by, stale=stale, repeat_effects=repeat_effects))

    def stale(self, delivery_ids: Sequence[int]) -> list[int]:
        return self._ask(lambda c: guarding.stale(c, delivery_ids))

    def bury(self, delivery_ids: Sequence[int], by: str) -> int:
        return self._run(lambda c: deciding.bury(c, delivery_ids, by))

    # Timers.

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        return self._ask(lambda c: holding.hold(c, name, holder, round(seconds * 1000)))

    def release(self, name: str, holder: str) -> None:
        self._ask(lambda c: holding.release(c, name, holder))

    def book(self, name: str, each: float, burst: float, *, within: float, most: float) -> float:
        times = in_milliseconds(each=each, burst=burst, within=within, most=most)
        return self._run(lambda c: holding.book(c, name, **times)) / 1000

    def prune(self, older_than: timedelta, limit: int) -> Pruned:
        return self._run(lambda c: pruning.prune(c, milliseconds(older_than), limit))

    def backlog(self) -> Backlog:
        return self._run(measuring.backlog)

    # Its life.

    def migrate(self) -> list[str]:
        return self._ask(migrating.migrate)

    def check_schema(self) -> None:
        pending = self._ask(migrating.pending)
        if pending:
            raise StoreUnavailable(f"the schema lacks {', '.join(pending)}: run `yizhan migrate`")

    def ready(self) -> None:
        self.check_schema()
        self._ask(lambda c: query.change(c, "DELETE FROM lease WHERE false"))  # which a server that only reads refuses

    def close(self) -> None:
        self._entrance.close()
        self._connections.close()

    def _run(self, job: Callable[[Connection], T]) -> T:
        """One transaction."""
        return self._connections.run(job)

    def _ask(self, job: Callable[[Connection], T]) -> T:
        """One statement, which is its own transaction, or what makes its own."""
        return self._connections.ask(job)
