"""The words of Taobao: the statuses of orders and refunds, as Taobao Global spells and numbers them."""

from typing import Final

from receiver.events import (
    OrderClosed,
    OrderCompleted,
    OrderPaid,
    OrderShipped,
    OrderStatusChanged,
    RefundAgreed,
    RefundChanged,
    RefundClosed,
    RefundGoodsShipped,
    RefundRejected,
    RefundRequested,
    RefundSucceeded,
)
from receiver.sources.topic import Words, becomes

#: https://wiki-en.dajisaas.com/doc-4966230. BULIDING and WAIT_BUYER_P are no mistakes of ours.
ORDER_STATUSES: Final[Words] = {
    # Being built is not yet "created": it can still fail.
    "BULIDING": becomes(OrderStatusChanged, progress=0),
    "WAIT_BUYER_P": becomes(OrderStatusChanged, progress=5),
    "WAIT_SELLER_SEND_GOODS": becomes(OrderPaid),
    "WAIT_BUYER_CONFIRM_GOODS": becomes(OrderShipped),
    # Not in that list, which ends with the goods on their way; Taobao's own word for a trade that ended well.
    "TRADE_FINISHED": becomes(OrderCompleted),
    "TRADE_CLOSED": becomes(OrderClosed),
}

#: https://doc-en-ka.xportcn.com/doc-8873281; the same numbers in github.com/Mlegbder/taobao-global, refund_status.go.
REFUND_STATUSES: Final[Words] = {
    # "None": it says that there is no refund, and names one.
    "0": becomes(RefundChanged, progress=None),
    "10": becomes(RefundRequested),
    "20": becomes(RefundAgreed),
    "30": becomes(RefundGoodsShipped),
    "100": becomes(RefundSucceeded),
    "-10": becomes(RefundRejected),
    "-20": becomes(RefundClosed),
}
