"""Into the inbox: a new envelope, a redelivery of one, or what content alone cannot tell."""

from collections.abc import Iterable, Sequence

import apsw

from receiver import ids
from receiver.envelope import Envelope, Receipt
from receiver.store.repeating import Alike, Repeat, decide
from receiver.store.sqlite import query

_INSERT = """
INSERT INTO envelope (id, account, source, platform, topic, order_id, refund_id,
                      identity, generation, bytes_digest, ambiguous, received_at, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, identity, generation) DO NOTHING
"""

_ALIKE = """
SELECT seq, id, generation, received_at, bytes_digest = ?
  OR EXISTS (SELECT 1 FROM redelivery WHERE envelope_seq = seq AND bytes_digest = ?)
FROM envelope WHERE account = ? AND identity = ? ORDER BY generation DESC
"""


def put(connection: apsw.Connection, batch: Sequence[Envelope], *, now: int) -> list[Receipt]:
    """Accept a batch, in order."""
    return [_put(connection, envelope, now) for envelope in batch]


def _put(connection: apsw.Connection, envelope: Envelope, now: int) -> Receipt:
    envelope_id = ids.uuid7(now)
    if _insert(connection, envelope, envelope_id, 0, ambiguous=False, now=now):
        return Receipt(envelope_id, redelivery=False, ambiguous=False)
    return _seen_before(connection, envelope, envelope_id, now)


def _insert(
    connection: apsw.Connection, envelope: Envelope, envelope_id: str, generation: int, *, ambiguous: bool, now: int
) -> bool:
    order_ids, refund_ids = envelope.order_ids, envelope.refund_ids
    connection.execute(
        _INSERT,
        (
            envelope_id,
            envelope.account,
            envelope.source,
            envelope.platform,
            envelope.topic,
            order_ids[0] if order_ids else None,
            refund_ids[0] if refund_ids else None,
            envelope.identity.key,
            generation,
            envelope.identity.bytes_digest,
            ambiguous,
            now,
            envelope.payload,
        ),
    )
    if not connection.changes():
        return False
    seq = connection.last_insert_rowid()
    for subject in envelope.subjects:
        _name(connection, subject, envelope.account, seq)
    return True


def _name(connection: apsw.Connection, subject: str, account: str, seq: int) -> None:
    connection.execute("INSERT OR IGNORE INTO subject VALUES (?, ?, ?)", (subject, account, seq))


def _seen_before(connection: apsw.Connection, envelope: Envelope, envelope_id: str, now: int) -> Receipt:
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
    _insert(connection, envelope, envelope_id, decided.generation, ambiguous=decided.ambiguous, now=now)
    return Receipt(envelope_id, redelivery=False, ambiguous=decided.ambiguous)


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
