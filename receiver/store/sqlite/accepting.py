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
from receiver.store.sqlite.indexing import Recent
from receiver.store.sqlite.query import transaction

#: The identity of a row, and the order and the refund that it names, are noted by a trigger.
_INSERT = f"INSERT INTO envelope (seq, id, generation, ambiguous, received_at, {BROUGHT}) VALUES "  # noqa: S608
_ROW = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_COLUMNS = _ROW.count("?")

_ALIKE = """
SELECT seq, id, generation, received_at, bytes_digest = :bytes
  OR EXISTS (SELECT 1 FROM redelivery WHERE envelope_seq = seq AND bytes_digest = :bytes)
FROM envelope WHERE seq IN (
  SELECT envelope_seq FROM recent_identity WHERE identity = :identity AND account = :account
  UNION ALL
  SELECT envelope_seq FROM indexed_identity WHERE identity = :identity AND account = :account
) ORDER BY generation DESC
"""

_SINCE = """
SELECT 1 FROM recent_subject WHERE subject = :subject AND account = :account AND envelope_seq > :seq
UNION ALL
SELECT 1 FROM indexed_subject WHERE subject = :subject AND account = :account AND envelope_seq > :seq
LIMIT 1
"""


class _OvertakenError(Exception):
    """Another process has accepted envelopes since."""


class Arrived:
    """A batch, with the values of its rows, each as it is if it is new: made where nobody waits for it."""

    def __init__(self, batch: Sequence[Envelope], now: int) -> None:
        self.batch = batch
        self.now = now
        self.receipts = [Receipt(ids.uuid7(now), redelivery=False, ambiguous=False) for _ in batch]
        self.values: list[Any] = []
        #: Some name more than one order or refund.
        self.several = False
        for envelope, receipt in zip(batch, self.receipts, strict=True):
            self.values += _values(envelope, receipt, 0, now)
            self.several |= len(envelope.order_ids) > 1 or len(envelope.refund_ids) > 1


def put(connection: apsw.Connection, recent: Recent, arrived: Arrived) -> list[Receipt]:
    """Accept a batch, in order, in a transaction of its own.

    Most often all of it is new: then one statement does. Beside a busy event loop each one costs a wait for the
    interpreter lock, so that four reached two thirds of the rate.
    """
    recent.prepare(connection)
    before = recent.last
    try:
        try:
            if not arrived.several and _insert(connection, recent, arrived.values) is not None:
                return arrived.receipts
            with transaction(connection):
                return _put(connection, recent, arrived, range(len(arrived.batch)))
        except _OvertakenError:
            with transaction(connection):
                recent.catch_up(connection, before)
                return _put(connection, recent, arrived, range(len(arrived.batch)))
    except BaseException:
        recent.last = before
        raise


def _put(connection: apsw.Connection, recent: Recent, arrived: Arrived, part: range) -> list[Receipt]:
    """Where some were here before, half by half: what came after them must not be there when they are judged."""
    first, end = part.start, part.stop
    envelopes, receipts = arrived.batch[first:end], arrived.receipts[first:end]
    seq = _insert(connection, recent, arrived.values[first * _COLUMNS : end * _COLUMNS])
    if seq is not None:
        _name_subjects(connection, envelopes, seq)
        return receipts
    if len(receipts) == 1:
        return [_seen_before(connection, recent, envelopes[0], receipts[0], arrived.now)]
    half = (first + end) // 2
    return [
        *_put(connection, recent, arrived, range(first, half)),
        *_put(connection, recent, arrived, range(half, end)),
    ]


def _values(envelope: Envelope, receipt: Receipt, generation: int, now: int) -> tuple[Any, ...]:
    return (None, receipt.envelope_id, generation, receipt.ambiguous, now, *brought(envelope))


def _insert(connection: apsw.Connection, recent: Recent, values: list[Any]) -> int | None:
    """Insert all of them, or none where the identity of one is not new in its generation: the seq of the first.

    Raises ``_OvertakenError`` where that is taken.
    """
    rows, first = len(values) // _COLUMNS, recent.last + 1
    values[0] = first  # the others follow
    try:
        connection.execute(_several(rows), values)
    except apsw.ConstraintError as error:
        match error.extendedresult:  # type: ignore[attr-defined]  # documented
            case apsw.SQLITE_CONSTRAINT_TRIGGER:
                return None
            case apsw.SQLITE_CONSTRAINT_PRIMARYKEY:
                raise _OvertakenError from error
        raise
    recent.last += rows
    return first


@cache  # no more of them than a batch has rows
def _several(rows: int) -> str:
    return _INSERT + ", ".join([_ROW] * rows)


def _name_subjects(connection: apsw.Connection, envelopes: Iterable[Envelope], first: int) -> None:
    """Of what names more than one order or refund."""
    connection.executemany(
        "INSERT OR IGNORE INTO indexed_subject VALUES (?, ?, ?)",
        [
            (subject, envelope.account, seq)
            for seq, envelope in enumerate(envelopes, first)
            if len(envelope.subjects) > 1
            for subject in envelope.subjects
        ],
    )


def _seen_before(connection: apsw.Connection, recent: Recent, envelope: Envelope, new: Receipt, now: int) -> Receipt:
    """An envelope of this identity is there: tell the same message sent again from news in the same words."""
    identity = envelope.identity
    alike = [
        Alike(seq, accepted_id, generation, received_at, bool(same_bytes))
        for seq, accepted_id, generation, received_at, same_bytes in query.rows(
            connection,
            _ALIKE,
            {"bytes": identity.bytes_digest, "account": envelope.account, "identity": identity.key},
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
    seq = _insert(connection, recent, [*_values(envelope, new, decided.generation, now)])
    if seq is None:
        raise LookupError("an identity that was new in this generation is there")
    _name_subjects(connection, [envelope], seq)
    return new


def _other_since(connection: apsw.Connection, account: str, subjects: Iterable[str], seq: int) -> bool:
    """Another envelope of one of these orders or refunds was accepted after this one."""
    return any(
        query.row(connection, _SINCE, {"subject": subject, "account": account, "seq": seq}) for subject in subjects
    )


def _redelivered(connection: apsw.Connection, of: Alike, bytes_digest: bytes, now: int) -> Receipt:
    connection.execute("UPDATE envelope SET redeliveries = redeliveries + 1 WHERE seq = ?", (of.seq,))
    connection.execute("INSERT INTO redelivery VALUES (?, ?, ?)", (of.seq, now, bytes_digest))
    return Receipt(of.id, redelivery=True, ambiguous=False)
