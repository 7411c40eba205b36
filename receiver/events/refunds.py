"""What happens to a refund.

*1688*: ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES and ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES say what happened by
``refundAction``, else by the status; where the action leaves the refund open and the status says that it has ended,
the end is the news. Those of drop-ship orders, XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE and
XIAODIAN_BUYER_VIEW_REVERSE_ORDER_GOODS_STATUS_CHANGE, are read alike. *PandaPon*: these, and
ORDER_BUYER_VIEW_ORDER_BUYER_REFUND. *Taobao Global*: 9, by the number in ``refund_status``; 0, Lazada's reverse order.
*dajisaas* passes on both.

Each class names the actions and statuses that become it.
"""

from typing import ClassVar, Final

from receiver.events.event import Event
from receiver.events.values import Money
from receiver.standing import Standing

# A refund goes round in circles, so there are but two stages: see ``receiver.standing``.
OPEN: Final = 10
ENDED: Final = 90


class RefundEvent(Event):
    """Something happened to a refund, before or after the order was completed."""

    type: ClassVar[str] = "refund"

    refund_id: str
    #: What was done, by the source's own word (1688's ``refundAction``).
    action: str | None = None
    #: Who did it, by the source's own word: ``buyer``, ``seller``, ``system``.
    operator: str | None = None
    #: What that led to, by the source's own word; Taobao's numbers stand here as text.
    status: str | None = None
    amount: Money | None = None


class RefundRequested(RefundEvent):
    """The buyer asked for a refund, and the seller is to answer.

    Action BUYER_APPLY_REFUND; status waitselleragree, 10.
    """

    type: ClassVar[str] = "refund.requested"
    at_stage: ClassVar[int | None] = OPEN


class RefundAgreed(RefundEvent):
    """The seller agreed, or the platform in the seller's place. No money has moved yet, as far as this event can tell.

    Actions SELLER_AGREE_REFUND, SELLER_AGREE_REFUND_PROCOTOL (sic), SYSTEM_AGREE_REFUND, SYSTEM_AGREE_REFUND_PROTOCOL;
    status waitbuyersend, 20.
    """

    type: ClassVar[str] = "refund.agreed"
    at_stage: ClassVar[int | None] = OPEN


class RefundRejected(RefundEvent):
    """The seller refused, and the buyer may change the request.

    Actions SELLER_REJECT_REFUND, SELLER_REJECT_REFUND_PROCOTOL (sic); status waitbuyermodify, -10.
    """

    type: ClassVar[str] = "refund.rejected"
    at_stage: ClassVar[int | None] = OPEN


class RefundChanged(RefundEvent):
    """The refund changed in a way that no other event stands for.

    Its terms were changed (BUYER_MODIFY_REFUND_PROTOCOL, SYSTEM_MODIFY_REFUND_PROTOCOL), or the platform's case was
    dropped or finished (CRM_DISMISS_TASK, CRM_FINISH_TASK). A callback whose action and status are unknown or missing
    becomes this, too, status 0 ("none") and the words of Lazada's reverse orders (0) among them: that the refund moved
    is certain, and ``action`` and ``status`` hold what was said.
    """

    type: ClassVar[str] = "refund.changed"
    at_stage: ClassVar[int | None] = OPEN

    #: How far the refund has come, on the scale of ``receiver.standing``; ``None`` where we do not know.
    progress: int | None = OPEN

    @property
    def standing(self) -> Standing:
        return Standing(self.progress, self.occurred_at)


class RefundGoodsShipped(RefundEvent):
    """The goods are on their way back to the seller.

    Actions BUYER_SEND_GOODS, SYSTEM_SEND_GOODS; status waitsellerreceive, 30.
    """

    type: ClassVar[str] = "refund.goods_shipped"
    at_stage: ClassVar[int | None] = OPEN


class RefundGoodsReceived(RefundEvent):
    """The seller has the goods back.

    Action SELLER_RECEIVE_GOODS.
    """

    type: ClassVar[str] = "refund.goods_received"
    at_stage: ClassVar[int | None] = OPEN


class RefundSucceeded(RefundEvent):
    """The money was paid back.

    Status refundsuccess, 100.
    """

    type: ClassVar[str] = "refund.succeeded"
    at_stage: ClassVar[int | None] = ENDED


class RefundClosed(RefundEvent):
    """The refund ended without money: withdrawn, overtaken by the order's own course, or out of time.

    Actions BUYER_CANCEL_REFUND_CLOSE, BUYER_RECEIVE_CLOSE, SELLER_SEND_GOODS_CLOSE, CRM_APPLY_TIMEOUT_CLOSE, and of
    orders in stages BUYER_STEP_PAY_ORDER_CLOSE, BUYER_STEP_CONFIRM_CLOSE, BUYER_CLOSE_TRADE_CLOSE,
    SELLER_CONFIRM_ORDER_CLOSE, SELLER_STEP_PUSH_CLOSE; status refundclose, -20.
    """

    type: ClassVar[str] = "refund.closed"
    at_stage: ClassVar[int | None] = ENDED


class RefundInterventionAsked(RefundEvent):
    """The platform's customer service was called in, or took the case up.

    Actions BUYER_APPLY_SUPPORT, SELLER_APPLY_SUPPORT, SYSTEM_NOTIFY_APPLY_SUPPORT, CRM_APPLY_SUPPORT,
    CRM_INTERVENE_TASK.
    """

    type: ClassVar[str] = "refund.intervention_asked"


class RefundMessagePosted(RefundEvent):
    """Buyer or seller put evidence into the refund's thread; the refund stands where it stood.

    Actions BUYER_UPLOAD_BILL, SELLER_UPLOAD_BILL.
    """

    type: ClassVar[str] = "refund.message_posted"
