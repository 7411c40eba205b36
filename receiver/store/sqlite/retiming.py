"""After the clock was set back: what would wait until it gets there again is due, and no lease lasts longer for it."""

import apsw

from receiver.store.sqlite import query

# What was owed, replayed or attempted in a time that is yet to come. How long of its delay is left, nobody can tell.
_DUE = """
UPDATE delivery INDEXED BY delivery_open SET due_at = :now
WHERE state IN ('due', 'offered', 'running') AND due_at > :now AND (created_at > :now OR replayed_at > :now OR EXISTS (
  SELECT 1 FROM attempt WHERE delivery_id = delivery.id AND number = attempts AND started_at > :now))
"""

_OFFERED = """
UPDATE delivery SET lease_until = :now + :lease
WHERE state IN ('offered', 'running') AND state = 'offered' AND lease_until > :now + :lease
"""

_RUNNING = """
UPDATE delivery SET lease_until = lease_until - (started_at - :now)
FROM attempt WHERE delivery_id = delivery.id AND attempt.number = attempts AND started_at > :now
  AND state IN ('offered', 'running') AND state = 'running'
"""

# Whether a call was made is told when its time is over.
_EFFECTS = """
UPDATE effect SET resolve_at = :now + (resolve_at - known_at)
WHERE known_at > :now AND state IN ('intent', 'sent') AND delivery_id IN (
  SELECT id FROM delivery INDEXED BY delivery_open WHERE state IN ('due', 'offered', 'running') AND attempts > 0)
"""


def retime(connection: apsw.Connection, *, now: int, offer_lease: int) -> int:
    """How many are due for it. Milliseconds."""
    connection.execute(_EFFECTS, {"now": now})
    due = len(query.rows(connection, f"{_DUE} RETURNING id", {"now": now}))
    connection.execute(_OFFERED, {"now": now, "lease": offer_lease})
    connection.execute(_RUNNING, {"now": now})
    return due
