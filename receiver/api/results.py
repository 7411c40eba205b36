"""What the named methods return: what handlers ask for, typed; ``raw`` has the rest. What is not there is ``None``.

Shapes: https://doc-vnm.pandapon.com/api-250496569 (order of 1688), https://doc.pandapon.com/api-250313087 (refund of
Taobao), https://doc.pandapon.com/api-250313117 (refund of 1688), https://doc.pandapon.com/api-250313082 (parcels).
"""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from receiver.events import Money, OrderLine
from receiver.sources import amounts, reading
from receiver.sources.fields import down
from receiver.sources.pandapon.events import READINGS
from receiver.sources.reading import Read, fen, first, lines, text, whole

ResultT = TypeVar("ResultT", bound="Result")

_REFUND = "refundOrderAggregate.refundOrder"
_LINE = "refundOrderAggregate.purchaseOrderLine"


class Result(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    #: The data as it came, ids as text. It may hold names, phones and addresses: keep it out of logs.
    raw: Any = Field(repr=False)


class Order(Result):
    id: str | None = None
    #: The platform's own word.
    status: str | None = None
    total: Money | None = None
    goods_amount: Money | None = None
    shipping_fee: Money | None = None
    lines: tuple[OrderLine, ...] = ()


class Refund(Result):
    id: str | None = None
    order_id: str | None = None
    #: The platform's own word; Taobao's numbers stand here as text.
    status: str | None = None
    amount: Money | None = None
    #: ``refund`` or ``returnRefund`` of 1688, a number at Taobao.
    kind: str | None = None
    goods_status: str | None = None
    reason_id: str | None = None
    reason: str | None = None
    #: Why the seller refused.
    refusal: str | None = None
    tracking_number: str | None = None


class RefundReason(Result):
    id: str | None = None
    text: str | None = None


class Parcel(Result):
    tracking_number: str | None = None
    carrier: str | None = None
    #: Of the latest trace that has one, by the order in which they came.
    status: str | None = None


class RefundMessage(Result):
    """The page of the message list is not public: INFERRED, the names that a message is submitted with."""

    text: str | None = None
    images: str | None = None


class Outcome(Result):
    """Of what cannot be taken back."""

    #: What it made, if it made something: a refund's id.
    id: str | None = None


_SUB_ORDER: Mapping[str, Read] = {
    "id": text("subOrderId"),
    "item_id": text("itemId"),
    "sku_id": text("skuId"),
    "quantity": whole("quantity"),
    "status": text("status"),
    "amount": fen("purchaseAmount", "purchaseCurrency"),
}
_ORDER: Mapping[str, Read] = {
    "id": first(text("baseInfo.idOfStr"), text("baseInfo.id"), text("salesOrderId"), text("orderId"), text("id")),
    **{name: READINGS["order"][name] for name in ("status", "total", "goods_amount", "shipping_fee")},
    # Taobao's lines as the creation of an order answers them: https://doc-es.pandapon.com/api-266459370
    "lines": first(READINGS["order"]["lines"], lines("subOrderVOS", _SUB_ORDER)),
}
_REFUND_FIELDS: Mapping[str, Read] = {
    "id": first(text(f"{_REFUND}.refundId"), text("refundOrder.refundId"), text("refundId"), text("id")),
    "order_id": first(text(f"{_LINE}.salesOrderId"), text("salesOrderId"), text("orderId")),
    "status": first(text(f"{_REFUND}.refundStatus"), text("refundStatus"), text("status")),
    # Fen, as the upstream of each platform counts: not said on PandaPon's pages.
    "amount": first(fen(f"{_REFUND}.refundFee", "currency"), fen("refundFee", "currency"), fen("applyPayment")),
    "kind": first(text(f"{_REFUND}.refundType"), text("refundType"), text("disputeRequest")),
    "goods_status": first(text(f"{_REFUND}.goodsStatus"), text("goodsStatus")),
    "reason_id": first(text(f"{_REFUND}.reasonId"), text("reasonId"), text("applyReasonId")),
    "reason": first(text(f"{_REFUND}.reasonDesc"), text("reasonDesc"), text("applyReason")),
    "refusal": first(
        text(f"{_REFUND}.sellerRefuseReasonDescribe"), text(f"{_REFUND}.sellerRefuseReason"), text("rejectReason")
    ),
    "tracking_number": first(text("refundOrderAggregate.logistics.logisticsNo"), text("freightBill")),
}
_MESSAGE: Mapping[str, Read] = {"text": text("refundMessage"), "images": text("refundImages")}
_REASON: Mapping[str, Read] = {
    "id": first(text("reasonId"), text("id")),
    "text": first(text("reasonDesc"), text("name")),
}

#: Where a list of rows may stand, as the pages that show one have it.
_ROWS = ("data", "list", "records", "rows", "result", "resultList", "reasons", "refundReasons")
_TOTALS = ("total", "totalCount", "totalRecords")
_REASONS = ("refundOrderTemplate", "refundReasons")


def order(data: Any) -> Order:
    return _of(Order, _ORDER, data)


def orders(data: Any) -> tuple[Order, ...]:
    return _each(order, rows(data))


def refund(data: Any) -> Refund:
    return _of(Refund, _REFUND_FIELDS, data)


def refunds(data: Any) -> tuple[Refund, ...]:
    return _each(refund, rows(data))


def reasons(data: Any) -> tuple[RefundReason, ...]:
    found = down(data, _REASONS)
    return _each(lambda row: _of(RefundReason, _REASON, row), found if isinstance(found, list) else rows(data))


def parcels(data: Any) -> tuple[Parcel, ...]:
    found = down(data, ("pnmLogisticsDetails",))
    return _each(_parcel, found if isinstance(found, list) else rows(data))


def messages(data: Any) -> tuple[RefundMessage, ...]:
    return _each(lambda row: _of(RefundMessage, _MESSAGE, row), rows(data))


def outcome(data: Any) -> Outcome:
    made = reading.values({"id": first(text("refundId"), text("id"))}, data)
    return Outcome(raw=data, **made)


def rows(data: Any) -> list[Any]:
    """The list that the data is, or holds under one of the usual names; none if there is no such list."""
    if isinstance(data, list):
        return data
    if not isinstance(data, dict):
        return []
    return next((data[name] for name in _ROWS if isinstance(data.get(name), list)), [])


def all_there(data: Any) -> bool:
    """Whether the rows are all there are. What counts more of them, or speaks of pages, may hold others."""
    if not isinstance(data, dict):
        return isinstance(data, list)
    if not any(isinstance(data.get(name), list) for name in _ROWS):
        return False
    total = next((data[name] for name in _TOTALS if name in data), None)
    if total is not None:
        return amounts.whole(total) == len(rows(data))
    return not any("page" in name.lower() or name.startswith("has") for name in data)


def says(value: Any, words: str) -> bool:
    """Whether these very words stand anywhere in the data."""
    if isinstance(value, dict):
        return any(says(inner, words) for inner in value.values())
    if isinstance(value, list):
        return any(says(inner, words) for inner in value)
    return isinstance(value, str) and value.strip() == words.strip()


def _parcel(row: Any) -> Parcel:
    traces = row.get("logisticsTraces")
    known = [trace for trace in traces if isinstance(trace, dict)] if isinstance(traces, list) else []
    partner = next(iter(rows(row.get("logisticsPartner"))), row.get("logisticsPartner"))
    return Parcel(
        raw=row,
        tracking_number=reading.values({"at": first(text("mailNo"), text("logisticsBillNo"))}, row).get("at"),
        carrier=reading.values({"at": text("company")}, partner).get("at"),
        status=next((trace["status"] for trace in reversed(known) if isinstance(trace.get("status"), str)), None),
    )


def _of(kind: type[ResultT], fields: Mapping[str, Read], data: Any) -> ResultT:
    return kind(raw=data, **reading.values(fields, data))


def _each(make: Callable[[Any], ResultT], found: list[Any]) -> tuple[ResultT, ...]:
    return tuple(make(row) for row in found if isinstance(row, dict))
