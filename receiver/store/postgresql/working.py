"""What a worker does to the store: start an attempt under the fence, and settle it under the same."""

from collections.abc import Mapping
from datetime import timedelta

from receiver.deliveries import RUN_LEASE_MARGIN, Ended, Offer, Skipped, Started
from receiver.store.postgresql import guarding, lanes, query
from receiver.store.postgresql.query import Connection
from receiver.store.postgresql.reading import stored_envelope
from receiver.store.rows import milliseconds

_RUN = """
WITH started AS (
  UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = now_ms() + %(lease)s,
                      uncertain = %(uncertain)s
  WHERE id = %(id)s AND state = 'offered' AND offer = %(offer)s
  RETURNING id, envelope_seq, number, attempts, spent),
noted AS (
  INSERT INTO attempt (delivery_id, number, started_at) SELECT id, attempts, now_ms() FROM started)
SELECT envelope_seq, number, attempts, spent FROM started
"""

_SETTLE = """
WITH ended AS (
  UPDATE delivery SET state = %(state)s, head = head AND %(open)s, due_at = now_ms() + %(due_in)s, lost = 0,
                      lease_until = NULL, error = %(error)s, ended_at = CASE WHEN %(open)s THEN NULL ELSE now_ms() END
  WHERE id = %(id)s AND state = 'running' AND offer = %(offer)s
  RETURNING id, handler, lane),
noted AS (
  UPDATE attempt SET outcome = %(outcome)s, duration = %(duration)s, error = %(error)s
  FROM ended WHERE delivery_id = ended.id AND number = %(attempt)s)
SELECT handler, lane FROM ended
"""


def start(connection: Connection, offer: Offer, timeouts: Mapping[str, timedelta]) -> Started | Skipped | None:
    found = query.row(
        connection,
        "SELECT handler, stale_run FROM delivery WHERE id = %s AND state = 'offered' AND offer = %s",
        (offer.delivery_id, offer.number),
    )
    if found is None or found[0] not in timeouts:
        return None
    handler, insisted = found
    # Nothing of its lane succeeds while it stands at the head, so the judgement holds if the offer still counts below.
    judgement = guarding.judge(connection, offer.delivery_id)
    if judgement.older_than is not None and not insisted:
        return _skip(connection, offer, judgement.older_than)
    uncertain = judgement.verdict == "unknown"
    run = query.row(
        connection,
        _RUN,
        {
            "lease": milliseconds(timeouts[handler] + RUN_LEASE_MARGIN),
            "uncertain": uncertain,
            "id": offer.delivery_id,
            "offer": offer.number,
        },
    )
    if run is None:
        return None
    envelope_seq, number, attempts, spent = run
    envelope = stored_envelope(connection, "seq = %s", (envelope_seq,))
    if envelope is None:
        raise LookupError("a delivery without its envelope")
    return Started(
        offer=offer,
        envelope=envelope,
        event_number=number,
        handler=handler,
        attempt=attempts,
        tries=attempts - spent,
        uncertain=uncertain,
    )


def _skip(connection: Connection, offer: Offer, older_than: int) -> Skipped | None:
    lanes.lock_of(connection, [offer.delivery_id])
    skipped = query.row(
        connection,
        "UPDATE delivery SET state = 'skipped', head = false, lease_until = NULL, ended_at = now_ms(), older_than = %s,"
        " error = NULL WHERE id = %s AND state = 'offered' AND offer = %s"
        " RETURNING handler, lane, event, order_id, refund_id",
        (older_than, offer.delivery_id, offer.number),
    )
    if skipped is None:
        return None
    handler, lane, event, order_id, refund_id = skipped
    lanes.advance(connection, handler, lane)
    return Skipped(
        delivery_id=offer.delivery_id,
        handler=handler,
        event=event,
        order_id=order_id,
        refund_id=refund_id,
        older_than=older_than,
    )


def settle(connection: Connection, started: Started, ended: Ended) -> bool:
    open_again = ended.state == "due"
    if not open_again:
        lanes.lock_of(connection, [started.offer.delivery_id])
    found = query.row(
        connection,
        _SETTLE,
        {
            "state": ended.state,
            "open": open_again,
            "due_in": milliseconds(ended.due_in or timedelta(0)),
            "error": ended.error,
            "id": started.offer.delivery_id,
            "offer": started.offer.number,
            "outcome": ended.outcome,
            "duration": milliseconds(ended.duration),
            "attempt": started.attempt,
        },
    )
    if found is None:
        return False
    if not open_again:
        lanes.advance(connection, *found)
    return True
