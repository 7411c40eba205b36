"""What happens to an order.

*PandaPon* passes on 1688's topics under the same names, so what is said of 1688 holds there too; xportcn's names are
PandaPon's as well. *dajisaas* passes on those of Taobao Global, and 1688's. "By status" means that the topic says only
that something changed, and the status in its body says what.
"""

from typing import ClassVar, Literal

from receiver.events.event import Event
from receiver.events.values import Money, OrderLine
from receiver.standing import Standing

ClosedBy = Literal["buyer", "seller", "platform"]


class OrderEvent(Event):
    """Something happened to an order."""

    type: ClassVar[str] = "order"

    order_id: str
    #: The team's own number, given when the order was placed.
    order_no: str | None = None
    #: The source's own word.
    status: str | None = None
    lines: tuple[OrderLine, ...] = ()
    total: Money | None = None
    goods_amount: Money | None = None
    shipping_fee: Money | None = None
    discount: Money | None = None


class OrderCreated(OrderEvent):
    """The order was placed.

    1688: ORDER_BUYER_VIEW_BUYER_MAKE. PandaPon: ORDER_CREATE.
    """

    type: ClassVar[str] = "order.created"
    at_stage: ClassVar[int | None] = 0


class OrderPriceChanged(OrderEvent):
    """The seller changed the price, or (1688) closed some of the lines. The amounts are the new ones.

    1688, PandaPon: ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY. Taobao Global: 8.
    """

    type: ClassVar[str] = "order.price_changed"
    at_stage: ClassVar[int | None] = 10


class OrderPaid(OrderEvent):
    """The order was paid, and the seller is to ship. With payment in stages: the first stage (1688).

    1688: ORDER_BUYER_VIEW_ORDER_PAY. PandaPon: ORDER_PAY_SUCCESS. By status: PandaPon's
    ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY, Taobao Global's 3, 1688's FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC and
    FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC.
    """

    type: ClassVar[str] = "order.paid"
    at_stage: ClassVar[int | None] = 30


class OrderPartlyPaid(OrderEvent):
    """A stage of an order that is paid in stages was paid.

    1688: ORDER_BUYER_VIEW_ORDER_STEP_PAY.
    """

    type: ClassVar[str] = "order.partly_paid"

    #: The last stage that is paid, counted from 1; ``None`` where the body does not tell the stages.
    stage: int | None = None


class OrderShipped(OrderEvent):
    """All of it was shipped. Which parcel is told by the lines, or by ``ShipmentTracked``.

    1688: ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS. By status, as ``OrderPaid``: ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY, 3,
    FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC, FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC.
    """

    type: ClassVar[str] = "order.shipped"
    at_stage: ClassVar[int | None] = 40


class OrderPartlyShipped(OrderEvent):
    """Some of it was shipped. It may arrive after the shipment of the rest.

    1688: ORDER_BUYER_VIEW_PART_PART_SENDGOODS.
    """

    type: ClassVar[str] = "order.partly_shipped"


class OrderReceived(OrderEvent):
    """The receipt was confirmed, of all or (1688) of a part.

    1688: ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS (sic). By status: ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY,
    FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC, FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC.
    """

    type: ClassVar[str] = "order.received"
    at_stage: ClassVar[int | None] = 50


class OrderCompleted(OrderEvent):
    """The trade has ended well: the seller has the money.

    1688: ORDER_BUYER_VIEW_ORDER_SUCCESS. By status, as ``OrderPaid``: ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY, 3,
    FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC, FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC.
    """

    type: ClassVar[str] = "order.completed"
    at_stage: ClassVar[int | None] = 60


class OrderClosed(OrderEvent):
    """The order was closed without being fulfilled: cancelled, out of time, or refunded as a whole.

    1688: ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE, ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE (also by a refund),
    ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE (by operations, or out of time). PandaPon: ORDER_CANCEL. By status, as
    ``OrderPaid``: ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY, 3, FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC,
    FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC, and Lazada's 0.
    """

    type: ClassVar[str] = "order.closed"
    at_stage: ClassVar[int | None] = 60

    #: ``None`` where the source did not say.
    closed_by: ClosedBy | None = None
    #: The source's own word.
    reason: str | None = None


class OrderAddressChanged(OrderEvent):
    """The seller changed the address. The new one is not here: it is personal data, and the body is not public.

    1688: ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS (sic).
    """

    type: ClassVar[str] = "order.address_changed"


class OrderMemoChanged(OrderEvent):
    """A memo of the order was changed.

    1688: ORDER_BUYER_VIEW_MODIFY_MEMO.
    """

    type: ClassVar[str] = "order.memo_changed"


class OrderStatusChanged(OrderEvent):
    """The order has a status that no other event stands for: awaiting payment, say, or a word that we do not know.

    Where its status tells nothing more: PandaPon's ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY, Taobao Global's 3, Lazada's 0,
    and 1688's drop-ship orders, FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC and FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC.
    """

    type: ClassVar[str] = "order.status_changed"

    #: How far the order has come by this status, on the scale of ``receiver.standing``; ``None`` where we do not know.
    progress: int | None = None

    @property
    def standing(self) -> Standing:
        return Standing(self.progress, self.occurred_at)


class BatchPaymentSettled(OrderEvent):
    """A payment of many orders at once has ended, well or not: this is the outcome for one of them.

    1688: ORDER_BATCH_PAY.
    """

    type: ClassVar[str] = "order.batch_payment_settled"

    #: The source's own word: ``successed``, ``ACCOUNT_BALANCE_NOT_ENOUGH`` …
    result: str | None = None
    #: Only where the source says so: no word, or a new one, is no success.
    succeeded: bool = False
