"""After the clock was set back: what would wait until it gets there again is due, and no lease lasts longer for it."""

from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

# What was owed, replayed or attempted in a time that is yet to come. How long of its delay is left, nobody can tell.
# Who holds one of them is about to tell its time anew.
_DUE = """
WITH chosen AS MATERIALIZED (
  SELECT id FROM delivery
  WHERE state IN ('due', 'offered', 'running') AND due_at > %(now)s
    AND (created_at > %(now)s OR replayed_at > %(now)s OR EXISTS (
      SELECT FROM attempt WHERE delivery_id = delivery.id AND number = attempts AND started_at > %(now)s))
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET due_at = %(now)s FROM chosen WHERE delivery.id = chosen.id
"""

_OFFERED = """
WITH chosen AS MATERIALIZED (
  SELECT id FROM delivery WHERE state = 'offered' AND lease_until > %(now)s + %(lease)s
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET lease_until = %(now)s + %(lease)s FROM chosen WHERE delivery.id = chosen.id
"""

_RUNNING = """
WITH chosen AS MATERIALIZED (
  SELECT id, attempts FROM delivery WHERE state = 'running' AND lease_until > %(now)s
  ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET lease_until = lease_until - (started_at - %(now)s)
FROM chosen JOIN attempt ON delivery_id = chosen.id AND number = chosen.attempts AND started_at > %(now)s
WHERE delivery.id = chosen.id
"""

# Whether a call was made is told when its time is over. It comes first: the others wait for nobody.
_EFFECTS = """
UPDATE effect SET resolve_at = %(now)s + (resolve_at - known_at)
WHERE known_at > %(now)s AND state IN ('intent', 'sent') AND delivery_id IN (
  SELECT id FROM delivery WHERE state IN ('due', 'offered', 'running') AND attempts > 0)
"""


def retime(connection: Connection, *, now: int, offer_lease: int) -> int:
    """How many are due for it. Milliseconds."""
    query.change(connection, _EFFECTS, {"now": now})
    due = query.change(connection, _DUE, {"now": now})
    query.change(connection, _OFFERED, {"now": now, "lease": offer_lease})
    query.change(connection, _RUNNING, {"now": now})
    return due
