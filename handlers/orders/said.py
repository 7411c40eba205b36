"""What an event or the platform's answer says, as rows of the projection, each with how new it is."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from handlers.orders import tables
from handlers.orders.row import Newness, Row
from receiver.api.results import Order, Refund
from receiver.events import (
    Event,
    Money,
    OrderClosed,
    OrderEvent,
    OrderLine,
    OrderPartlyShipped,
    RefundEvent,
    ShipmentEvent,
)
from receiver.sources.pandapon.words import TOPICS

#: What PandaPon's API calls a state, it calls so in these topics too.
_STATUS_TOPICS: Final = {
    OrderEvent: TOPICS["ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY"],
    RefundEvent: TOPICS["ORDER_BUYER_VIEW_ORDER_BUYER_REFUND"],
}
#: It supersedes nothing for a handler, but here it tells of lines that are on their way: between paid and shipped.
_PARTLY_SHIPPED: Final = 35


def by_event(event: Event, received_at: datetime) -> list[Row]:
    """An event without a time of its own counts from its receipt: a guess, which reading the platform corrects."""
    at = event.occurred_at or received_at
    if isinstance(event, ShipmentEvent):
        return _shipment(event, Newness(0, at))
    stage = _stage(event)
    newness = Newness(stage, at)
    state = {} if stage is None else {"state": event.type, "stage": stage}
    if isinstance(event, OrderEvent):
        closed = {"closed_by": event.closed_by, "close_reason": event.reason} if isinstance(event, OrderClosed) else {}
        own = {"order_no": event.order_no, "discount": _fen(event.discount)}
        return _order(event, event, {**state, **closed, **own}, newness)
    if isinstance(event, RefundEvent):
        own = {"action": event.action, "operator": event.operator, "order_id": event.order_id}
        return [_refund(event, event, {**state, **own}, newness)]
    return []


def by_order(event: OrderEvent, order: Order, at: datetime) -> list[Row]:
    """What the platform answered at that time, because of the event."""
    state, newness = _read(OrderEvent, event, order.status, at)
    return _order(event, order, state, newness)


def by_refund(event: RefundEvent, refund: Refund, at: datetime) -> list[Row]:
    state, newness = _read(RefundEvent, event, refund.status, at)
    own = refund.model_dump(include={"order_id", "kind", "goods_status", "reason_id", "reason", "tracking_number"})
    return [_refund(event, refund, {**state, **own}, newness)]


def tells_all(event: Event) -> bool:
    """Whether there is nothing to ask the platform: most bodies tell little, and some may be old news."""
    if event.ambiguous or event.occurred_at is None:
        return False
    if isinstance(event, OrderEvent):
        return None not in (event.status, event.total) and bool(event.lines)
    return isinstance(event, RefundEvent) and None not in (event.status, event.amount, event.order_id)


def _read(kind: type[Event], event: Event, status: str | None, at: datetime) -> tuple[dict[str, Any], Newness]:
    """What the status stands for. A word we do not know is at least as far as the event that made us ask."""
    meaning = _STATUS_TOPICS[kind].meaning(None, status)
    stage = meaning.told.get("progress", meaning.event.at_stage)
    if stage is None:
        return {}, Newness(_stage(event), at)
    return {"state": meaning.event.type, "stage": stage}, Newness(stage, at)


def _stage(event: Event) -> int | None:
    if isinstance(event, OrderPartlyShipped):
        return _PARTLY_SHIPPED
    return None if event.standing is None else event.standing.stage


def _order(event: OrderEvent, said: OrderEvent | Order, more: Mapping[str, Any], newness: Newness) -> list[Row]:
    values = {
        "status": said.status,
        "total": _fen(said.total),
        "goods_amount": _fen(said.goods_amount),
        "shipping_fee": _fen(said.shipping_fee),
        "currency": said.total and said.total.currency,
        **more,
    }
    key = _key(event, order_id=event.order_id)
    return [Row(tables.purchase_order, key, values, newness), *_lines(key, said.lines, newness)]


def _lines(key: Mapping[str, str], lines: Iterable[OrderLine], newness: Newness) -> Iterable[Row]:
    for line in lines:
        if line.id is None:
            continue
        values = {
            **line.model_dump(exclude={"id", "amount"}),
            "amount": _fen(line.amount),
            "currency": line.amount and line.amount.currency,
        }
        yield Row(tables.order_line, {**key, "line_id": line.id}, values, newness)


def _refund(event: RefundEvent, said: RefundEvent | Refund, more: Mapping[str, Any], newness: Newness) -> Row:
    values = {
        "status": said.status,
        "amount": _fen(said.amount),
        "currency": said.amount and said.amount.currency,
        **more,
    }
    return Row(tables.refund, _key(event, refund_id=event.refund_id), values, newness)


def _shipment(event: ShipmentEvent, newness: Newness) -> list[Row]:
    known_by = event.logistics_id or event.tracking_number
    if known_by is None:
        return []
    values = event.model_dump(include={"carrier", "tracking_number", "status"})
    return [Row(tables.shipment, _key(event, order_id=event.order_id, shipment_id=known_by), values, newness)]


def _key(event: Event, **ids: str) -> dict[str, str]:
    return {"account": event.account, "platform": event.platform or "-", **ids}


def _fen(money: Money | None) -> int | None:
    return None if money is None else money.amount
