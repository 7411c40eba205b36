"""What the relay does to the store: dispatch, claim, and put back what was lost."""

import json
from collections.abc import Mapping, Sequence

import apsw

from receiver.deliveries import Dispatched, NewDelivery, Offer
from receiver.store.base import Swept
from receiver.store.losing import lose
from receiver.store.rows import standing_columns
from receiver.store.sharing_out import share_out
from receiver.store.sqlite import drifting, lanes, query

_OPEN = "state IN ('due', 'offered', 'running')"

#: In the words of the index of what is leased, or SQLite does not see that it holds this, and looks at all there is.
_LEASED = "state IN ('offered', 'running')"

_OWE = f"""
INSERT INTO delivery (envelope_seq, number, handler, event, order_id, refund_id, lane,
                      tells_state, stage, occurred_at, head, due_at, created_at)
SELECT :seq, :number, :handler, :event, :order_id, :refund_id, :lane, :tells_state, :stage, :occurred_at,
       :lane IS NULL OR NOT EXISTS (SELECT 1 FROM delivery WHERE lane = :lane AND handler = :handler AND {_OPEN}),
       :now, :now
ON CONFLICT (envelope_seq, number, handler) DO NOTHING
"""  # noqa: S608  (a constant)

# In one statement: each would begin with every index of what was dispatched.
_MARK = """
UPDATE envelope INDEXED BY envelope_id
SET state = iif(done.error IS NULL, 'dispatched', 'unreadable'), error = done.error, dispatched_at = :now
FROM (SELECT value ->> 0 AS id, value ->> 1 AS error FROM json_each(:done)) AS done
WHERE envelope.id = done.id AND envelope.state = 'stored'
RETURNING seq, envelope.id, replays
"""

_HELD = "SELECT count(*), coalesce(sum(replays > 0), 0) FROM delivery WHERE state IN ('offered', 'running')"

_CLAIM = """
UPDATE delivery SET state = 'offered', offer = offer + 1, lease_until = :lease_until
WHERE id IN (
  SELECT id FROM delivery
  WHERE handler = :handler AND (replays > 0) = :replayed AND state = 'due' AND head = 1 AND due_at <= :now AND lost < 2
  ORDER BY due_at, id LIMIT :room)
RETURNING id, offer, handler
"""

# A delivery that lost its worker twice in a row may be what kills it. Such suspects run one at a time, so that those
# that merely ran beside it are not buried with it.
_CLAIM_SUSPECT = """
UPDATE delivery SET state = 'offered', offer = offer + 1, lease_until = :lease_until
WHERE id = (
  SELECT id FROM delivery INDEXED BY delivery_suspect
  WHERE state = 'due' AND lost >= 2 AND head = 1 AND due_at <= :now
    AND handler IN (SELECT value FROM json_each(:handlers))
  ORDER BY due_at, id LIMIT 1)
  AND NOT EXISTS (SELECT 1 FROM delivery WHERE state IN ('offered', 'running') AND lost >= 2)
RETURNING id, offer, handler
"""


def owe(connection: apsw.Connection, envelope_id: str, deliveries: Sequence[NewDelivery], *, now: int) -> None:
    """Owe deliveries of an envelope that is being dispatched; those that are owed already stay as they are."""
    seq = query.value(connection, "SELECT seq FROM envelope WHERE id = ? AND state = 'stored'", (envelope_id,))
    if seq is None:
        return
    for delivery in deliveries:
        tells_state, stage, occurred_at = standing_columns(delivery.standing)
        connection.execute(
            _OWE,
            {
                "seq": seq,
                "number": delivery.number,
                "handler": delivery.handler,
                "event": delivery.event,
                "order_id": delivery.order_id,
                "refund_id": delivery.refund_id,
                "lane": delivery.lane,
                "tells_state": tells_state,
                "stage": stage,
                "occurred_at": occurred_at,
                "now": now,
            },
        )


def mark(connection: apsw.Connection, batch: Sequence[Dispatched], *, now: int) -> None:
    """All that these owe is owed, or they are unreadable. What is dispatched is passed over."""
    of = {dispatched.envelope_id: dispatched for dispatched in batch}
    done = json.dumps([(dispatched.envelope_id, dispatched.unreadable) for dispatched in batch])
    for seq, envelope_id, replays in sorted(query.rows(connection, _MARK, {"done": done, "now": now})):
        if of[envelope_id].drift and not replays:  # a replay tells nothing new of the platform
            drifting.count(connection, seq, of[envelope_id].drift)


