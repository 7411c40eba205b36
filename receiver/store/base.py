"""What a store must do; ``receiver.store.sqlite`` and ``receiver.store.postgresql`` do it, module by module alike.

One conformance suite asks every store the same. What both do in the same way stands beside this module, once.

All times are the store's. A method is one transaction: it has happened when it returns, and not at all when it raises
``StoreUnavailable``.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from receiver.deliveries import Attempt, Delivery, Dispatched, Ended, Filters, Offer, Skipped, Started
from receiver.drift import Drifted
from receiver.effects import Claimed, Effect, EffectKey, EffectState
from receiver.envelope import Envelope, Platform, Receipt, StoredEnvelope
from receiver.timeline import Told

#: A source sends the same message again for 2.5 h (PandaPon) or 6 h (its siblings) and then never; what comes after
#: that is news. The last of twelve tries, half an hour apart, comes at 6 h and as long as its answers took: hence the
#: half hour more. https://doc-cnv2.pandapon.com/doc-6521894
REDELIVERY_HORIZON = timedelta(hours=6, minutes=30)


@dataclass(frozen=True, slots=True)
class Swept:
    """What a sweep put back: offers that nobody took up, attempts whose worker died, and those buried for it."""

    offers: int = 0
    lost: int = 0
    buried: int = 0


@dataclass(frozen=True, slots=True)
class Pruned:
    """What a prune emptied."""

    envelopes: int = 0
    payload_bytes: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Backlog:
    """How far behind we are; an age of nothing is 0."""

    oldest_undispatched: timedelta
    oldest_due: timedelta
    #: Deliveries of one lane that have not ended, where they are most.
    deepest_lane: int
    #: Dead letters by handler.
    dead: Mapping[str, int]
    #: Topics and fields that differ from all we know, by source and kind.
    drift: Mapping[tuple[str, str], int]


class Store(Protocol):
    # The web process.

    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]:
        """Commit a batch, called on an event loop, one at a time; a receipt for each, in order.

        When it raises ``StoreUnavailable``, none of them may be acknowledged, and some may have been committed all the
        same: the source sends them again, and they are recognised.
        """

    # The relay.

    def undispatched(self, limit: int) -> list[StoredEnvelope]:
        """Envelopes in state ``stored``, in the order of acceptance."""

    def dispatch(self, batch: Sequence[Dispatched]) -> None:
        """Owe the deliveries and mark the envelopes; one that another relay dispatched before is passed over."""

    def claim(self, limit: int, room: Mapping[str, int]) -> list[Offer]:
        """Offer due heads, so many of each handler, while fewer than ``limit`` are offered or running.

        What a person replayed comes after all that is live, and is never more than an eighth of ``limit``.
        """

    def give_back(self, offers: Sequence[Offer]) -> None:
        """The broker did not take these offers: due again, now."""

    def take_back(self) -> int:
        """Nobody knows whether the broker holds what is offered: all of it is due again, now; how many."""

    def renew(self, offers: Sequence[Offer]) -> None:
        """These attempts are still under way in this process: their leases begin anew."""

    def sweep(self, limits: Mapping[str, int]) -> Swept:
        """Put back what is offered or running beyond its lease. ``limits``: each handler's ``max_attempts``."""

    def recover(self, limits: Mapping[str, int]) -> Swept:
        """At the start of a process: put back all that nobody can hold any more.

        On SQLite, where nobody else runs, that is everything. On PostgreSQL others may, so it is what ``sweep`` finds.
        """

    def retime(self) -> int:
        """Give a time of now to the deliveries that wait for one which its clock, since set back, has yet to come to.

        How many. Nothing where it was set back by less than a minute: nothing waits longer than that for it.
        """

    def tell_buried(self, handlers: Mapping[str, Platform | None], limit: int) -> int:
        """Owe each of these handlers a delivery about each delivery that died and was not told of yet.

        Up to ``limit`` of them; how many there were. ``handlers``: the one platform each asks for, or ``None``. What a
        person buried is not told, nor what dies of telling a burial.
        """

    # The worker.

    def start(self, offer: Offer, timeouts: Mapping[str, timedelta]) -> Started | Skipped | None:
        """Begin an attempt, under a run lease of the handler's timeout and a margin; or skip what is old news.

        ``None`` if the offer no longer counts, or the handler is not among ``timeouts``.
        """

    def settle(self, started: Started, ended: Ended) -> bool:
        """End an attempt; ``False`` if it was taken for lost and no longer counts."""

    # Effects: see receiver.effects.

    def intend(self, key: EffectKey, started: Started, deadline: timedelta) -> Claimed:
        """Record the intent to have an effect, unless there is one already: then what is known of it."""

    def take_over(self, key: EffectKey, turn: int, started: Started, deadline: timedelta) -> Claimed:
        """Make an effect without an outcome this attempt's, if nobody did since ``turn``."""

    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool:
        """Record what is known; ``False`` if another took it over."""

    def withdraw(self, key: EffectKey, turn: int) -> bool:
        """It was surely not had: as if there had been no intent."""

    def fence_holds(self, started: Started) -> bool:
        """The attempt is running, and its lease has not ended."""

    # People, beside the running processes.

    def envelopes(self, filters: Filters, limit: int) -> list[StoredEnvelope]:
        """The newest first, without payloads."""

    def envelope(self, envelope_id: str) -> StoredEnvelope | None: ...

    def envelope_ids(self, filters: Filters) -> list[str]:
        """All of them, in the order of acceptance."""

    def replay_envelopes(self, envelope_ids: Sequence[str], by: str) -> int:
        """Have unreadable envelopes dispatched again; how many were unreadable."""

    def drift(self, filters: Filters, limit: int) -> list[Drifted]:
        """What differs from all we know: by source, topic, ``since`` it was seen. What was seen last comes first."""

    def timeline(self, subject_id: str) -> list[Told]:
        """All that is known of an order (and its refunds) or of a refund, in order of time; empty: nobody named it."""

    def deliveries(self, filters: Filters, limit: int) -> list[Delivery]:
        """The newest first."""

    def delivery_ids(self, filters: Filters) -> list[int]:
        """All of them, in the order of dispatch: what a replay in order goes by."""

    def delivery(self, delivery_id: int) -> Delivery | None: ...

    def attempts(self, delivery_id: int) -> list[Attempt]: ...

    def effects(self, delivery_ids: Sequence[int]) -> list[Effect]:
        """Those that these deliveries had, or tried to have, last; by what was known first."""

    def open_of_others(self, handlers: Sequence[str]) -> dict[str, int]:
        """How many deliveries have not ended, by handler, of those that are none of these."""

    def replay(self, delivery_ids: Sequence[int], by: str, *, stale: bool = False, repeat_effects: bool = False) -> int:
        """Make ended deliveries due again, but for those whose payload was pruned; how many were.

        ``stale``: run them although their news may be old. ``repeat_effects``: forget what effects they had.
        """

    def stale(self, delivery_ids: Sequence[int]) -> list[int]:
        """Those among them that the stale guard would skip."""

    def bury(self, delivery_ids: Sequence[int], by: str) -> int:
        """Give up deliveries that have not ended and are not running; how many were."""

    # Timers.

    def hold(self, name: str, holder: str, seconds: float) -> bool:
        """Take a named lease, or take it anew; ``False`` while it is another holder's.

        All ask for the same time: one that ends more than a minute later was taken before the clock was set back.
        """

    def release(self, name: str, holder: str) -> None:
        """Let go of a lease, if it is this holder's."""

    def book(self, name: str, each: float, burst: float, *, within: float, most: float) -> float:
        """Book the next place in a row of them, one each so many seconds: in how many seconds it comes.

        If that is more than ``within``, it is told and not booked. Nobody asks for a place more than ``most`` ahead.
        After a rest, those of ``burst`` seconds come at once. Named as leases are.
        """

    def prune(self, older_than: timedelta, limit: int) -> Pruned:
        """Empty the payloads of up to ``limit`` envelopes: received so long ago, and succeeded or skipped everywhere.

        What is dead, unreadable or open keeps its payload. Everything but payloads stays.
        """

    def backlog(self) -> Backlog: ...

    # Its life.

    def migrate(self) -> list[str]:
        """Bring the schema to this version; the migrations that ran."""

    def check_schema(self) -> None:
        """Raises ``StoreUnavailable`` if the schema is older than this version's."""

    def ready(self) -> None:
        """Raises ``StoreUnavailable`` while nothing can be committed, or the schema is not this version's."""

    def close(self) -> None: ...
