"""Into the inbox: a new envelope, a redelivery of one, or what content alone cannot tell."""

from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import apsw

from receiver import ids
from receiver.envelope import Envelope, Receipt
from receiver.store.repeating import Alike, Repeat, decide
from receiver.store.rows import BROUGHT, brought
from receiver.store.sqlite import query
from receiver.store.sqlite.query import transaction

#: The order and the refund that a row names are noted in subject by a trigger.
_INSERT = f"INSERT INTO envelope (id, generation, ambiguous, received_at, {BROUGHT}) VALUES "  # noqa: S608  (constants)
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = _ROW.count("?")

_ALIKE = """
SELECT seq, id, generation, received_at, bytes_digest = ?
  OR EXISTS (SELECT 1 FROM redelivery WHERE envelope_seq = seq AND bytes_digest = ?)
FROM envelope WHERE account = ? AND identity = ? ORDER BY generation DESC
"""


class Arrived:
    """A batch, with the values of its rows, each as it is if it is new: made where nobody waits for it."""

    def __init__(self, batch: Sequence[Envelope], now: int) -> None:
        self.batch = batch
        self.receipts = [Receipt(ids.uuid7(now), redelivery=False, ambiguous=False) for _ in batch]
        self.values: list[Any] = []
        #: Some name more than one order or refund.
        self.several = False
        for envelope, receipt in zip(batch, self.receipts, strict=True):
            self.values += _values(envelope, receipt, 0, now)
            self.several |= len(envelope.order_ids) > 1 or len(envelope.refund_ids) > 1


def put(connection: apsw.Connection, arrived: Arrived, *, now: int) -> list[Receipt]:
    """Accept a batch, in order, in a transaction of its own.

    Most often all of it is new: then one statement does. Beside a busy event loop each one costs a wait for the
    interpreter lock, so that four reached two thirds of the rate.
    """
    if not arrived.several and _insert(connection, arrived.values) is not None:
        return arrived.receipts
    with transaction(connection):
        return _put(connection, arrived, 0, len(arrived.batch), now)


def _put(connection: apsw.Connection, arrived: Arrived, first: int, end: int, now: int) -> list[Receipt]:
    """Where some were here before, half by half: what came after them must not be there when they are judged."""
    envelopes, receipts = arrived.batch[first:end], arrived.receipts[first:end]
    seq = _insert(connection, arrived.values[first * _COLUMNS : end * _COLUMNS])
    if seq is not None:
        _name_subjects(connection, envelopes, seq)
        return receipts
    if len(receipts) == 1:
        return [_seen_before(connection, envelopes[0], receipts[0], now)]
    half = (first + end) // 2
    return _put(connection, arrived, first, half, now) + _put(connection, arrived, half, end, now)


def _values(envelope: Envelope, receipt: Receipt, generation: int, now: int) -> tuple[Any, ...]:
    return (receipt.envelope_id, generation, receipt.ambiguous, now, *brought(envelope))


def _insert(connection: apsw.Connection, values: Sequence[Any]) -> int | None:
    """Insert all of them, or none where the identity of one is not new in its generation: the seq of the first."""
    rows = len(values) // _COLUMNS
    try:
        connection.execute(_several(rows), values)
    except apsw.ConstraintError as error:
        if error.extendedresult != apsw.SQLITE_CONSTRAINT_UNIQUE:  # type: ignore[attr-defined]  # documented
            raise
        return None
    return connection.last_insert_rowid() - rows + 1  # numbered one after the other: there is one writer


@cache  # no more of them than a batch has rows
def _several(rows: int) -> str:
    return _INSERT + ", ".join([_ROW] * rows)


def _name_subjects(connection: apsw.Connection, envelopes: Iterable[Envelope], first: int) -> None:
    """Of what names more than one order or refund."""
    connection.executemany(
        "INSERT OR IGNORE INTO subject VALUES (?, ?, ?)",
        [
            (subject, envelope.account, seq)
            for seq, envelope in enumerate(envelopes, first)
            if len(envelope.subjects) > 1
            for subject in envelope.subjects
        ],
    )


def _seen_before(connection: apsw.Connection, envelope: Envelope, new: Receipt, now: int) -> Receipt:
    """An envelope of this identity is there: tell the same message sent again from news in the same words."""
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
    new = Receipt(new.envelope_id, redelivery=False, ambiguous=decided.ambiguous)
    seq = _insert(connection, _values(envelope, new, decided.generation, now))
    if seq is None:
        raise LookupError("an identity that was new in this generation is there")
    _name_subjects(connection, [envelope], seq)
    return new


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
