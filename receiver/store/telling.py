"""The story of one order or refund: what was stored of it, put in order of time. A store finds the rows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from receiver.effects import Effect
from receiver.store import telling_deliveries
from receiver.store.rows import moment
from receiver.store.telling_deliveries import Line, Owed
from receiver.timeline import CallbackTold, RedeliveryTold, ReplayTold, Told, UnaskedTold, UnreadableTold


class TellingEnvelope(NamedTuple):
    """An envelope's row, its times as they are stored."""

    seq: int
    id: str
    account: str
    source: str
    platform: Any
    topic: str | None
    order_id: str | None
    refund_id: str | None
    ambiguous: int
    state: Any
    error: str | None
    received_at: int
    dispatched_at: int | None
    replays: int
    replayed_by: str | None
    replayed_at: int | None
    bytes_digest: bytes


class Rows(Protocol):
    """What a store is asked, in one snapshot and a few statements, however large the inbox and many the refunds."""

    def naming(self, column: str, ids: Iterable[str]) -> set[int]:
        """The envelopes that name one of these, each an ``order_id`` or each a ``refund_id``.

        By the callback's own word, and by what dispatch made of it: what could not be addressed when it came may have
        been read after an upgrade.
        """

    def refunds(self, order_id: str, seqs: Iterable[int]) -> list[tuple[str, str | None]]:
        """An order's refunds and their platforms, by those of these envelopes and of all deliveries that name both.

        A batch names several orders: its first alone is believed.
        """

    def on_platform(self, seqs: Iterable[int], platform: str) -> set[int]:
        """Those that are of this platform, or do not say."""

    def envelopes(self, seqs: Iterable[int]) -> list[TellingEnvelope]:
        """By ``seq``."""

    def redeliveries(self, seqs: Iterable[int]) -> list[tuple[int, int, bytes]]:
        """Envelope, time and digest of the bytes, in order."""

    def owed(self, seqs: Iterable[int]) -> list[Owed]:
        """By envelope, event and id."""

    def attempts(self, delivery_ids: Sequence[int]) -> list[tuple[Any, ...]]:
        """By delivery and number."""

    def effects(self, delivery_ids: Sequence[int]) -> list[Effect]:
        """Of these deliveries, by what was known first."""


def timeline(rows: Rows, subject_id: str, *, now: int) -> list[Told]:
    """Everything about an order and its refunds, or about a refund; empty if nobody ever named it."""
    orders = rows.naming("order_id", [subject_id])
    refunds = rows.naming("refund_id", [subject_id])
    of_platform: dict[str | None, set[str]] = {}
    for refund_id, platform in rows.refunds(subject_id, orders) if orders else ():
        of_platform.setdefault(platform, set()).add(refund_id)
    refund_ids = set().union(*of_platform.values(), {subject_id} if refunds else ())
    for platform, of_order in of_platform.items():
        named = rows.naming("refund_id", of_order)
        # Two platforms may give one number to two refunds. Where one does not say, it may be this one.
        refunds |= named if platform is None else rows.on_platform(named, platform)
    seqs = sorted(orders | refunds)
    envelopes = rows.envelopes(seqs)
    owed = rows.owed(seqs)
    deliveries = [
        delivery
        for delivery in owed
        if delivery.refund_id in refund_ids
        or (delivery.refund_id is None and not orders)
        or (orders and delivery.order_id in (None, subject_id))
    ]
    delivery_ids = [delivery.id for delivery in deliveries]
    lines = [
        *_of_envelopes(envelopes, {delivery.envelope_seq for delivery in owed}),
        *_redeliveries(rows.redeliveries(seqs), envelopes),
        *telling_deliveries.lines(
            deliveries,
            rows.attempts(delivery_ids),
            rows.effects(delivery_ids),
            {envelope.seq: envelope.id for envelope in envelopes},
            now=now,
        ),
    ]
    return [line.told for line in sorted(lines, key=lambda line: line.place)]


def _of_envelopes(rows: Iterable[TellingEnvelope], owing: set[int]) -> Iterator[Line]:
    for row in rows:
        yield Line(
            (row.received_at, 0, row.seq, 0),
            CallbackTold(
                at=moment(row.received_at),
                envelope_id=row.id,
                account=row.account,
                source=row.source,
                platform=row.platform,
                topic=row.topic,
                order_id=row.order_id,
                refund_id=row.refund_id,
                ambiguous=bool(row.ambiguous),
                state=row.state,
            ),
        )
        if row.replayed_at is not None:
            again = ReplayTold(
                at=moment(row.replayed_at),
                envelope_id=row.id,
                delivery_id=None,
                handler=None,
                by=row.replayed_by,
                replays=row.replays,
            )
            yield Line((row.replayed_at, 0, row.seq, 2), again)
        then = row.received_at if row.dispatched_at is None else row.dispatched_at
        if row.state == "unreadable":
            unreadable = UnreadableTold(at=moment(then), envelope_id=row.id, error=row.error)
            yield Line((then, 0, row.seq, 3), unreadable)
        elif row.state == "dispatched" and row.seq not in owing:
            yield Line((then, 0, row.seq, 3), UnaskedTold(at=moment(then), envelope_id=row.id))


def _redeliveries(found: Iterable[tuple[int, int, bytes]], rows: Iterable[TellingEnvelope]) -> Iterator[Line]:
    of = {row.seq: row for row in rows}
    for seq, received_at, bytes_digest in found:
        again = RedeliveryTold(
            at=moment(received_at), envelope_id=of[seq].id, same_bytes=bytes_digest == of[seq].bytes_digest
        )
        yield Line((received_at, 0, seq, 1), again)
