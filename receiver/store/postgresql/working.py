"""What a worker does to the store: start an attempt under the fence, and settle it under the same.

Each in one statement, which is its own transaction: while threads wait for their interpreter, none holds a row or a
lane of others.
"""

from collections.abc import Mapping
from datetime import timedelta

from receiver.deliveries import RUN_LEASE_MARGIN, Ended, Filters, Offer, Skipped, Started
from receiver.store import rows
from receiver.store.postgresql import guarding, lanes, query
from receiver.store.postgresql.query import Connection
from receiver.store.postgresql.reading import list_deliveries
from receiver.store.rows import milliseconds

# Where something succeeded before it in its lane, it begins only once it was judged, and tells by what. Nothing of its
# lane succeeds while it stands at the head, so the judgement holds as long as the offer counts.
# Its state is bound, not written: a session that plans this while nothing is offered would go on looking for it among
# all that is offered, in place of asking for its id.
_START = f"""
WITH told AS MATERIALIZED (
  SELECT this.id AS delivery_id, stale_run, {guarding.TOLD} FROM delivery AS this, {guarding.BEFORE}
  WHERE this.id = %(id)s AND state = %(offered)s AND offer = %(offer)s AND handler = %(handler)s),
started AS (
  UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = now_ms() + %(lease)s,
                      uncertain = %(uncertain)s
  FROM told WHERE id = %(id)s AND state = %(offered)s AND offer = %(offer)s AND (ids IS NULL OR %(judged)s)
  RETURNING delivery_id, envelope_seq, attempts, spent, number),
noted AS (
  INSERT INTO attempt (delivery_id, number, started_at) SELECT delivery_id, attempts, now_ms() FROM started)
SELECT stale_run, stage, occurred_at, ids, stages, times, attempts, spent, number, {rows.ENVELOPE}
FROM told LEFT JOIN started USING (delivery_id) LEFT JOIN envelope ON seq = envelope_seq
"""  # noqa: S608  (constants)

_SETTLE = """
SELECT settle_attempt(%(id)s::bigint, %(offer)s::integer, %(attempt)s::integer, %(state)s::text, %(due_in)s::bigint,
                      %(outcome)s::text, %(duration)s::bigint, %(error)s::text)
"""


def start(connection: Connection, offer: Offer, timeouts: Mapping[str, timedelta]) -> Started | Skipped | None:
    timeout = timeouts.get(offer.handler)
    if timeout is None:
        return None
    bindings = {
        "id": offer.delivery_id,
        "offered": "offered",
        "offer": offer.number,
        "handler": offer.handler,
        "lease": milliseconds(timeout + RUN_LEASE_MARGIN),
        "judged": False,
        "uncertain": False,
    }
    found = query.row(connection, _START, bindings)
    if found is not None and found[6] is None:
        insisted, *told = found[:6]
        judgement = guarding.judge(*told)
        if judgement.older_than is not None and not insisted:
            with connection.transaction():
                return _skip(connection, offer, judgement.older_than)
        bindings |= {"judged": True, "uncertain": judgement.verdict == "unknown"}
        found = query.row(connection, _START, bindings)
    if found is None or found[6] is None:
        return None
    attempts, spent, number, *envelope = found[6:]
    return Started(
        offer=offer,
        envelope=rows.stored_envelope(tuple(envelope)),
        event_number=number,
        buried=list_deliveries(connection, Filters(delivery_ids=(-number,)), 1)[0] if number < 0 else None,
        handler=offer.handler,
        attempt=attempts,
        tries=attempts - spent,
        uncertain=bool(bindings["uncertain"]),
    )


def _skip(connection: Connection, offer: Offer, older_than: int) -> Skipped | None:
    lanes.lock_of(connection, offer.delivery_id)
    skipped = query.row(
        connection,
        "UPDATE delivery SET state = 'skipped', head = false, lease_until = NULL, ended_at = now_ms(), older_than = %s,"
        " error = NULL WHERE id = %s AND state = 'offered' AND offer = %s"
        " RETURNING handler, event, order_id, refund_id",
        (older_than, offer.delivery_id, offer.number),
    )
    if skipped is None:
        return None
    handler, event, order_id, refund_id = skipped
    lanes.advance_behind(connection, offer.delivery_id)
    return Skipped(
        delivery_id=offer.delivery_id,
        handler=handler,
        event=event,
        order_id=order_id,
        refund_id=refund_id,
        older_than=older_than,
    )


def settle(connection: Connection, started: Started, ended: Ended) -> bool:
    return (
        query.value(
            connection,
            _SETTLE,
            {
                "id": started.offer.delivery_id,
                "offer": started.offer.number,
                "attempt": started.attempt,
                "state": ended.state,
                "due_in": milliseconds(ended.due_in or timedelta(0)),
                "outcome": ended.outcome,
                "duration": milliseconds(ended.duration),
                "error": ended.error,
            },
        )
        is True
    )
