"""What can happen to orders. Each transition says what the platform tells of it; an illegal one is ``Refused``."""

from collections.abc import Callable, Iterable, MutableMapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from receiver.envelope import Platform
from receiver.sandbox import news
from receiver.sandbox.news import News, Refused, Told
from receiver.sandbox.order import Line, Order, Party, Shipment, Stage


class Ids(Protocol):
    def number(self) -> str: ...
    def short(self) -> str: ...
    def post(self) -> str: ...


#: Pieces of a line, and fen for each.
_MOST = 10_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A line to be bought."""

    item_id: str
    sku_id: str = ""
    title: str = "不锈钢保温杯 500ml"
    quantity: int = 1
    #: Fen, each.
    price: int = 2500


class Orders:
    def __init__(self, ids: Ids, clock: Callable[[], datetime], orders: MutableMapping[str, Order]) -> None:
        self._ids = ids
        self._clock = clock
        self._orders = orders

    def all(self) -> tuple[Order, ...]:
        return tuple(self._orders.values())

    def get(self, order_id: str, account: str | None = None) -> Order:
        """Raises ``Refused`` for one that is not there, or not this account's."""
        order = self._orders.get(order_id)
        if order is None or account not in (None, order.account):
            raise news.unknown("order", order_id)
        return order

    def with_line(self, line_id: str, account: str) -> Order:
        for order in self._orders.values():
            if order.account == account and any(line.id == line_id for line in order.lines):
                return order
        raise news.unknown("sub-order", line_id)

    def place(
        self,
        account: str,
        platform: Platform,
        wanted: Sequence[Wanted],
        *,
        shipping_fee: int = 500,
        order_no: str | None = None,
    ) -> Told:
        if not wanted or not all(1 <= line.quantity <= _MOST and 0 <= line.price <= _MOST for line in wanted):
            raise Refused(news.WRONG_PARAMETER, f"expected lines, each of a quantity of 1 to {_MOST}")
        now = self._clock()
        order_id = self._ids.number()
        lines = tuple(
            Line(
                id=self._ids.number(),
                item_id=line.item_id,
                sku_id=line.sku_id or self._ids.short(),
                title=line.title,
                quantity=line.quantity,
                amount=line.quantity * line.price,
            )
            for line in wanted
        )
        order = Order(
            id=order_id,
            order_no=order_no or f"PO{now:%Y%m%d}{len(self._orders) + 1:04}",
            account=account,
            platform=platform,
            lines=lines,
            shipping_fee=shipping_fee,
            created=now,
            changed=now,
        )
        return self._becomes(order, news.CREATE)

    def change_price(self, order_id: str, *, amounts: Sequence[int], shipping_fee: int | None = None) -> Told:
        """``amounts``: fen, one for each line."""
        order = self._in(order_id, "unpaid", doing="change price")
        if len(amounts) != len(order.lines):
            raise Refused(news.WRONG_PARAMETER, "expected an amount for each line")
        lines = tuple(replace(line, amount=amount) for line, amount in zip(order.lines, amounts, strict=True))
        fee = order.shipping_fee if shipping_fee is None else shipping_fee
        return self._becomes(order, news.PRICE, lines=lines, shipping_fee=fee)

    def pay(self, order_id: str) -> Told:
        order = self._in(order_id, "unpaid", doing="pay")
        return self._becomes(order, news.PAY_SUCCESS, stage="paid", paid=self._clock())

    def ship(self, order_id: str, line_ids: Iterable[str] = (), *, carrier: str = "圆通速递") -> Told:
        """These lines in one parcel; without any, all that is left."""
        order = self._in(order_id, "paid", doing="ship")
        chosen = set(line_ids) or {line.id for line in order.lines if line.shipment is None}
        if not chosen <= {line.id for line in order.lines if line.shipment is None}:
            raise Refused(news.NOT_NOW, "ship: a line that is not in the order, or was shipped before")
        parcel = Shipment(carrier=carrier, number=f"YT{self._ids.short()}")
        lines = tuple(replace(line, shipment=parcel) if line.id in chosen else line for line in order.lines)
        if all(line.shipment for line in lines):
            return self._becomes(order, news.STATUS, lines=lines, stage="shipped")
        return self._becomes(order, news.PARTLY_SENT, lines=lines)

    def receive(self, order_id: str) -> Told:
        """The buyer confirms the receipt: the end on Taobao; on 1688 the money has yet to go to the seller."""
        order = self._in(order_id, "shipped", doing="confirm receipt")
        return self._becomes(order, news.STATUS, stage="received" if order.platform == "1688" else "completed")

    def complete(self, order_id: str) -> Told:
        order = self._in(order_id, "received", "shipped", doing="complete")
        return self._becomes(order, news.STATUS, stage="completed")

    def close(self, order_id: str, by: Party, reason: str | None = None) -> Told:
        """A buyer can cancel until it is paid (https://doc-en.pandapon.com/api-263477650), and so does time."""
        allowed: tuple[Stage, ...] = ("unpaid", "paid") if by == "seller" else ("unpaid",)
        return self._close(self._in(order_id, *allowed, doing=f"close by {by}"), by, reason)

    def refunded(self, order_id: str, amount: int) -> Told:
        """Money went back. An order that had not come to its end, and has none left, is closed by that.

        https://open.1688.com/doc/topicDetail.htm?id=ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE
        """
        order = self.get(order_id)
        order = replace(order, refunded=order.refunded + amount, changed=self._clock())
        self._orders[order.id] = order
        if order.refunded < order.total or order.stage in ("completed", "closed"):
            return ()
        return self._close(order, "seller", "refund")

    def _close(self, order: Order, by: Party, reason: str | None) -> Told:
        topics = {"buyer": news.CANCEL, "seller": news.SELLER_CLOSE, "platform": news.PLATFORM_CLOSE}
        # The one reason that a page shows: https://doc-en-ka.xportcn.com/doc-7259275
        reason = reason or ("buyer_cancel" if by == "buyer" else None)
        return self._becomes(order, topics[by], stage="closed", closed_by=by, close_reason=reason)

    def _in(self, order_id: str, *stages: Stage, doing: str) -> Order:
        order = self.get(order_id)
        if order.stage not in stages:
            raise news.not_now(doing, order.word)
        return order

    def _becomes(self, order: Order, topic: str, **changes: Any) -> Told:
        now = self._clock()
        order = self._orders[order.id] = replace(order, changed=now, **changes)
        if order.platform == "taobao" and topic != news.PRICE:
            # Taobao's half has one page for all changes of a status: https://doc-en.pandapon.com/api-263477630
            topic = news.STATUS
        return (News(topic=topic, at=now, order=order),)
