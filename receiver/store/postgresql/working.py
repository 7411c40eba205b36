"""What a worker does to the store: start an attempt under the fence, and settle it under the same."""

from collections.abc import Mapping
from datetime import timedelta

from receiver.deliveries import RUN_LEASE_MARGIN, Ended, Filters, Offer, Skipped, Started
from receiver.store import rows
from receiver.store.postgresql import guarding, lanes, query
from receiver.store.postgresql.query import Connection
from receiver.store.postgresql.reading import list_deliveries
from receiver.store.rows import milliseconds

_OFFERED = "SELECT handler, stale_run FROM delivery WHERE id = %s AND state = 'offered' AND offer = %s"

_RUN = f"""
WITH started AS (
  UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = now_ms() + %(lease)s,
                      uncertain = %(uncertain)s
  WHERE id = %(id)s AND state = 'offered' AND offer = %(offer)s
  RETURNING id AS delivery_id, envelope_seq, number, attempts, spent),
noted AS (
  INSERT INTO attempt (delivery_id, number, started_at) SELECT delivery_id, attempts, now_ms() FROM started)
SELECT number, attempts, spent, {rows.ENVELOPE} FROM started JOIN envelope ON seq = envelope_seq
"""  # noqa: S608  (constants)

_SETTLE = """
WITH ended AS (
  UPDATE delivery SET state = %(state)s, head = head AND %(open)s, due_at = now_ms() + %(due_in)s, lost = 0,
                      lease_until = NULL, error = %(error)s, ended_at = CASE WHEN %(open)s THEN NULL ELSE now_ms() END
  WHERE id = %(id)s AND state = 'running' AND offer = %(offer)s
  RETURNING id)
UPDATE attempt SET outcome = %(outcome)s, duration = %(duration)s, error = %(error)s
FROM ended WHERE delivery_id = ended.id AND number = %(attempt)s
"""


def start(connection: Connection, offer: Offer, timeouts: Mapping[str, timedelta]) -> Started | Skipped | None:
    found = query.row(connection, _OFFERED, (offer.delivery_id, offer.number))
    if found is None or found[0] not in timeouts:
        return None
    handler, insisted = found
    # Nothing of its lane succeeds while it stands at the head, so the judgement holds if the offer still counts below.
    judgement = guarding.judge(connection, offer.delivery_id)
    if judgement.older_than is not None and not insisted:
        with connection.transaction():
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
    number, attempts, spent, *envelope = run
    buried = list_deliveries(connection, Filters(delivery_ids=(-number,)), 1)[0] if number < 0 else None
    return Started(
        offer=offer,
        envelope=rows.stored_envelope(tuple(envelope)),
        event_number=number,
        buried=buried,
        handler=handler,
        attempt=attempts,
        tries=attempts - spent,
        uncertain=uncertain,
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
    """In one round trip: no statement waits for what the one before it found."""
    open_again = ended.state == "due"
    delivery_id = started.offer.delivery_id
    with connection.pipeline(), connection.transaction():
        if not open_again:
            lanes.lock_of(connection, delivery_id)
        settled = connection.execute(
            _SETTLE.encode(),
            {
                "state": ended.state,
                "open": open_again,
                "due_in": milliseconds(ended.due_in or timedelta(0)),
                "error": ended.error,
                "id": delivery_id,
                "offer": started.offer.number,
                "outcome": ended.outcome,
                "duration": milliseconds(ended.duration),
                "attempt": started.attempt,
            },
        )
        if not open_again:
            lanes.advance_behind(connection, delivery_id)
    return settled.rowcount == 1
