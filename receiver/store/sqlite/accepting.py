"""Into the inbox: a new envelope, a redelivery of one, or what content alone cannot tell."""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import groupby
from typing import Any

import apsw

from receiver import ids
from receiver.envelope import Envelope, Receipt
from receiver.store.repeating import Alike, Repeat, decide
from receiver.store.sqlite import query

_INSERT = """
INSERT INTO envelope (id, account, source, platform, topic, order_id, refund_id,
                      identity, generation, bytes_digest, ambiguous, received_at, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, identity, generation) DO NOTHING RETURNING id, seq
"""
_NAME = "INSERT OR IGNORE INTO subject VALUES (?, ?, ?)"
#: Of subjects in one statement, which may have 32 766: a batch payment names thousands of orders.
_MOST_VALUES = 3 * 1_000

_ALIKE = """
SELECT seq, id, generation, received_at, bytes_digest = ?
  OR EXISTS (SELECT 1 FROM redelivery WHERE envelope_seq = seq AND bytes_digest = ?)
FROM envelope WHERE account = ? AND identity = ? ORDER BY generation DESC
"""

#: An envelope, and the id it has if it is new.
_Arrived = tuple[Envelope, str]


def put(connection: apsw.Connection, batch: Sequence[Envelope], *, now: int) -> list[Receipt]:
    """Accept a batch, in order.

    Most often all of it is new: then two statements do, for beside a busy event loop each costs a wait for the
    interpreter lock. Row by row, a server that inserts on a thread of its own reaches 0.39 of a bare one.
    """
    arrived = [(envelope, ids.uuid7(now)) for envelope in batch]
    seqs = _insert(connection, arrived, 0, ambiguous=False, now=now)
    if len(seqs) == len(arrived):
        return _accepted(connection, arrived, seqs)
    # Some were here before. What came after them in this batch must not be there yet when they are judged.
    if seqs:
        connection.execute("DELETE FROM envelope WHERE seq >= ?", (min(seqs.values()),))
    receipts: list[Receipt] = []
    for new, group in groupby(arrived, key=lambda each: each[1] in seqs):
        some = list(group)
        if new:
            receipts += _accepted(connection, some, _insert(connection, some, 0, ambiguous=False, now=now))
        else:
            receipts += [_seen_before(connection, each, now) for each in some]
    return receipts


def _insert(
    connection: apsw.Connection, arrived: Sequence[_Arrived], generation: int, *, ambiguous: bool, now: int
) -> dict[str, int]:
    """Insert those whose identity is new in this generation: the seq of each, by its id."""
    values: list[Any] = []
    for envelope, envelope_id in arrived:
        order_ids, refund_ids, identity = envelope.order_ids, envelope.refund_ids, envelope.identity
        values += (
            envelope_id,
            envelope.account,
            envelope.source,
            envelope.platform,
            envelope.topic,
            order_ids[0] if order_ids else None,
            refund_ids[0] if refund_ids else None,
            identity.key,
            generation,
            identity.bytes_digest,
            ambiguous,
            now,
            envelope.payload,
        )
    return dict(query.rows(connection, _several(_INSERT, len(arrived)), values))


def _accepted(
    connection: apsw.Connection, arrived: Sequence[_Arrived], seqs: Mapping[str, int], *, ambiguous: bool = False
) -> list[Receipt]:
    """Note what the new ones are about."""
    values: list[Any] = []
    for envelope, envelope_id in arrived:
        for subject in envelope.subjects:
            values += (subject, envelope.account, seqs[envelope_id])
    for first in range(0, len(values), _MOST_VALUES):
        some = values[first : first + _MOST_VALUES]
        connection.execute(_several(_NAME, len(some) // 3), some)
    return [Receipt(envelope_id, redelivery=False, ambiguous=ambiguous) for _, envelope_id in arrived]


@cache  # no more of them than a batch has rows
def _several(statement: str, rows: int) -> str:
    """The statement of one row, made one of several."""
    before, row, after = re.split(r"(\(\?.*\))", statement)
    return before + ", ".join([row] * rows) + after


def _seen_before(connection: apsw.Connection, arrived: _Arrived, now: int) -> Receipt:
    """An envelope of this identity is there: tell the same message sent again from news in the same words."""
    envelope, _ = arrived
    identity = envelope.identity
    alike = [
        Alike(seq, accepted_id, generation, received_at, bool(same_bytes))
        for seq, accepted_id, generation, received_at, same_bytes in query.rows(
            connection, _ALIKE, (identity.bytes_digest, identity.bytes_digest, envelope.account, identity.key)
        )
    ]
    decided = decide(
        alike,
        numbered=identity.kind == "message_id",
        other_since=_other_since(connection, envelope.account, envelope.subjects, alike[0].seq),
        now=now,
    )
    if isinstance(decided, Repeat):
        return _redelivered(connection, decided.of, identity.bytes_digest, now)
    seqs = _insert(connection, [arrived], decided.generation, ambiguous=decided.ambiguous, now=now)
    return _accepted(connection, [arrived], seqs, ambiguous=decided.ambiguous)[0]


def _other_since(connection: apsw.Connection, account: str, subjects: Iterable[str], seq: int) -> bool:
    """Another envelope of one of these orders or refunds was accepted after this one."""
    return any(
        query.row(
            connection,
            "SELECT 1 FROM subject WHERE subject = ? AND account = ? AND envelope_seq > ? LIMIT 1",
            (subject, account, seq),
        )
        for subject in subjects
    )


def _redelivered(connection: apsw.Connection, of: Alike, bytes_digest: bytes, now: int) -> Receipt:
    connection.execute("UPDATE envelope SET redeliveries = redeliveries + 1 WHERE seq = ?", (of.seq,))
    connection.execute("INSERT INTO redelivery VALUES (?, ?, ?)", (of.seq, now, bytes_digest))
    return Receipt(of.id, redelivery=True, ambiguous=False)
