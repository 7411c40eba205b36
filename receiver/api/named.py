"""``ctx.api``: the operations that handlers need, by name and typed, on the platform where the event's order lives.

Each method stands for an operation of either platform (``platforms.py``). Where its path is not publicly documented the
method raises ``UndocumentedOperation``, which says what to put into ``[accounts.operations]``; then the parameters are
those of the upstream platform, INFERRED, and ``call()`` takes what your page says instead.
"""

from collections.abc import Sequence
from typing import Any

from receiver.api import results
from receiver.api.calls import Calls, Look
from receiver.api.platforms import OPERATIONS
from receiver.api.results import Order, Outcome, Parcel, Refund, RefundMessage, RefundReason
from receiver.errors import UndocumentedOperation, WrongCall
from receiver.events import Money


class Api(Calls):
    """Follow-up calls of one account. Whatever cannot be taken back wants ``once``, and is ``None`` if it was done."""

    def order_detail(self, order_id: str) -> Order:
        name = self._named("order_detail")
        return results.order(self.call(name, orderId=order_id, webSite="1688" if name.startswith("1688.") else None))

    def order_list(self, **filters: Any) -> tuple[Order, ...]:
        """One page. The parameters are those of your page: they are cut off in every public copy."""
        return results.orders(self.call(self._named("order_list"), **filters))

    def logistics(self, order_id: str) -> tuple[Parcel, ...]:
        """The parcels of an order; at Taobao ``order_id`` is that of the purchase's sub-order."""
        name = self._named("logistics")
        key = "orderId" if name.startswith("1688.") else "subPurchaseOrderId"
        return results.parcels(self.call(name, **{key: order_id}))

    def confirm_receipt(self, order_id: str, *, once: str, lines: Sequence[str] | None = None) -> Outcome | None:
        """1688 alone. The seller is paid."""
        return self._effect("confirm_receipt", {"orderId": order_id, "orderEntryIds": lines}, once)

    def cancel_order(self, order_id: str, *, reason: str, once: str, remark: str | None = None) -> Outcome | None:
        """Before payment."""
        name = self._named("cancel_order")
        site = "1688" if name.startswith("1688.") else None
        given = {"webSite": site, "orderId": order_id, "cancelReason": reason, "remark": remark}
        return self._effect("cancel_order", given, once)

    def refund_list(self, *, page: int = 1, page_size: int = 20, **filters: Any) -> tuple[Refund, ...]:
        """Taobao alone; ``salesOrderId``, ``refundStatus``, … by the names of the page."""
        found = self.call(self._named("refund_list"), pageNo=page, pageSize=page_size, **filters)
        return results.refunds(found)

    def refund_detail(self, refund_id: str) -> Refund:
        return results.refund(self.call(self._named("refund_detail"), refundId=refund_id))

    def refund_reasons(
        self,
        order_id: str,
        *,
        goods_status: str | int,
        refund_type: int | None = None,
        lines: Sequence[str] | None = None,
    ) -> tuple[RefundReason, ...]:
        """What a refund may be asked for; at Taobao ``order_id`` is the sub-order's, and ``refund_type`` is wanted."""
        name = self._named("refund_reasons")
        if name.startswith("1688."):
            given: dict[str, Any] = {"orderId": order_id, "orderEntryIds": lines, "goodsStatus": goods_status}
        else:
            given = {"subOrderId": order_id, "refundType": refund_type, "goodsStatus": goods_status}
        return results.reasons(self.call(name, **given))

    def create_refund(
        self,
        order_id: str,
        *,
        kind: str | int,
        goods_status: str | int,
        amount: Money | int,
        reason_id: str,
        description: str,
        once: str,
        shipping_fee: Money | int = 0,
        lines: Sequence[str] | None = None,
        vouchers: Sequence[str] | None = None,
    ) -> Outcome | None:
        """Ask for money back, or to send goods back; amounts are in fen. The outcome's ``id`` is the refund's.

        ``kind`` is ``refund`` or ``returnRefund`` at 1688; at Taobao it is a number, and ``order_id`` the sub-order's.
        """
        if self._named("create_refund").startswith("1688."):
            given: dict[str, Any] = {
                "orderId": order_id,
                "orderEntryIds": lines,
                "disputeRequest": kind,
                "applyPayment": _fen(amount),
                "applyCarriage": _fen(shipping_fee),
                "applyReasonId": reason_id,
                "description": description,
                "goodsStatus": goods_status,
                "vouchers": vouchers,
            }
        else:
            given = {
                "subOrderId": order_id,
                "refundType": kind,
                "goodsStatus": goods_status,
                "reasonId": reason_id,
                "refundFee": _fen(amount),
                "refundDesc": description,
            }
        return self._effect("create_refund", given, once)

    def cancel_refund(self, refund_id: str, *, once: str) -> Outcome | None:
        """Taobao alone."""
        return self._effect("cancel_refund", {"refundId": refund_id}, once)

    def return_shipment(
        self,
        refund_id: str,
        *,
        carrier: str,
        tracking_number: str,
        once: str,
        note: str | None = None,
        vouchers: Sequence[str] | None = None,
    ) -> Outcome | None:
        """Say that the goods are on their way back; ``carrier`` is its code in the platform's list."""
        if self._named("return_shipment").startswith("1688."):
            given: dict[str, Any] = {"logisticsCompanyNo": carrier, "freightBill": tracking_number}
            given |= {"description": note, "vouchers": vouchers}
        else:
            given = {"logisticsCompanyCode": carrier, "logisticsNo": tracking_number}
        return self._effect("return_shipment", {"refundId": refund_id, **given}, once)

    def send_refund_message(self, refund_id: str, text: str, *, once: str, images: str | None = None) -> Outcome | None:
        """Taobao alone: a message to the seller, in the refund's thread."""
        given = {"refundId": refund_id, "refundMessage": text, "refundImages": images}
        return self._effect("send_refund_message", given, once, self._look(refund_id, text))

    def refund_messages(self, refund_id: str) -> tuple[RefundMessage, ...]:
        """Taobao alone."""
        return results.messages(self.call(self._named("refund_messages"), refundId=refund_id))

    def _effect(self, method: str, given: dict[str, Any], once: str, look: Look | None = None) -> Outcome | None:
        found: Outcome | None = self._call(self._named(method), given, once, look=look, make=results.outcome)
        return found

    def _look(self, refund_id: str, text: str) -> Look | None:
        """Whether this very text stands in the refund's thread already; ``None`` if the list cannot be called."""
        if not any(map(self._callable, OPERATIONS["refund_messages"]["taobao"])):
            return None

        def look() -> bool | None:
            found = self.call(self._named("refund_messages"), refundId=refund_id)
            if results.says(found, text):
                return True
            return False if results.all_there(found) else None

        return look

    def _named(self, method: str) -> str:
        """The operation that stands for the method: the first that can be called, else the first, which says why."""
        if self._platform is None:
            raise WrongCall(f"{method}: nobody knows on which platform this order lives; use call()")
        names = OPERATIONS[method].get(self._platform)
        if names is None:
            raise UndocumentedOperation(f"{method}: PandaPon documents no such operation for {self._platform}")
        return next((name for name in names if self._callable(name)), names[0])


def _fen(amount: Money | int) -> int:
    return amount.amount if isinstance(amount, Money) else amount
