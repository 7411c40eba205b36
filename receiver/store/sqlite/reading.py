"""Reading envelopes, deliveries and attempts, for the steps and for people."""

import json
from collections.abc import Sequence
from typing import Any

import apsw

from receiver.deliveries import Attempt, Delivery, Filters
from receiver.envelope import StoredEnvelope
from receiver.store import filtering, rows
from receiver.store.parts import within
from receiver.store.sqlite import query

_DELIVERY = "FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq"


def stored_envelope(connection: apsw.Connection, where: str, bindings: tuple[Any, ...]) -> StoredEnvelope | None:
    """The one envelope that ``where`` names, payload included."""
    found = query.row(connection, f"SELECT {rows.ENVELOPE} FROM envelope WHERE {where}", bindings)  # noqa: S608
    return None if found is None else rows.stored_envelope(found)


def undispatched(connection: apsw.Connection, limit: int) -> list[StoredEnvelope]:
    """The first that are ``stored``."""
    sizes = query.rows(
        connection, "SELECT seq, length(payload) FROM envelope WHERE state = 'stored' ORDER BY seq LIMIT ?", (limit,)
    )
    found = query.rows(
        connection,
        f"SELECT {rows.ENVELOPE} FROM envelope WHERE state = 'stored' AND seq <= ? ORDER BY seq",  # noqa: S608
        (within([(seq, size) for seq, size in sizes]),),
    )
    return [rows.stored_envelope(row) for row in found]


def list_envelopes(connection: apsw.Connection, filters: Filters, limit: int) -> list[StoredEnvelope]:
    where, bindings = filtering.of_envelopes(filters)
    order = filtering.newest_first(filters)
    found = query.rows(
        connection,
        f"SELECT {rows.ENVELOPE_ALONE} FROM envelope {where} ORDER BY {order} LIMIT ?",  # noqa: S608  (constants)
        (*bindings, limit),
    )
    return [rows.stored_envelope(row) for row in found]


def list_envelope_ids(connection: apsw.Connection, filters: Filters) -> list[str]:
    where, bindings = filtering.of_envelopes(filters)
    found = query.rows(connection, f"SELECT id FROM envelope {where} ORDER BY seq", bindings)  # noqa: S608  (constants)
    return [envelope_id for (envelope_id,) in found]


def open_of_others(connection: apsw.Connection, handlers: Sequence[str]) -> dict[str, int]:
    counts = query.rows(
        connection,
        "SELECT handler, count(*) FROM delivery WHERE state IN ('due', 'offered', 'running')"
        " AND handler NOT IN (SELECT value FROM json_each(?)) GROUP BY handler ORDER BY handler",
        (json.dumps(list(handlers)),),
    )
    return dict(counts)


def list_deliveries(connection: apsw.Connection, filters: Filters, limit: int) -> list[Delivery]:
    where, bindings = filtering.of_deliveries(filters)
    order = filtering.newest_first(filters, of_deliveries=True)
    found = query.rows(
        connection,
        f"SELECT {rows.DELIVERY} {_DELIVERY} {where} ORDER BY {order} LIMIT ?",
        (*bindings, limit),
    )
    return [rows.delivery(row) for row in found]


def list_delivery_ids(connection: apsw.Connection, filters: Filters) -> list[int]:
    where, bindings = filtering.of_deliveries(filters)
    found = query.rows(connection, f"SELECT delivery.id {_DELIVERY} {where} ORDER BY delivery.id", bindings)
    return [delivery_id for (delivery_id,) in found]


def list_attempts(connection: apsw.Connection, delivery_id: int) -> list[Attempt]:
    attempts = f"SELECT {rows.ATTEMPT} FROM attempt WHERE delivery_id = ? ORDER BY number"  # noqa: S608  (constants)
    return [rows.attempt(row) for row in query.rows(connection, attempts, (delivery_id,))]