def claim(
    connection: apsw.Connection, limit: int, room: Mapping[str, int], *, now: int, lease_until: int
) -> list[Offer]:
    ((held, replays_held),) = query.rows(connection, _HELD)
    if held >= limit:
        return []
    at = {"now": now, "lease_until": lease_until}
    able = json.dumps([handler for handler, free in room.items() if free > 0])
    offers = [Offer(*row) for row in query.rows(connection, _CLAIM_SUSPECT, {**at, "handlers": able})]

    def take(handler: str, most: int, replayed: bool) -> list[Offer]:  # noqa: FBT001
        found = query.rows(connection, _CLAIM, {**at, "handler": handler, "room": most, "replayed": replayed})
        return [Offer(*row) for row in found]

    return offers + share_out(limit, held + len(offers), replays_held, room, take)


def anything_due(connection: apsw.Connection, now: int) -> bool:
    """Worth a transaction."""
    due = "SELECT 1 FROM delivery WHERE state = 'due' AND head = 1 AND due_at <= ? LIMIT 1"
    return query.row(connection, due, (now,)) is not None


def anything_to_do(connection: apsw.Connection, now: int) -> bool:
    """To dispatch, to offer or to end, as of one moment: for tests that wait until all is done."""
    sql = (
        "SELECT 1 FROM envelope WHERE state = 'stored' UNION ALL SELECT 1 FROM delivery"
        " WHERE state IN ('offered', 'running') OR (state = 'due' AND head = 1 AND due_at <= ?) LIMIT 1"
    )
    return query.row(connection, sql, (now,)) is not None


def give_back(connection: apsw.Connection, offers: Sequence[Offer]) -> None:
    for offer in offers:
        connection.execute(
            "UPDATE delivery SET state = 'due', lease_until = NULL WHERE id = ? AND offer = ? AND state = 'offered'",
            (offer.delivery_id, offer.number),
        )


def take_back(connection: apsw.Connection) -> int:
    sql = "UPDATE delivery SET state = 'due', lease_until = NULL WHERE state = 'offered' RETURNING id"
    return len(query.rows(connection, sql))


def renew(connection: apsw.Connection, offers: Sequence[Offer], *, lease_until: int) -> None:
    """Also a lease that has ended, if nobody swept it: a machine may have slept."""
    for offer in offers:
        connection.execute(
            "UPDATE delivery SET lease_until = max(lease_until, ?) WHERE id = ? AND offer = ? AND state = 'running'",
            (lease_until, offer.delivery_id, offer.number),
        )


def put_back(connection: apsw.Connection, limits: Mapping[str, int], *, now: int, expired_at: int | None) -> Swept:
    """Make due what is offered or running: all of it, or what expired. A lost attempt counts, its next is due at once.

    ``limits`` are the handlers' ``max_attempts``.
    """
    expired = "lease_until < ?" if expired_at is not None else "? IS NULL"
    leased = f"{_LEASED} AND state = ? AND {expired}"
    offers = query.rows(
        connection,
        f"UPDATE delivery SET state = 'due', lease_until = NULL, due_at = min(due_at, ?) WHERE {leased} RETURNING id",  # noqa: S608
        (now, "offered", expired_at),
    )
    running = query.rows(
        connection,
        f"SELECT id, handler, lane, attempts, spent, lost FROM delivery WHERE {leased}",  # noqa: S608
        ("running", expired_at),
    )
    buried = 0
    for delivery_id, handler, lane, attempts, spent, lost_before in running:
        loss = lose(handler, tries=attempts - spent, lost_before=lost_before, limits=limits)
        buried += loss.dead
        connection.execute(
            "UPDATE attempt SET outcome = 'lost', duration = max(? - started_at, 0), error = ?"
            " WHERE delivery_id = ? AND number = ?",
            (now, loss.error, delivery_id, attempts),
        )
        connection.execute(
            "UPDATE delivery SET state = iif(:dead, 'dead', 'due'), head = iif(:dead, 0, head), due_at = :now,"
            " ended_at = iif(:dead, :now, NULL), lease_until = NULL, lost = :lost, error = :error WHERE id = :id",
            {"dead": loss.dead, "now": now, "lost": loss.lost, "error": loss.error, "id": delivery_id},
        )
        if loss.dead:
            lanes.advance(connection, handler, lane)
    return Swept(offers=len(offers), lost=len(running), buried=buried)
