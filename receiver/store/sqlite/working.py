"""What a worker does to the store: start an attempt under the fence, and settle it under the same."""

from collections.abc import Mapping
from datetime import timedelta

import apsw

from receiver.deliveries import RUN_LEASE_MARGIN, Ended, Filters, Offer, Skipped, Started
from receiver.store.rows import milliseconds
from receiver.store.sqlite import guarding, lanes, query
from receiver.store.sqlite.reading import list_deliveries, stored_envelope


def start(
    connection: apsw.Connection, offer: Offer, timeouts: Mapping[str, timedelta], *, now: int
) -> Started | Skipped | None:
    found = query.row(
        connection,
        "SELECT handler, stale_run FROM delivery WHERE id = ? AND state = 'offered' AND offer = ?",
        (offer.delivery_id, offer.number),
    )
    if found is None or found[0] not in timeouts:
        return None
    handler, insisted = found
    judgement = guarding.judge(connection, offer.delivery_id)
    if judgement.older_than is not None and not insisted:
        return _skip(connection, offer, judgement.older_than, now)
    uncertain = judgement.verdict == "unknown"
    ((envelope_seq, number, attempts, spent),) = query.rows(
        connection,
        "UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = ?, uncertain = ? WHERE id = ?"
        " RETURNING envelope_seq, number, attempts, spent",
        (now + milliseconds(timeouts[handler] + RUN_LEASE_MARGIN), uncertain, offer.delivery_id),
    )
    connection.execute(
        "INSERT INTO attempt (delivery_id, number, started_at) VALUES (?, ?, ?)", (offer.delivery_id, attempts, now)
    )
    envelope = stored_envelope(connection, "seq = ?", (envelope_seq,))
    if envelope is None:
        raise LookupError("a delivery without its envelope")
    buried = list_deliveries(connection, Filters(delivery_ids=(-number,)), 1)[0] if number < 0 else None
    return Started(
        offer=offer,
        envelope=envelope,
        event_number=number,
        buried=buried,
        handler=handler,
        attempt=attempts,
        tries=attempts - spent,
        uncertain=uncertain,
    )


def _skip(connection: apsw.Connection, offer: Offer, older_than: int, now: int) -> Skipped:
    ((handler, lane, event, order_id, refund_id),) = query.rows(
        connection,
        "UPDATE delivery SET state = 'skipped', head = 0, lease_until = NULL, ended_at = ?, older_than = ?,"
        " error = NULL WHERE id = ? RETURNING handler, lane, event, order_id, refund_id",
        (now, older_than, offer.delivery_id),
    )
    lanes.advance(connection, handler, lane)
    return Skipped(
        delivery_id=offer.delivery_id,
        handler=handler,
        event=event,
        order_id=order_id,
        refund_id=refund_id,
        older_than=older_than,
    )


def settle(connection: apsw.Connection, started: Started, ended: Ended, *, now: int) -> bool:
    open_again = ended.state == "due"
    rows = query.rows(
        connection,
        "UPDATE delivery SET state = :state, head = iif(:open, head, 0), due_at = :due_at, lost = 0,"
        " lease_until = NULL, error = :error, ended_at = iif(:open, NULL, :now)"
        " WHERE id = :id AND state = 'running' AND offer = :offer RETURNING handler, lane",
        {
            "state": ended.state,
            "open": open_again,
            "due_at": now + milliseconds(ended.due_in or timedelta(0)),
            "error": ended.error,
            "now": now,
            "id": started.offer.delivery_id,
            "offer": started.offer.number,
        },
    )
    if not rows:
        return False
    connection.execute(
        "UPDATE attempt SET outcome = ?, duration = ?, error = ? WHERE delivery_id = ? AND number = ?",
        (ended.outcome, milliseconds(ended.duration), ended.error, started.offer.delivery_id, started.attempt),
    )
    if not open_again:
        lanes.advance(connection, *rows[0])
    return True
