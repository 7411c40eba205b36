"""The story of one order or refund: what was stored of it, put in order of time.

Every statement starts from an index (``subject``, or a delivery's order, refund, envelope or lane), however large the
inbox is.
"""

import json
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import apsw

from receiver.store.sqlite import query, telling_deliveries
from receiver.store.sqlite.reading import moment
from receiver.store.sqlite.telling_deliveries import Line
from receiver.timeline import CallbackTold, RedeliveryTold, ReplayTold, Told, UnaskedTold, UnreadableTold

# By the callback's own word, and by what dispatch made of it: what could not be addressed when it came may have been
# read after an upgrade.
_NAMING = {
    column: f"SELECT envelope_seq FROM subject WHERE subject = '{prefix}:' || :id"  # noqa: S608  (constants)
    f" UNION SELECT envelope_seq FROM delivery WHERE {column} = :id"
    for column, prefix in (("order_id", "order"), ("refund_id", "refund"))
}

# The refunds of an order, by those envelopes that name both. A batch names several orders: its first alone is believed.
_REFUNDS = """
SELECT refund_id, platform FROM envelope
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND order_id = :id AND refund_id IS NOT NULL
UNION
SELECT delivery.refund_id, platform FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq
WHERE delivery.order_id = :id AND delivery.refund_id IS NOT NULL
"""

_ENVELOPES = """
SELECT seq, id, account, source, platform, topic, order_id, refund_id, ambiguous, state, error,
       received_at, dispatched_at, replays, replayed_by, replayed_at, bytes_digest
FROM envelope WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq
"""

_REDELIVERIES = """
SELECT envelope_seq, received_at, bytes_digest FROM redelivery
WHERE envelope_seq IN (SELECT value FROM json_each(?)) ORDER BY rowid
"""


class _Envelope(NamedTuple):
    """A row, its times as they are stored."""

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


def timeline(connection: apsw.Connection, subject_id: str, *, now: int) -> list[Told]:
    """Everything about an order and its refunds, or about a refund; empty if nobody ever named it."""
    with connection:  # one snapshot, whatever the process beside us writes meanwhile
        orders = _naming(connection, "order_id", subject_id)
        refunds = _naming(connection, "refund_id", subject_id)
        refund_ids = {subject_id} if refunds else set()
        for refund_id, platform in _refunds(connection, subject_id, orders):
            refund_ids.add(refund_id)
            refunds |= _on_platform(connection, _naming(connection, "refund_id", refund_id), platform)
        seqs = json.dumps(sorted(orders | refunds))
        rows = [_Envelope(*row) for row in query.rows(connection, _ENVELOPES, (seqs,))]
        owed = telling_deliveries.owed(connection, seqs)
        lines = [
            *_of_envelopes(rows, {delivery.envelope_seq for delivery in owed}),
            *_redeliveries(query.rows(connection, _REDELIVERIES, (seqs,)), rows),
            *telling_deliveries.lines(
                connection,
                [
                    delivery
                    for delivery in owed
                    if delivery.refund_id in refund_ids
                    or (delivery.refund_id is None and not orders)
                    or (orders and delivery.order_id in (None, subject_id))
                ],
                {row.seq: row.id for row in rows},
                now=now,
            ),
        ]
    return [line.told for line in sorted(lines, key=lambda line: line.place)]


def _naming(connection: apsw.Connection, column: str, subject_id: str) -> set[int]:
    return {seq for (seq,) in query.rows(connection, _NAMING[column], {"id": subject_id})}


def _refunds(connection: apsw.Connection, order_id: str, seqs: set[int]) -> list[tuple[Any, ...]]:
    return query.rows(connection, _REFUNDS, {"seqs": json.dumps(sorted(seqs)), "id": order_id}) if seqs else []


def _on_platform(connection: apsw.Connection, seqs: set[int], platform: str | None) -> set[int]:
    """Two platforms may give one number to two refunds. Where one does not say, it may be this one."""
    if platform is None:
        return seqs
    rows = query.rows(
        connection,
        "SELECT seq FROM envelope WHERE seq IN (SELECT value FROM json_each(?)) AND coalesce(platform, ?) = ?",
        (json.dumps(sorted(seqs)), platform, platform),
    )
    return {seq for (seq,) in rows}


def _of_envelopes(rows: Iterable[_Envelope], owing: set[int]) -> Iterator[Line]:
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


def _redeliveries(found: Iterable[tuple[Any, ...]], rows: Iterable[_Envelope]) -> Iterator[Line]:
    of = {row.seq: row for row in rows}
    for seq, received_at, bytes_digest in found:
        again = RedeliveryTold(
            at=moment(received_at), envelope_id=of[seq].id, same_bytes=bytes_digest == of[seq].bytes_digest
        )
        yield Line((received_at, 0, seq, 1), again)
