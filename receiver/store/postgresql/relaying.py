"""What relays do to the store, any number of them at once: dispatch, and claim."""

from collections.abc import Mapping, Sequence

from receiver.deliveries import OFFER_LEASE, RUN_LEASE_MARGIN, Offer
from receiver.store.parts import Part
from receiver.store.postgresql import drifting, lanes, query
from receiver.store.postgresql.query import Connection
from receiver.store.rows import milliseconds, standing_columns
from receiver.store.sharing_out import share_out

#: One relay dispatches at a time, and one claims at a time: both are short, and the next finds all that this one did.
_DISPATCHING = "SELECT pg_advisory_xact_lock(hashtextextended('yizhan dispatch', 0))"
_CLAIMING = "SELECT pg_advisory_xact_lock(hashtextextended('yizhan claim', 0))"

# In the order of seq, as everyone locks envelopes. By id alone: a planner that last saw few that are stored looks for
# them among all, batch after batch.
_NAMED = "SELECT id, seq, state FROM envelope WHERE id = ANY(%s) ORDER BY seq FOR NO KEY UPDATE"

# What another relay owed already, before it was cut short, is left out before heads are told. The lane is asked for
# with LIMIT, not EXISTS, for which all that is open would be read into a hash.
_OWE = """
WITH owed AS (
  SELECT * FROM unnest(
    %(seq)s::bigint[], %(number)s::integer[], %(handler)s::text[], %(event)s::text[], %(order_id)s::text[],
    %(refund_id)s::text[], %(lane)s::text[], %(tells_state)s::boolean[], %(stage)s::integer[], %(occurred_at)s::bigint[]
  ) WITH ORDINALITY AS owed (
    envelope_seq, number, handler, event, order_id, refund_id, lane, tells_state, stage, occurred_at, place)
  WHERE (
    SELECT id FROM delivery
    WHERE envelope_seq = owed.envelope_seq AND number = owed.number AND handler = owed.handler LIMIT 1) IS NULL)
INSERT INTO delivery (envelope_seq, number, handler, event, order_id, refund_id, lane,
                      tells_state, stage, occurred_at, head, due_at, created_at)
SELECT envelope_seq, number, handler, event, order_id, refund_id, lane, tells_state, stage, occurred_at,
       lane IS NULL OR (row_number() OVER (PARTITION BY lane, handler ORDER BY place) = 1 AND (
         SELECT other.id FROM delivery AS other WHERE other.lane = owed.lane AND other.handler = owed.handler
           AND other.state IN ('due', 'offered', 'running') LIMIT 1) IS NULL),
       now_ms(), now_ms()
FROM owed ORDER BY place
"""

_MARK = """
UPDATE envelope SET state = CASE WHEN done.error IS NULL THEN 'dispatched' ELSE 'unreadable' END,
                    error = done.error, dispatched_at = now_ms()
FROM unnest(%s::bigint[], %s::text[]) AS done (seq, error) WHERE envelope.seq = done.seq
RETURNING envelope.seq, source, received_at, replays
"""

_HELD = "SELECT count(*), count(*) FILTER (WHERE replays > 0) FROM delivery WHERE state IN ('offered', 'running')"

_CLAIM = """
WITH chosen AS MATERIALIZED (
  SELECT id FROM delivery
  WHERE handler = %(handler)s AND (replays > 0) = %(replayed)s AND state = 'due' AND head AND due_at <= now_ms()
    AND lost < 2
  ORDER BY due_at, id LIMIT %(most)s FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET state = 'offered', offer = offer + 1, lease_until = now_ms() + %(lease)s
FROM chosen WHERE delivery.id = chosen.id
RETURNING delivery.id, offer, handler, due_at
"""

# A delivery that lost its worker twice in a row may be what kills it. Such suspects run one at a time, so that those
# that merely ran beside it are not buried with it.
_CLAIM_SUSPECT = """
WITH chosen AS MATERIALIZED (
  SELECT id FROM delivery
  WHERE state = 'due' AND lost >= 2 AND head AND due_at <= now_ms() AND handler = ANY(%(handlers)s::text[])
    AND NOT EXISTS (SELECT 1 FROM delivery WHERE state IN ('offered', 'running') AND lost >= 2)
  ORDER BY due_at, id LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED)
UPDATE delivery SET state = 'offered', offer = offer + 1, lease_until = now_ms() + %(lease)s
FROM chosen WHERE delivery.id = chosen.id
RETURNING delivery.id, offer, handler
"""


