"""After the clock was set back: what would wait until it gets there again gets a time of now."""

import json
from collections.abc import Sequence

import apsw

from receiver.store.set_back import TOLERANCE
from receiver.store.sqlite import query

_STARTED = "(SELECT started_at FROM attempt WHERE delivery_id = delivery.id AND number = attempts)"

_AHEAD = f"""
SELECT id FROM delivery INDEXED BY delivery_open
WHERE state IN ('due', 'offered', 'running')
  AND ((attempts = spent AND due_at > :ahead AND coalesce(replayed_at, created_at) > :ahead)
    OR (state = 'offered' AND lease_until > :ahead + :lease)
    OR (attempts > 0 AND ({_STARTED} > :ahead OR EXISTS (
      SELECT 1 FROM effect WHERE delivery_id = delivery.id AND state IN ('intent', 'sent') AND known_at > :ahead))))
"""  # noqa: S608  (a constant)

# An effect is judged once the time of its call is over, from now on.
_EFFECTS = """
UPDATE effect SET resolve_at = resolve_at - (known_at - :now), known_at = :now
WHERE delivery_id IN (SELECT value FROM json_each(:ids)) AND state IN ('intent', 'sent') AND known_at > :ahead
"""

# What was never attempted is due.
_OWED = """
UPDATE delivery SET due_at = :now
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'due' AND attempts = spent AND due_at > :ahead
"""

# A retry waits anew for as long as it was to. What was moved before is behind the start of its attempt.
_RETRIED = f"""
UPDATE delivery SET due_at = due_at - ({_STARTED} - :now)
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'due' AND attempts > spent
  AND {_STARTED} > :ahead AND due_at > {_STARTED}
"""  # noqa: S608  (a constant)

_OFFERED = """
UPDATE delivery SET lease_until = :now + :lease
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'offered' AND lease_until > :ahead + :lease
"""

# Never less than who runs it takes to renew it.
_RUNNING = f"""
UPDATE delivery SET lease_until = max(lease_until - ({_STARTED} - :now), :now + :margin)
WHERE id IN (SELECT value FROM json_each(:ids)) AND state = 'running'
  AND {_STARTED} > :ahead AND lease_until > {_STARTED}
"""  # noqa: S608  (a constant)


def ahead(connection: apsw.Connection, *, now: int, offer_lease: int) -> list[int]:
    """The open deliveries that wait for a time told by a clock since set back. Milliseconds."""
    return [id_ for (id_,) in query.rows(connection, _AHEAD, {"ahead": now + TOLERANCE, "lease": offer_lease})]


def retime(connection: apsw.Connection, ids: Sequence[int], *, now: int, offer_lease: int, run_margin: int) -> None:
    at = {"ids": json.dumps(ids), "now": now, "ahead": now + TOLERANCE}
    connection.execute(_EFFECTS, at)
    connection.execute(_OWED, at)
    connection.execute(_RETRIED, at)
    connection.execute(_OFFERED, {**at, "lease": offer_lease})
    connection.execute(_RUNNING, {**at, "margin": run_margin})
