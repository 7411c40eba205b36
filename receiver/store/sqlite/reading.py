"""Reading envelopes, deliveries and attempts, for the steps and for people."""

import json
from collections.abc import Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

import apsw

from receiver.deliveries import Attempt, Delivery, Filters
from receiver.envelope import StoredEnvelope
from receiver.store.sqlite import query

_ENVELOPE_COLUMNS = tuple(field.name for field in fields(StoredEnvelope))
_DELIVERY_COLUMNS = tuple(field.name for field in fields(Delivery))
_OF_ENVELOPE = {"account", "source", "platform", "topic"}


def _delivery_column(name: str) -> str:
    if name == "envelope_id":
        return "envelope.id"
    return f"{'envelope' if name in _OF_ENVELOPE else 'delivery'}.{name}"


_DELIVERY = (
    f"SELECT {', '.join(map(_delivery_column, _DELIVERY_COLUMNS))}"  # noqa: S608  (constants)
    " FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq"
)

_NAMED = "seq IN (SELECT envelope_seq FROM subject WHERE subject = '{}:' || ?)"  # not the first order alone

#: A filter's term, where the list is of envelopes and where it is of deliveries. ``None``: no such filter there.
_TERMS = {
    "envelope_id": ("id = ?", "envelope.id = ?"),
    "account": ("account = ?", "envelope.account = ?"),
    "source": ("source = ?", "envelope.source = ?"),
    "platform": ("platform = ?", "envelope.platform = ?"),
    "topic": ("topic = ?", "envelope.topic = ?"),
    "event": (None, "delivery.event = ?"),
    "order_id": (_NAMED.format("order"), "delivery.order_id = ?"),
    "refund_id": (_NAMED.format("refund"), "delivery.refund_id = ?"),
    "handler": (None, "delivery.handler = ?"),
    "state": ("state = ?", "delivery.state = ?"),
}


def stored_envelope(connection: apsw.Connection, where: str, bindings: tuple[Any, ...]) -> StoredEnvelope | None:
    """The one envelope that ``where`` names, payload included."""
    rows = stored_envelopes(connection, f"WHERE {where}", bindings, payload=True)
    return rows[0] if rows else None


def stored_envelopes(
    connection: apsw.Connection, clauses: str, bindings: tuple[Any, ...], *, payload: bool
) -> list[StoredEnvelope]:
    columns = ", ".join(name if payload or name != "payload" else "NULL" for name in _ENVELOPE_COLUMNS)
    rows = query.rows(connection, f"SELECT {columns} FROM envelope {clauses}", bindings)  # noqa: S608
    return [_stored_envelope(row) for row in rows]


def undispatched(connection: apsw.Connection, limit: int, most_bytes: int) -> list[StoredEnvelope]:
    """The first that are ``stored``: at least one, and no more than these bytes of payload together."""
    sizes = query.rows(
        connection, "SELECT seq, length(payload) FROM envelope WHERE state = 'stored' ORDER BY seq LIMIT ?", (limit,)
    )
    total, last = 0, None
    for seq, size in sizes:
        total += size
        if last is not None and total > most_bytes:
            break
        last = seq
    return stored_envelopes(connection, "WHERE state = 'stored' AND seq <= ? ORDER BY seq", (last,), payload=True)


def list_envelopes(connection: apsw.Connection, filters: Filters, limit: int) -> list[StoredEnvelope]:
    where, bindings = _where(filters, received="received_at", side=0)
    return stored_envelopes(connection, f"{where} ORDER BY seq DESC LIMIT ?", (*bindings, limit), payload=False)


def list_envelope_ids(connection: apsw.Connection, filters: Filters) -> list[str]:
    where, bindings = _where(filters, received="received_at", side=0)
    rows = query.rows(connection, f"SELECT id FROM envelope {where} ORDER BY seq", bindings)  # noqa: S608
    return [envelope_id for (envelope_id,) in rows]


def open_of_others(connection: apsw.Connection, handlers: Sequence[str]) -> dict[str, int]:
    counts = query.rows(
        connection,
        "SELECT handler, count(*) FROM delivery WHERE state IN ('due', 'offered', 'running')"
        " AND handler NOT IN (SELECT value FROM json_each(?)) GROUP BY handler ORDER BY handler",
        (json.dumps(list(handlers)),),
    )
    return dict(counts)


def list_deliveries(connection: apsw.Connection, filters: Filters, limit: int) -> list[Delivery]:
    where, bindings = _where(filters, received="envelope.received_at", side=1)
    rows = query.rows(connection, f"{_DELIVERY} {where} ORDER BY delivery.id DESC LIMIT ?", (*bindings, limit))
    return [_delivery(row) for row in rows]


def list_delivery_ids(connection: apsw.Connection, filters: Filters) -> list[int]:
    where, bindings = _where(filters, received="envelope.received_at", side=1)
    joined = f"FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq {where}"
    rows = query.rows(connection, f"SELECT delivery.id {joined} ORDER BY delivery.id", bindings)
    return [delivery_id for (delivery_id,) in rows]


def list_attempts(connection: apsw.Connection, delivery_id: int) -> list[Attempt]:
    rows = query.rows(
        connection,
        "SELECT number, started_at, outcome, duration, error FROM attempt WHERE delivery_id = ? ORDER BY number",
        (delivery_id,),
    )
    return [
        Attempt(
            number=number,
            started_at=moment(started_at),
            outcome=outcome,
            duration=None if duration is None else timedelta(milliseconds=duration),
            error=error,
        )
        for number, started_at, outcome, duration, error in rows
    ]


def moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _where(filters: Filters, *, received: str, side: int) -> tuple[str, tuple[Any, ...]]:
    terms: list[str] = []
    bindings: list[Any] = []
    if filters.delivery_ids is not None:
        terms.append(f"delivery.id IN ({', '.join('?' * len(filters.delivery_ids))})")
        bindings += filters.delivery_ids
    for name, sides in _TERMS.items():
        value = getattr(filters, name)
        if value is None:
            continue
        term = sides[side]
        if term is None:
            raise ValueError(f"envelopes have no {name}")
        terms.append(term)
        bindings.append(value)
    for value, comparison in ((filters.since, ">="), (filters.until, "<")):
        if value is not None:
            terms.append(f"{received} {comparison} ?")
            bindings.append(round(value.timestamp() * 1000))
    return (f"WHERE {' AND '.join(terms)}" if terms else ""), tuple(bindings)


def _stored_envelope(row: tuple[Any, ...]) -> StoredEnvelope:
    columns = dict(zip(_ENVELOPE_COLUMNS, row, strict=True))
    columns |= {
        "ambiguous": bool(columns["ambiguous"]),
        "received_at": moment(columns["received_at"]),
        "replayed_at": None if columns["replayed_at"] is None else moment(columns["replayed_at"]),
        "payload": columns["payload"] or b"",
    }
    return StoredEnvelope(**columns)


def _delivery(row: tuple[Any, ...]) -> Delivery:
    columns = dict(zip(_DELIVERY_COLUMNS, row, strict=True))
    for time in ("due_at", "created_at", "ended_at", "replayed_at"):
        columns[time] = None if columns[time] is None else moment(columns[time])
    if columns["state"] != "due":
        columns["due_at"] = None
    return Delivery(**columns)
