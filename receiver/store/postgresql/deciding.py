"""What a person does: replay deliveries that have ended and envelopes that were unreadable, bury what has not ended."""

from collections.abc import Sequence

from receiver.store.postgresql import lanes, query
from receiver.store.postgresql.query import Connection

_OPEN = "state IN ('due', 'offered', 'running')"

# Its lane is held, so it stays ended. Who empties payloads locks the envelope, too: none goes while it is made due.
_WHOLE = """
SELECT 1 FROM delivery JOIN envelope ON envelope.seq = envelope_seq
WHERE delivery.id = %s AND delivery.state IN ('succeeded', 'skipped', 'dead') AND pruned_at IS NULL
FOR SHARE OF envelope
"""

_REPLAY = f"""
UPDATE delivery SET state = 'due', due_at = now_ms(), ended_at = NULL, error = NULL, spent = attempts,
  lost = 0, older_than = NULL, uncertain = false, stale_run = %(stale)s,
  replays = replays + 1, replayed_by = %(by)s, replayed_at = now_ms(),
  head = lane IS NULL OR NOT EXISTS (
    SELECT 1 FROM delivery AS other
    WHERE other.lane = delivery.lane AND other.handler = delivery.handler AND other.{_OPEN})
WHERE id = %(id)s AND state IN ('succeeded', 'skipped', 'dead')
"""  # noqa: S608  (a constant)

_BURY = """
UPDATE delivery SET state = 'dead', told = true, head = false, ended_at = now_ms(), lease_until = NULL, error = %s
WHERE id = %s AND state IN ('due', 'offered')
"""


def replay(connection: Connection, delivery_ids: Sequence[int], by: str, *, stale: bool, repeat_effects: bool) -> int:
    """Due again, with its attempts counted anew; behind whatever of its lane is open."""
    lanes.lock_of_all(connection, delivery_ids)
    replayed = 0
    for delivery_id in delivery_ids:
        if query.row(connection, _WHOLE, (delivery_id,)) is None:
            continue
        replayed += query.change(connection, _REPLAY, {"stale": stale, "by": by, "id": delivery_id})
        if repeat_effects:
            query.change(connection, "DELETE FROM effect WHERE delivery_id = %s", (delivery_id,))
    return replayed


def replay_envelopes(connection: Connection, envelope_ids: Sequence[str], by: str) -> int:
    """Stored again: the relay dispatches them as if they had just come."""
    return query.change(
        connection,
        "WITH unread AS MATERIALIZED (SELECT seq FROM envelope WHERE id = ANY(%(ids)s) AND state = 'unreadable'"
        " ORDER BY seq FOR NO KEY UPDATE)"
        " UPDATE envelope SET state = 'stored', error = NULL,"
        " replays = replays + 1, replayed_by = %(by)s, replayed_at = now_ms()"
        " FROM unread WHERE envelope.seq = unread.seq",
        {"ids": list(envelope_ids), "by": by},
    )


def bury(connection: Connection, delivery_ids: Sequence[int], by: str) -> int:
    """Dead now. What is running cannot be called back: it ends by itself."""
    lanes.lock_of_all(connection, delivery_ids)
    buried = 0
    for delivery_id in delivery_ids:
        if query.change(connection, _BURY, (f"buried by {by}", delivery_id)):
            lanes.advance_behind(connection, delivery_id)
            buried += 1
    return buried
