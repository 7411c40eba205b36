"""After the clock was set back: what would wait until it gets there again gets a time of now."""

from collections.abc import Sequence

from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.set_back import TOLERANCE

# With LIMIT, or all attempts would be read into a hash.
_STARTED = "(SELECT started_at FROM attempt WHERE delivery_id = delivery.id AND number = attempts LIMIT 1)"

_AHEAD = f"""
SELECT id FROM delivery
WHERE state IN ('due', 'offered', 'running')
  AND ((attempts = spent AND due_at > %(ahead)s AND coalesce(replayed_at, created_at) > %(ahead)s)
    OR (state = 'offered' AND lease_until > %(ahead)s + %(lease)s)
    OR (attempts > 0 AND ({_STARTED} > %(ahead)s OR (
      SELECT known_at FROM effect
      WHERE delivery_id = delivery.id AND state IN ('intent', 'sent') AND known_at > %(ahead)s LIMIT 1) IS NOT NULL)))
"""  # noqa: S608  (a constant)

# Who holds one of them is about to tell its time anew; if not, the next look finds it.
_LOCK = "SELECT id FROM delivery WHERE id = ANY(%s) ORDER BY id FOR NO KEY UPDATE SKIP LOCKED"

# An effect is judged once the time of its call is over, from now on.
_EFFECTS = """
UPDATE effect SET resolve_at = resolve_at - (known_at - %(now)s), known_at = %(now)s
WHERE delivery_id = ANY(%(ids)s) AND state IN ('intent', 'sent') AND known_at > %(ahead)s
"""

# What was never attempted is due.
_OWED = """
UPDATE delivery SET due_at = %(now)s
WHERE id = ANY(%(ids)s) AND state = 'due' AND attempts = spent AND due_at > %(ahead)s
"""

# A retry waits anew for as long as it was to. What was moved before is behind the start of its attempt.
_RETRIED = f"""
UPDATE delivery SET due_at = due_at - ({_STARTED} - %(now)s)
WHERE id = ANY(%(ids)s) AND state = 'due' AND attempts > spent AND {_STARTED} > %(ahead)s AND due_at > {_STARTED}
"""  # noqa: S608  (a constant)

_OFFERED = """
UPDATE delivery SET lease_until = %(now)s + %(lease)s
WHERE id = ANY(%(ids)s) AND state = 'offered' AND lease_until > %(ahead)s + %(lease)s
"""

# Never less than who runs it takes to renew it.
_RUNNING = f"""
UPDATE delivery SET lease_until = greatest(lease_until - ({_STARTED} - %(now)s), %(now)s + %(margin)s)
WHERE id = ANY(%(ids)s) AND state = 'running' AND {_STARTED} > %(ahead)s AND lease_until > {_STARTED}
"""  # noqa: S608  (a constant)


def ahead(connection: Connection, *, now: int, offer_lease: int) -> list[int]:
    """The open deliveries that wait for a time told by a clock since set back. Milliseconds."""
    return [id_ for (id_,) in query.rows(connection, _AHEAD, {"ahead": now + TOLERANCE, "lease": offer_lease})]


def retime(connection: Connection, ids: Sequence[int], *, now: int, offer_lease: int, run_margin: int) -> None:
    held = [id_ for (id_,) in query.rows(connection, _LOCK, (list(ids),))]
    at = {"ids": held, "now": now, "ahead": now + TOLERANCE}
    query.change(connection, _EFFECTS, at)
    query.change(connection, _OWED, at)
    query.change(connection, _RETRIED, at)
    query.change(connection, _OFFERED, {**at, "lease": offer_lease})
    query.change(connection, _RUNNING, {**at, "margin": run_margin})
