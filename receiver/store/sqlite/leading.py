"""Which index a list begins with: of those that its filters name, the one that holds the fewest.

The statement says so, and in which order its tables are joined. SQLite's planner cannot know what is rare: its
statistics are of when the store was migrated, most often empty.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import apsw

from receiver.deliveries import Filters
from receiver.store import filtering
from receiver.store.sqlite import query

#: Counted no further. Of two indexes that both hold as many, the first leads.
_MANY = 10_000


@dataclass(frozen=True, slots=True)
class Lead:
    table: str
    #: ``None``: the table itself, by the row's own number.
    index: str | None = None
    #: What is in the index, in its own words: SQLite cannot tell by itself.
    holds: str | None = None
    #: In the order of reception, and so bounded by ``since`` and ``until`` too.
    received: bool = False

    @property
    def said(self) -> str:
        return f"{self.table} NOT INDEXED" if self.index is None else f"{self.table} INDEXED BY {self.index}"

    def among(self, where: str) -> str:
        return f"{where} AND {self.table}.{self.holds}" if self.holds else where


_STORED = Lead("envelope", "envelope_stored", "state = 'stored'")
_LEASED = Lead("delivery", "delivery_leased", "state IN ('offered', 'running')")
#: By state, an envelope's or a delivery's. In any other are nearly all.
_STATES = {
    "stored": _STORED,
    "unreadable": Lead("envelope", "envelope_unreadable", "state = 'unreadable'"),
    "due": Lead("delivery", "delivery_open", "state IN ('due', 'offered', 'running')"),
    "offered": _LEASED,
    "running": _LEASED,
    "skipped": Lead("delivery", "delivery_skipped", "state = 'skipped'"),
    "dead": Lead("delivery", "delivery_dead", "state = 'dead'"),
}
_VALUES = {
    name: Lead("envelope", f"envelope_{name}", "state <> 'stored'", received=True)
    for name in ("topic", "account", "source", "platform")
}
_TIMES = dict.fromkeys(("since", "until"), Lead("envelope", "envelope_received", received=True))
#: By filter. ``None``: by what it is.
OF_ENVELOPES: Mapping[str, Lead | None] = {
    "envelope_id": Lead("envelope", "envelope_id"),
    "order_id": Lead("envelope"),
    "refund_id": Lead("envelope"),
    "state": None,
    **_VALUES,
    **_TIMES,
}
OF_DELIVERIES: Mapping[str, Lead | None] = {
    "delivery_ids": Lead("delivery"),
    "envelope_id": Lead("envelope", "envelope_id"),
    "order_id": Lead("delivery", "delivery_order"),
    "refund_id": Lead("delivery", "delivery_refund"),
    "state": None,
    **_VALUES,
    **_TIMES,
    "handler": Lead("delivery", "delivery_handler", "id > 0"),
    "event": Lead("delivery", "delivery_event", "id > 0"),
}


def leads(connection: apsw.Connection, filters: Filters, by: Mapping[str, Lead | None], table: str) -> list[Lead]:
    """The one that leads; and beside it, where it holds what was dispatched, the one that holds what was not.

    With nothing that has an index to choose by, the ``table`` does.
    """
    found: dict[Lead, Filters] = {}
    for name, lead in by.items():
        if getattr(filters, name) is None or (one := lead or _STATES.get(filters.state or "")) is None:
            continue
        if lead is not None or one.table == table:  # what has no such state is looked for in vain, not elsewhere
            bounds = (name, "since", "until") if one.received else (name,)
            found[one] = Filters(**{each: getattr(filters, each) for each in bounds})
    if not found:
        return [Lead(table)]
    fewest = next(iter(found)) if len(found) == 1 else min(found, key=lambda one: _count(connection, one, found[one]))
    return [fewest, _STORED] if fewest in _VALUES.values() else [fewest]


def _count(connection: apsw.Connection, lead: Lead, chosen: Filters) -> int:
    where, bindings = (filtering.of_envelopes if lead.table == "envelope" else filtering.of_deliveries)(chosen)
    some = f"SELECT 1 FROM {lead.said} {lead.among(where)} LIMIT {_MANY}"  # noqa: S608  (constants)
    return int(query.value(connection, f"SELECT count(*) FROM ({some})", bindings))  # noqa: S608
