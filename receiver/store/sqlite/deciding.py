"""What a person does: replay deliveries that have ended and envelopes that were unreadable, bury what has not ended."""

from collections.abc import Sequence

import apsw

from receiver.store.sqlite import lanes, query


def replay(
    connection: apsw.Connection, delivery_ids: Sequence[int], by: str, *, stale: bool, repeat_effects: bool, now: int
) -> int:
    """Due again, with its attempts counted anew; behind whatever of its lane is open."""
    replayed = 0
    for delivery_id in delivery_ids:
        connection.execute(
            "UPDATE delivery SET state = 'due', due_at = :now, ended_at = NULL, error = NULL, spent = attempts,"
            " lost = 0, older_than = NULL, uncertain = 0, stale_run = :stale,"
            " replays = replays + 1, replayed_by = :by, replayed_at = :now,"
            " head = lane IS NULL OR NOT EXISTS (SELECT 1 FROM delivery AS other WHERE other.lane = delivery.lane"
            "   AND other.handler = delivery.handler AND other.state IN ('due', 'offered', 'running'))"
            " WHERE id = :id AND state IN ('succeeded', 'skipped', 'dead')"
            " AND (SELECT pruned_at FROM envelope WHERE seq = envelope_seq) IS NULL",
            {"now": now, "by": by, "stale": stale, "id": delivery_id},
        )
        changed = connection.changes()
        replayed += changed
        if changed and repeat_effects:
            connection.execute("DELETE FROM effect WHERE delivery_id = ?", (delivery_id,))
    return replayed


def replay_envelopes(connection: apsw.Connection, envelope_ids: Sequence[str], by: str, *, now: int) -> int:
    """Stored again: the relay dispatches them as if they had just come."""
    replayed = 0
    for envelope_id in envelope_ids:
        connection.execute(
            "UPDATE envelope SET state = 'stored', error = NULL,"
            " replays = replays + 1, replayed_by = :by, replayed_at = :now WHERE id = :id AND state = 'unreadable'",
            {"by": by, "now": now, "id": envelope_id},
        )
        replayed += connection.changes()
    return replayed


def bury(connection: apsw.Connection, delivery_ids: Sequence[int], by: str, *, now: int) -> int:
    """Dead now. What is running cannot be called back: it ends by itself."""
    buried = 0
    for delivery_id in delivery_ids:
        found = query.row(
            connection,
            "SELECT handler, lane, head FROM delivery WHERE id = ? AND state IN ('due', 'offered')",
            (delivery_id,),
        )
        if found is None:
            continue
        connection.execute(
            "UPDATE delivery SET state = 'dead', told = 1, head = 0, ended_at = ?, lease_until = NULL, error = ?"
            " WHERE id = ?",
            (now, f"buried by {by}", delivery_id),
        )
        handler, lane, was_head = found
        if was_head:  # else its lane has one: perhaps not the oldest, since what is replayed stands behind it
            lanes.advance(connection, handler, lane)
        buried += 1
    return buried
