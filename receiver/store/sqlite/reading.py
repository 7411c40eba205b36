"""Reading envelopes, deliveries and attempts, for the steps and for people."""

import json
from collections.abc import Sequence
from typing import Any

import apsw

from receiver.deliveries import Attempt, Delivery, Filters
from receiver.envelope import StoredEnvelope
from receiver.store import filtering, rows
from receiver.store.parts import within
from receiver.store.sqlite import leading, query
from receiver.store.sqlite.leading import Lead

#: The table that does not lead, by that index which finds it.
_JOINED = {
    "envelope": " CROSS JOIN delivery INDEXED BY delivery_owed ON delivery.envelope_seq = envelope.seq",
    "delivery": " CROSS JOIN envelope NOT INDEXED ON envelope.seq = delivery.envelope_seq",
}


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
    leads = leading.leads(connection, filters, leading.OF_ENVELOPES, "envelope")
    statement, bindings = _of_envelopes(leads, filters, rows.ENVELOPE_ALONE)
    newest_first = "1 DESC, 2 DESC" if leads[0].received else "2 DESC"
    found = query.rows(connection, f"{statement} ORDER BY {newest_first} LIMIT ?", (*bindings, limit))
    return [rows.stored_envelope(row[2:]) for row in found]


def list_envelope_ids(connection: apsw.Connection, filters: Filters) -> list[str]:
    leads = leading.leads(connection, filters, leading.OF_ENVELOPES, "envelope")
    statement, bindings = _of_envelopes(leads, filters, "id")
    return [envelope_id for _, _, envelope_id in query.rows(connection, f"{statement} ORDER BY 2", bindings)]


def _of_envelopes(leads: Sequence[Lead], filters: Filters, columns: str) -> tuple[str, list[Any]]:
    """All that is chosen, in no order: the time of reception and ``seq``, then these columns."""
    where, bindings = filtering.of_envelopes(filters)
    each = [f"SELECT received_at, seq, {columns} FROM {lead.said} {lead.among(where)}" for lead in leads]  # noqa: S608
    return " UNION ALL ".join(each), bindings * len(leads)


def open_of_others(connection: apsw.Connection, handlers: Sequence[str]) -> dict[str, int]:
    counts = query.rows(
        connection,
        "SELECT handler, count(*) FROM delivery WHERE state IN ('due', 'offered', 'running')"
        " AND handler NOT IN (SELECT value FROM json_each(?)) GROUP BY handler ORDER BY handler",
        (json.dumps(list(handlers)),),
    )
    return dict(counts)


def list_deliveries(connection: apsw.Connection, filters: Filters, limit: int) -> list[Delivery]:
    leads = leading.leads(connection, filters, leading.OF_DELIVERIES, "delivery")
    statement, bindings = _of_deliveries(leads, filters, rows.DELIVERY)
    newest_first = "1 DESC, 2 DESC, 3 DESC" if leads[0].received else "3 DESC"
    found = query.rows(connection, f"{statement} ORDER BY {newest_first} LIMIT ?", (*bindings, limit))
    return [rows.delivery(row[3:]) for row in found]


def list_delivery_ids(connection: apsw.Connection, filters: Filters) -> list[int]:
    leads = leading.leads(connection, filters, leading.OF_DELIVERIES, "delivery")
    statement, bindings = _of_deliveries(leads, filters, "NULL")
    return [delivery_id for _, _, delivery_id, _ in query.rows(connection, f"{statement} ORDER BY 3", bindings)]


def _of_deliveries(leads: Sequence[Lead], filters: Filters, columns: str) -> tuple[str, list[Any]]:
    """The same: the time of reception, ``seq`` and the delivery's id, then these columns."""
    where, bindings = filtering.of_deliveries(filters)
    each = [
        f"SELECT received_at, seq, delivery.id, {columns} FROM {lead.said}{_JOINED[lead.table]} {lead.among(where)}"  # noqa: S608
        for lead in leads
    ]
    return " UNION ALL ".join(each), bindings * len(leads)


def list_attempts(connection: apsw.Connection, delivery_id: int) -> list[Attempt]:
    attempts = f"SELECT {rows.ATTEMPT} FROM attempt WHERE delivery_id = ? ORDER BY number"  # noqa: S608  (constants)
    return [rows.attempt(row) for row in query.rows(connection, attempts, (delivery_id,))]
