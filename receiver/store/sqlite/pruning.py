"""Emptying old payloads. Identities, deliveries, attempts and redeliveries stay: the timeline tells them."""

import apsw

from receiver.store.base import Pruned
from receiver.store.sqlite import query

#: What is dead, unreadable or still open needs its payload.
_PRUNABLE = """
SELECT seq, length(payload) FROM envelope
WHERE state = 'dispatched' AND pruned_at IS NULL AND received_at < ?
  AND NOT EXISTS (SELECT 1 FROM delivery WHERE envelope_seq = seq AND state NOT IN ('succeeded', 'skipped'))
ORDER BY received_at LIMIT ?
"""


def prune(connection: apsw.Connection, limit: int, *, before: int, now: int) -> Pruned:
    found = query.rows(connection, _PRUNABLE, (before, limit))
    for seq, _ in found:
        connection.execute("UPDATE envelope SET payload = x'', pruned_at = ? WHERE seq = ?", (now, seq))
    return Pruned(envelopes=len(found), payload_bytes=sum(size for _, size in found))
