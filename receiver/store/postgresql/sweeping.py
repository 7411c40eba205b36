"""Putting back what is offered or running beyond its lease, so much in a transaction; many relays may do it at once."""

from collections.abc import Mapping

from receiver.store.base import Swept
from receiver.store.losing import lose
from receiver.store.postgresql import lanes, query
from receiver.store.postgresql.query import Connection

#: Deliveries that one transaction puts back.
_SWEEP = 200

_EXPIRED_OFFERS = """
WITH expired AS MATERIALIZED (
  SELECT id FROM delivery WHERE state = 'offered' AND lease_until < now_ms()
  ORDER BY id LIMIT %s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET state = 'due', lease_until = NULL, due_at = least(due_at, now_ms())
FROM expired WHERE delivery.id = expired.id
"""

# Who has just begun one holds it, and it is offered no more.
_ALL_OFFERS = """
WITH offered AS MATERIALIZED (
  SELECT id FROM delivery WHERE state = 'offered' ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET state = 'due', lease_until = NULL FROM offered WHERE delivery.id = offered.id
"""

_LOST = """
SELECT id, handler, attempts, spent, lost FROM delivery
WHERE id = ANY(%s) AND state = 'running' AND lease_until < now_ms() ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
"""

_LOSE = """
WITH noted AS (
  UPDATE attempt SET outcome = 'lost', duration = greatest(now_ms() - started_at, 0), error = %(error)s
  WHERE delivery_id = %(id)s AND number = %(attempt)s)
UPDATE delivery SET state = CASE WHEN %(dead)s THEN 'dead' ELSE 'due' END, head = head AND NOT %(dead)s,
                    due_at = now_ms(), ended_at = CASE WHEN %(dead)s THEN now_ms() END, lease_until = NULL,
                    lost = %(lost)s, error = %(error)s
WHERE id = %(id)s
"""


def offers(connection: Connection) -> int:
    """Make due a bounded number of offers that nobody took up."""
    return query.change(connection, _EXPIRED_OFFERS, (_SWEEP,))


def all_offers(connection: Connection) -> int:
    """Make due all that is offered, which is no more than relays hold at once."""
    return query.change(connection, _ALL_OFFERS)


def lost(connection: Connection, limits: Mapping[str, int]) -> Swept:
    """Make due a bounded number of attempts beyond their lease: each counts, its next is due at once.

    ``limits`` are the handlers' ``max_attempts``.
    """
    ids = [
        delivery_id
        for (delivery_id,) in query.rows(
            connection,
            "SELECT id FROM delivery WHERE state = 'running' AND lease_until < now_ms() ORDER BY id LIMIT %s",
            (_SWEEP,),
        )
    ]
    if not ids:
        return Swept()
    lanes.lock_of_all(connection, ids)
    found = query.rows(connection, _LOST, (ids,))
    buried = 0
    for delivery_id, handler, attempts, spent, lost_before in found:
        loss = lose(handler, tries=attempts - spent, lost_before=lost_before, limits=limits)
        query.change(
            connection,
            _LOSE,
            {"dead": loss.dead, "lost": loss.lost, "error": loss.error, "id": delivery_id, "attempt": attempts},
        )
        if loss.dead:
            buried += 1
            lanes.advance_behind(connection, delivery_id)
    return Swept(lost=len(found), buried=buried)
