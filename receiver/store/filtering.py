"""What a person chooses by, as the WHERE of a statement. ``?`` stands for a binding, whatever a driver writes."""

from collections.abc import Sequence
from typing import Any

from receiver.deliveries import Filters

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
#: Of drift. All other filters are of envelopes or deliveries.
_OF_DRIFT = {"source": "drift.source = ?", "topic": "drift.topic = ?", "since": "drift.last_at >= ?"}


def of_envelopes(filters: Filters) -> tuple[str, list[Any]]:
    return _where(filters, received="received_at", side=0)


def of_deliveries(filters: Filters) -> tuple[str, list[Any]]:
    """Of deliveries joined with their envelopes."""
    return _where(filters, received="envelope.received_at", side=1)


def of_drift(filters: Filters) -> tuple[str, list[Any]]:
    terms, bindings = [], []
    for name, term in _OF_DRIFT.items():
        value = getattr(filters, name)
        if value is not None:
            terms.append(term)
            bindings.append(round(value.timestamp() * 1000) if name == "since" else value)
    return _all(terms), bindings


def _where(filters: Filters, *, received: str, side: int) -> tuple[str, list[Any]]:
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
    return _all(terms), bindings


def _all(terms: Sequence[str]) -> str:
    return f"WHERE {' AND '.join(terms)}" if terms else ""
