"""What can happen to refunds. Each transition says what the platform tells of it; an illegal one is ``Refused``.

1688 names what was done, in refundAction and operator:
https://open.1688.com/doc/topicDetail.htm?id=ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES. Taobao sends the refund as it
is, and only for what changes its status or what the seller writes: no page says more.
"""

from collections.abc import Callable, Iterable, MutableMapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from receiver.sandbox import news
from receiver.sandbox.news import News, Refused, Told
from receiver.sandbox.order import Order, Party
from receiver.sandbox.orders import Ids, Orders
from receiver.sandbox.refund import ENDED, Kind, Parcel, Post, Refund, State

_SUPPORT = {"buyer": "BUYER_APPLY_SUPPORT", "seller": "SELLER_APPLY_SUPPORT", "platform": "CRM_INTERVENE_TASK"}
_MESSAGE = {"buyer": "BUYER_UPLOAD_BILL", "seller": "SELLER_UPLOAD_BILL", "platform": "CRM_INTERVENE_TASK"}
_OPERATORS = {"buyer": "buyer", "seller": "seller", "platform": "system"}


class Refunds:
    def __init__(
        self, ids: Ids, clock: Callable[[], datetime], orders: Orders, refunds: MutableMapping[str, Refund]
    ) -> None:
        self._ids = ids
        self._clock = clock
        self._orders = orders
        self._refunds = refunds

    def all(self) -> tuple[Refund, ...]:
        return tuple(self._refunds.values())

    def get(self, refund_id: str, account: str | None = None) -> Refund:
        """Raises ``Refused`` for one that is not there, or not this account's."""
        refund = self._refunds.get(refund_id)
        if refund is None or account not in (None, refund.account):
            raise news.unknown("refund", refund_id)
        return refund

    def request(
        self,
        order_id: str,
        *,
        kind: Kind,
        amount: int,
        line_ids: Iterable[str] = (),
        reason_id: int = 20021,
        reason: str = "质量问题",
        description: str = "",
        goods_status: str = "",
    ) -> Told:
        order = self._orders.get(order_id)
        if order.stage in ("unpaid", "closed"):
            raise news.not_now("request a refund", order.word)
        if any(refund.order_id == order_id and refund.state not in ENDED for refund in self._refunds.values()):
            raise Refused(news.NOT_NOW, f"order {order_id} has a refund under way")
        lines = tuple(line_ids)
        if not set(lines) <= {line.id for line in order.lines}:
            raise news.unknown("sub-order", ", ".join(lines))
        self._refuse_amount(order, amount)
        now = self._clock()
        refund = Refund(
            id=f"TQ{self._ids.number()}" if order.platform == "1688" else self._ids.short(),
            order_id=order_id,
            account=order.account,
            line_ids=lines,
            kind=kind,
            amount=amount,
            reason_id=reason_id,
            reason=reason,
            description=description,
            goods_status=goods_status,
            created=now,
            changed=now,
        )
        return self._becomes(refund, "BUYER_APPLY_REFUND", "buyer")

    def agree(self, refund_id: str) -> Told:
        """The seller agrees: to the terms, if goods go back; else the money goes at once (1688) or soon (Taobao)."""
        refund = self._in(refund_id, "requested", doing="agree")
        if refund.kind == "return":
            return self._becomes(refund, "SELLER_AGREE_REFUND_PROCOTOL", "seller", state="agreed", refusal=None)
        if self._orders.get(refund.order_id).platform == "1688":
            return self._succeed(refund)
        return self._becomes(refund, None, "seller", state="agreed", refusal=None)

    def reject(self, refund_id: str, reason: str = "商品无质量问题") -> Told:
        refund = self._in(refund_id, "requested", "returning", doing="reject")
        action = "SELLER_REJECT_REFUND_PROCOTOL" if refund.kind == "return" else "SELLER_REJECT_REFUND"
        return self._becomes(refund, action, "seller", state="rejected", refusal=reason)

    def change(self, refund_id: str, *, amount: int | None = None, description: str | None = None) -> Told:
        """The buyer asks again, on other terms."""
        refund = self._in(refund_id, "requested", "rejected", doing="change")
        wanted = refund.amount if amount is None else amount
        self._refuse_amount(self._orders.get(refund.order_id), wanted)
        text = refund.description if description is None else description
        return self._becomes(
            refund, "BUYER_MODIFY_REFUND_PROTOCOL", "buyer", state="requested", amount=wanted, description=text
        )

    def send_goods(self, refund_id: str, parcel: Parcel) -> Told:
        refund = self._in(refund_id, "agreed", doing="send goods")
        if refund.kind != "return":
            raise Refused(news.NOT_NOW, "send goods: the money alone was asked for")
        return self._becomes(refund, "BUYER_SEND_GOODS", "buyer", state="returning", parcel=parcel)

    def receive_goods(self, refund_id: str) -> Told:
        refund = self._in(refund_id, "returning", doing="receive goods")
        return self._becomes(refund, "SELLER_RECEIVE_GOODS", "seller", told=False, state="returned")

    def succeed(self, refund_id: str) -> Told:
        refund = self._in(refund_id, "agreed", "returned", doing="succeed")
        if refund.kind == "return" and refund.state == "agreed":
            raise Refused(news.NOT_NOW, "succeed: the goods have not come back")
        return self._succeed(refund)

    def close(self, refund_id: str, by: Party = "buyer") -> Told:
        """The buyer withdraws it, or it runs out of time."""
        refund = self._in(refund_id, "requested", "rejected", "agreed", doing="close")
        action = "BUYER_CANCEL_REFUND_CLOSE" if by == "buyer" else "CRM_APPLY_TIMEOUT_CLOSE"
        return self._becomes(refund, action, by, state="closed")

    def post(self, refund_id: str, author: Party, text: str, images: str | None = None) -> Told:
        """A message to the other side. What ``submit/message`` of the API writes is the buyer's."""
        refund = self.get(refund_id)
        if refund.state in ENDED:
            raise news.not_now("post a message", refund.state)
        if not text.strip():
            raise Refused(news.WRONG_PARAMETER, "expected a text")
        written = Post(id=self._ids.post(), author=author, text=text, images=images, at=self._clock())
        return self._becomes(refund, _MESSAGE[author], author, told=author != "buyer", thread=(*refund.thread, written))

    def intervene(self, refund_id: str, by: Party) -> Told:
        refund = self._in(refund_id, "requested", "rejected", "agreed", "returning", doing="call in support")
        return self._becomes(refund, _SUPPORT[by], by, told=False, intervention=True)

    def _succeed(self, refund: Refund) -> Told:
        told = self._becomes(refund, "SELLER_AGREE_REFUND", "seller", state="succeeded", refusal=None)
        return told + self._orders.refunded(refund.order_id, refund.amount)

    def _refuse_amount(self, order: Order, amount: int) -> None:
        left = order.total - order.refunded
        if not 0 < amount <= left:
            raise Refused(news.WRONG_PARAMETER, f"refund amount {amount}: expected 1 to {left} fen")

    def _in(self, refund_id: str, *states: State, doing: str) -> Refund:
        refund = self.get(refund_id)
        if refund.state not in states:
            raise news.not_now(doing, refund.state)
        return refund

    def _becomes(self, refund: Refund, action: str | None, by: Party, *, told: bool = True, **changes: Any) -> Told:
        """``told``: whether Taobao, too, says so."""
        now = self._clock()
        refund = self._refunds[refund.id] = replace(refund, changed=now, **changes)
        order = self._orders.get(refund.order_id)
        if order.platform == "taobao":
            return (News(topic=news.REFUND, at=now, order=order, refund=refund),) if told else ()
        operator = _OPERATORS[by]
        return (News(topic=news.REFUND, at=now, order=order, refund=refund, action=action, operator=operator),)
