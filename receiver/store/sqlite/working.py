"""What a worker does to the store: start an attempt under the fence, and settle it under the same."""

from collections.abc import Mapping
from datetime import timedelta

import apsw

from receiver.deliveries import Ended, Offer, Started
from receiver.store.sqlite import lanes, query
from receiver.store.sqlite.reading import stored_envelope


def start(connection: apsw.Connection, offer: Offer, leases: Mapping[str, timedelta], *, now: int) -> Started | None:
    handler = query.value(
        connection,
        "SELECT handler FROM delivery WHERE id = ? AND state = 'offered' AND offer = ?",
        (offer.delivery_id, offer.number),
    )
    if handler not in leases:
        return None
    ((envelope_seq, number, attempts, spent),) = query.rows(
        connection,
        "UPDATE delivery SET state = 'running', attempts = attempts + 1, lease_until = ? WHERE id = ?"
        " RETURNING envelope_seq, number, attempts, spent",
        (now + milliseconds(leases[handler]), offer.delivery_id),
    )
    connection.execute(
        "INSERT INTO attempt (delivery_id, number, started_at) VALUES (?, ?, ?)", (offer.delivery_id, attempts, now)
    )
    envelope = stored_envelope(connection, "seq = ?", (envelope_seq,))
    if envelope is None:
        raise LookupError("a delivery without its envelope")
    return Started(
        offer=offer,
        envelope=envelope,
        event_number=number,
        handler=handler,
        attempt=attempts,
        tries=attempts - spent,
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


def milliseconds(duration: timedelta) -> int:
    return duration // timedelta(milliseconds=1)
