"""Reading envelopes, deliveries and attempts, for the steps and for people."""

from collections.abc import Sequence
from typing import Any

from receiver.deliveries import Attempt, Delivery, Filters
from receiver.envelope import StoredEnvelope
from receiver.store import filtering, rows
from receiver.store.parts import within
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

_DELIVERY = "FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq"
#: What a delivery is chosen by that is its envelope's: envelopes come first then, or all of such would be put in order.
_OF_ENVELOPE = ("source", "platform", "topic")


def stored_envelope(connection: Connection, where: str, bindings: tuple[Any, ...]) -> StoredEnvelope | None:
    """The one envelope that ``where`` names, payload included."""
    found = query.row(connection, f"SELECT {rows.ENVELOPE} FROM envelope WHERE {where}", bindings)  # noqa: S608
    return None if found is None else rows.stored_envelope(found)


def undispatched(connection: Connection, limit: int) -> list[StoredEnvelope]:
    """The first that are ``stored``: by state, for what has a lower number may be committed later."""
    sizes = query.rows(
        connection,
        "SELECT seq, octet_length(payload) FROM envelope WHERE state = 'stored' ORDER BY seq LIMIT %s",
        (limit,),
    )
    if not sizes:
        return []
    # By number, not up to one: what was committed between the two statements belongs to the next batch.
    last = within([(seq, size) for seq, size in sizes])
    seqs = [seq for seq, _ in sizes if last is not None and seq <= last]
    found = query.rows(
        connection,
        f"SELECT {rows.ENVELOPE} FROM envelope WHERE seq = ANY(%s) AND state = 'stored' ORDER BY seq",  # noqa: S608
        (seqs,),
    )
    return [rows.stored_envelope(row) for row in found]


def list_envelopes(connection: Connection, filters: Filters, limit: int) -> list[StoredEnvelope]:
    where, bindings = filtering.of_envelopes(filters)
    order = "received_at DESC, seq DESC" if _by_time(filters) else "seq DESC"
    found = query.rows(
        connection,
        f"SELECT {rows.ENVELOPE_ALONE} FROM envelope {in_ours(where)} ORDER BY {order} LIMIT %s",  # noqa: S608  (constants)
        (*bindings, limit),
        prepare=False,
    )
    return [rows.stored_envelope(row) for row in found]


def list_envelope_ids(connection: Connection, filters: Filters) -> list[str]:
    where, bindings = filtering.of_envelopes(filters)
    ids = f"SELECT id FROM envelope {in_ours(where)} ORDER BY seq"  # noqa: S608  (constants)
    found = query.rows(connection, ids, bindings, prepare=False)
    return [envelope_id for (envelope_id,) in found]


def open_of_others(connection: Connection, handlers: Sequence[str]) -> dict[str, int]:
    counts = query.rows(
        connection,
        "SELECT handler, count(*) FROM delivery WHERE state IN ('due', 'offered', 'running')"
        " AND handler <> ALL(%s::text[]) GROUP BY handler ORDER BY handler",
        (list(handlers),),
    )
    return dict(counts)


def list_deliveries(connection: Connection, filters: Filters, limit: int) -> list[Delivery]:
    where, bindings = filtering.of_deliveries(filters)
    order = _newest_deliveries(filters)
    found = query.rows(
        connection,
        f"SELECT {rows.DELIVERY} {_DELIVERY} {in_ours(where)} ORDER BY {order} LIMIT %s",
        (*bindings, limit),
        prepare=False,
    )
    return [rows.delivery(row) for row in found]


def list_delivery_ids(connection: Connection, filters: Filters) -> list[int]:
    where, bindings = filtering.of_deliveries(filters)
    ids = f"SELECT delivery.id {_DELIVERY} {in_ours(where)} ORDER BY delivery.id"
    found = query.rows(connection, ids, bindings, prepare=False)
    return [delivery_id for (delivery_id,) in found]


def list_attempts(connection: Connection, delivery_id: int) -> list[Attempt]:
    attempts = f"SELECT {rows.ATTEMPT} FROM attempt WHERE delivery_id = %s ORDER BY number"  # noqa: S608  (constants)
    return [rows.attempt(row) for row in query.rows(connection, attempts, (delivery_id,))]


def _newest_deliveries(filters: Filters) -> str:
    """In the order of an index of what is chosen by: the first of many are found without looking at them all."""
    if filters.state in ("offered", "running"):
        return "+delivery.id DESC"  # few, and so sorted: no walk through all there is in this order
    if _by_time(filters):
        return "envelope.received_at DESC, delivery.id DESC"
    if any(getattr(filters, name) is not None for name in _OF_ENVELOPE):
        return "envelope.seq DESC, delivery.id DESC"
    return "delivery.id DESC"


def _by_time(filters: Filters) -> bool:
    return filters.since is not None or filters.until is not None


def in_ours(where: str) -> str:
    """As psycopg writes bindings."""
    return where.replace("?", "%s")
