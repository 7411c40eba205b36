"""Emptying old payloads. Identities, deliveries, attempts and redeliveries stay: the timeline tells them."""

from receiver.store.base import Pruned
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

#: What is dead, unreadable or still open needs its payload.
_UNNEEDED = """
state = 'dispatched' AND pruned_at IS NULL AND NOT EXISTS (
  SELECT 1 FROM delivery WHERE envelope_seq = envelope.seq AND delivery.state NOT IN ('succeeded', 'skipped'))
"""

_PRUNABLE = f"""
SELECT seq FROM envelope WHERE {_UNNEEDED} AND received_at < now_ms() - %s
ORDER BY received_at LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""  # noqa: S608  (a constant)

_PRUNE = f"""
WITH old AS (SELECT seq, octet_length(payload) AS size FROM envelope WHERE seq = ANY(%s) AND {_UNNEEDED})
UPDATE envelope SET payload = '', pruned_at = now_ms() FROM old WHERE envelope.seq = old.seq RETURNING size
"""  # noqa: S608  (a constant)


def prune(connection: Connection, age: int, limit: int) -> Pruned:
    """``age`` in milliseconds."""
    seqs = [seq for (seq,) in query.rows(connection, _PRUNABLE, (age, limit))]
    # Looked at again, now that nobody can replay: a delivery may have become due while the lock was awaited.
    sizes = query.rows(connection, _PRUNE, (seqs,))
    return Pruned(envelopes=len(sizes), payload_bytes=sum(size for (size,) in sizes))
