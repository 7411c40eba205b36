"""Into the inbox: a new envelope, a redelivery of one, or what content alone cannot tell."""

from collections.abc import Iterable, Sequence
from datetime import timedelta

import apsw

from receiver import ids
from receiver.envelope import Envelope, Receipt
from receiver.store.sqlite import query

_INSERT = """
INSERT INTO envelope (id, account, source, platform, topic, order_id, refund_id,
                      identity, generation, bytes_digest, ambiguous, received_at, payload)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (account, identity, generation) DO NOTHING
"""


def put(connection: apsw.Connection, batch: Sequence[Envelope], *, now: int, horizon: timedelta) -> list[Receipt]:
    """Accept a batch, in order."""
    since = now - horizon // timedelta(milliseconds=1)
    return [_put(connection, envelope, now, since) for envelope in batch]


def _put(connection: apsw.Connection, envelope: Envelope, now: int, since: int) -> Receipt:
    envelope_id = ids.uuid7(now)
    if _insert(connection, envelope, envelope_id, 0, ambiguous=False, now=now):
        return Receipt(envelope_id, redelivery=False, ambiguous=False)
    return _seen_before(connection, envelope, envelope_id, now, since)


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


def _seen_before(connection: apsw.Connection, envelope: Envelope, envelope_id: str, now: int, since: int) -> Receipt:
    """An envelope of this identity is there: tell the same message sent again from news in the same words."""
    identity = envelope.identity
    alike = query.rows(
        connection,
        "SELECT seq, id, generation, bytes_digest, received_at FROM envelope"
        " WHERE account = ? AND identity = ? ORDER BY generation DESC",
        (envelope.account, identity.key),
    )
    latest_seq, latest_id, generation, _, latest_at = alike[0]
    numbered = identity.kind == "message_id"
    if numbered and latest_at > since:
        return _redelivered(connection, latest_seq, latest_id, identity.bytes_digest, now)
    same_bytes = False
    for seq, accepted_id, _, bytes_digest, received_at in alike:
        if bytes_digest != identity.bytes_digest and not _came_again_as(connection, seq, identity.bytes_digest):
            continue
        if received_at > since:
            return _redelivered(connection, seq, accepted_id, identity.bytes_digest, now)
        same_bytes = True
    if latest_at > since and not _other_since(connection, envelope.account, envelope.subjects, latest_seq):
        return _redelivered(connection, latest_seq, latest_id, identity.bytes_digest, now)
    # Within the horizon something else came in between: a late repeat, or a state that was left and entered again.
    # Beyond it no source redelivers, so it is news; but with the old number or bytes, push time included, who knows.
    ambiguous = latest_at > since or numbered or same_bytes
    _insert(connection, envelope, envelope_id, generation + 1, ambiguous=ambiguous, now=now)
    return Receipt(envelope_id, redelivery=False, ambiguous=ambiguous)


def _came_again_as(connection: apsw.Connection, seq: int, bytes_digest: bytes) -> bool:
    known = "SELECT 1 FROM redelivery WHERE envelope_seq = ? AND bytes_digest = ? LIMIT 1"
    return query.row(connection, known, (seq, bytes_digest)) is not None


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


def _redelivered(connection: apsw.Connection, seq: int, envelope_id: str, bytes_digest: bytes, now: int) -> Receipt:
    connection.execute("UPDATE envelope SET redeliveries = redeliveries + 1 WHERE seq = ?", (seq,))
    connection.execute("INSERT INTO redelivery VALUES (?, ?, ?)", (seq, now, bytes_digest))
    return Receipt(envelope_id, redelivery=True, ambiguous=False)