def dispatch(connection: Connection, part: Sequence[Part]) -> None:
    """Owe deliveries, and mark the envelopes all of whose deliveries are owed. What is dispatched is passed over."""
    query.rows(connection, _DISPATCHING)
    named = query.rows(connection, _NAMED, ([each.dispatched.envelope_id for each in part],))
    seqs = {envelope_id: seq for envelope_id, seq, state in named if state == "stored"}
    stored = [(seqs[each.dispatched.envelope_id], each) for each in part if each.dispatched.envelope_id in seqs]
    owed = [(seq, delivery) for seq, each in stored for delivery in each.deliveries]
    if owed:
        lanes.lock(connection, [delivery for _, delivery in owed])
        standings = [standing_columns(delivery.standing) for _, delivery in owed]
        query.change(
            connection,
            _OWE,
            {
                "seq": [seq for seq, _ in owed],
                "number": [delivery.number for _, delivery in owed],
                "handler": [delivery.handler for _, delivery in owed],
                "event": [delivery.event for _, delivery in owed],
                "order_id": [delivery.order_id for _, delivery in owed],
                "refund_id": [delivery.refund_id for _, delivery in owed],
                "lane": [delivery.lane for _, delivery in owed],
                "tells_state": [tells_state for tells_state, _, _ in standings],
                "stage": [stage for _, stage, _ in standings],
                "occurred_at": [occurred_at for _, _, occurred_at in standings],
            },
        )
    done = {seq: each.dispatched for seq, each in stored if each.last}
    marked = query.rows(connection, _MARK, (list(done), [each.unreadable for each in done.values()]))
    for seq, source, received_at, replays in sorted(marked):
        if done[seq].drift and not replays:  # a replay tells nothing new of the platform
            drifting.count(connection, done[seq].drift, source=source, received_at=received_at, seq=seq)


def claim(connection: Connection, limit: int, room: Mapping[str, int]) -> list[Offer]:
    query.rows(connection, _CLAIMING)
    ((held, replays_held),) = query.rows(connection, _HELD)
    if held >= limit:
        return []
    lease = milliseconds(OFFER_LEASE)
    able = [handler for handler, free in room.items() if free > 0]
    suspects = query.rows(connection, _CLAIM_SUSPECT, {"handlers": able, "lease": lease})
    offers = [Offer(*row) for row in suspects]

    def take(handler: str, most: int, replayed: bool) -> list[Offer]:  # noqa: FBT001
        chosen = {"handler": handler, "most": most, "replayed": replayed, "lease": lease}
        found = query.rows(connection, _CLAIM, chosen)
        in_order = sorted(found, key=lambda row: (row[3], row[0]))  # an UPDATE returns rows in any order
        return [Offer(*row[:3]) for row in in_order]

    return offers + share_out(limit, held + len(offers), replays_held, room, take)


def anything_due(connection: Connection) -> bool:
    """Worth a transaction."""
    due = "SELECT 1 FROM delivery WHERE state = 'due' AND head AND due_at <= now_ms() LIMIT 1"
    return query.row(connection, due) is not None


def give_back(connection: Connection, offers: Sequence[Offer]) -> None:
    _of_these(connection, offers, locked="state = 'offered'", changed="state = 'due', lease_until = NULL")


def renew(connection: Connection, offers: Sequence[Offer]) -> None:
    """Also a lease that has ended, if nobody swept it: a machine may have slept."""
    lease = milliseconds(RUN_LEASE_MARGIN)
    _of_these(
        connection,
        offers,
        locked="state = 'running'",
        changed=f"lease_until = greatest(lease_until, now_ms() + {lease})",
    )


def _of_these(connection: Connection, offers: Sequence[Offer], *, locked: str, changed: str) -> None:
    """Change those that still count, locked in the order of ids."""
    query.change(
        connection,
        "WITH these AS MATERIALIZED ("  # noqa: S608  (constants)
        "   SELECT id FROM delivery JOIN unnest(%s::bigint[], %s::integer[]) AS held (id, offer) USING (id, offer)"
        f"  WHERE {locked} ORDER BY id FOR NO KEY UPDATE OF delivery)"
        f" UPDATE delivery SET {changed} FROM these WHERE delivery.id = these.id",
        ([offer.delivery_id for offer in offers], [offer.number for offer in offers]),
    )
