"""The words of 1688: topics, order statuses, refund actions and refund statuses, spelled as 1688 spells them.

Topics: https://open.1688.com/doc/messageDoc.htm; what each says: https://open.1688.com/doc/topicDetail.htm?id=TOPIC.
"""

from collections.abc import Mapping
from typing import Final

from receiver.events import (
    BatchPaymentSettled,
    OrderAddressChanged,
    OrderClosed,
    OrderCompleted,
    OrderCreated,
    OrderMemoChanged,
    OrderPaid,
    OrderPartlyPaid,
    OrderPartlyShipped,
    OrderPriceChanged,
    OrderReceived,
    OrderShipped,
    OrderStatusChanged,
    RefundAgreed,
    RefundChanged,
    RefundClosed,
    RefundGoodsReceived,
    RefundGoodsShipped,
    RefundInterventionAsked,
    RefundMessagePosted,
    RefundRejected,
    RefundRequested,
    RefundSucceeded,
    ShipmentPackageChanged,
    ShipmentTracked,
    TrackingNumberChanged,
)
from receiver.sources.topic import Topic, Words, becomes, topic

#: https://open.1688.com/api/apidocdetail.htm?id=com.alibaba.trade:alibaba.trade.get.buyerView-1 (baseInfo.status), and
#: confirm_goods_and_has_subsidy from the topic of the confirmed receipt.
ORDER_STATUSES: Final[Words] = {
    "waitbuyerpay": becomes(OrderStatusChanged, progress=5),
    "waitsellersend": becomes(OrderPaid),
    # The seller has handed it over by word, no carrier has it: neither "paid" nor "shipped" is the news.
    "waitlogisticstakein": becomes(OrderStatusChanged, progress=35),
    "waitbuyerreceive": becomes(OrderShipped),
    "waitbuyersign": becomes(OrderShipped),
    # Signed for at the door; the confirmation, which releases the money, is another step.
    "signinsuccess": becomes(OrderStatusChanged, progress=45),
    "confirm_goods": becomes(OrderReceived),
    "confirm_goods_and_has_subsidy": becomes(OrderReceived),
    "success": becomes(OrderCompleted),
    "cancel": becomes(OrderClosed),
    "terminated": becomes(OrderClosed),
}

#: https://open.1688.com/doc/topicDetail.htm?id=ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES. PROTOCOL is the terms of
#: the refund: who pays what, and whether the goods go back.
REFUND_ACTIONS: Final[Words] = {
    "BUYER_APPLY_REFUND": becomes(RefundRequested),
    "SELLER_AGREE_REFUND": becomes(RefundAgreed),
    "SELLER_AGREE_REFUND_PROCOTOL": becomes(RefundAgreed),
    "SYSTEM_AGREE_REFUND_PROTOCOL": becomes(RefundAgreed),
    # The seller let the time pass. 1688 glosses it "that is, the refund succeeds"; but whether the money has moved is
    # for the status to say (refundsuccess), as after the seller's own consent.
    "SYSTEM_AGREE_REFUND": becomes(RefundAgreed),
    "SELLER_REJECT_REFUND": becomes(RefundRejected),
    "SELLER_REJECT_REFUND_PROCOTOL": becomes(RefundRejected),
    "BUYER_MODIFY_REFUND_PROTOCOL": becomes(RefundChanged),
    "SYSTEM_MODIFY_REFUND_PROTOCOL": becomes(RefundChanged),
    "BUYER_SEND_GOODS": becomes(RefundGoodsShipped),
    # The platform declares the return for a buyer who let the time pass.
    "SYSTEM_SEND_GOODS": becomes(RefundGoodsShipped),
    "SELLER_RECEIVE_GOODS": becomes(RefundGoodsReceived),
    # "Bill" is a piece of evidence, put where messages are put. It changes nothing.
    "BUYER_UPLOAD_BILL": becomes(RefundMessagePosted),
    "SELLER_UPLOAD_BILL": becomes(RefundMessagePosted),
    "BUYER_APPLY_SUPPORT": becomes(RefundInterventionAsked),
    "SELLER_APPLY_SUPPORT": becomes(RefundInterventionAsked),
    # The system lets us know that customer service was called in.
    "SYSTEM_NOTIFY_APPLY_SUPPORT": becomes(RefundInterventionAsked),
    "CRM_APPLY_SUPPORT": becomes(RefundInterventionAsked),
    "CRM_INTERVENE_TASK": becomes(RefundInterventionAsked),
    # Customer service drops or finishes its case. In whose favour, only the status can say.
    "CRM_DISMISS_TASK": becomes(RefundChanged),
    "CRM_FINISH_TASK": becomes(RefundChanged),
    "BUYER_CANCEL_REFUND_CLOSE": becomes(RefundClosed),
    # The order took its course, and with it the reason for the refund went: received, or shipped after all.
    "BUYER_RECEIVE_CLOSE": becomes(RefundClosed),
    "SELLER_SEND_GOODS_CLOSE": becomes(RefundClosed),
    # Customer service was called in, and nobody followed it up in time.
    "CRM_APPLY_TIMEOUT_CLOSE": becomes(RefundClosed),
    # An order in stages went on to the next stage, or ended.
    "BUYER_STEP_PAY_ORDER_CLOSE": becomes(RefundClosed),
    "BUYER_STEP_CONFIRM_CLOSE": becomes(RefundClosed),
    "BUYER_CLOSE_TRADE_CLOSE": becomes(RefundClosed),
    "SELLER_CONFIRM_ORDER_CLOSE": becomes(RefundClosed),
    "SELLER_STEP_PUSH_CLOSE": becomes(RefundClosed),
}

#: https://open.1688.com/api/apidocdetail.htm?id=com.alibaba.trade:alibaba.trade.get.buyerView-1 (baseInfo.refundStatus)
REFUND_STATUSES: Final[Words] = {
    "waitselleragree": becomes(RefundRequested),
    "waitbuyermodify": becomes(RefundRejected),
    "waitbuyersend": becomes(RefundAgreed),
    "waitsellerreceive": becomes(RefundGoodsShipped),
    "refundsuccess": becomes(RefundSucceeded),
    "refundclose": becomes(RefundClosed),
}

_REFUND: Final = topic(RefundChanged, actions=REFUND_ACTIONS, statuses=REFUND_STATUSES, progress=None)
_STATUS: Final = topic(OrderStatusChanged, statuses=ORDER_STATUSES)

TOPICS: Final[Mapping[str, Topic]] = {
    "ORDER_BUYER_VIEW_BUYER_MAKE": topic(OrderCreated),
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY": topic(OrderPriceChanged),
    "ORDER_BUYER_VIEW_ORDER_PAY": topic(OrderPaid),
    "ORDER_BUYER_VIEW_ORDER_STEP_PAY": topic(OrderPartlyPaid),
    "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS": topic(OrderShipped),
    "ORDER_BUYER_VIEW_PART_PART_SENDGOODS": topic(OrderPartlyShipped),
    "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS": topic(OrderReceived),
    "ORDER_BUYER_VIEW_ORDER_SUCCESS": topic(OrderCompleted),
    "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE": topic(OrderClosed, closed_by="buyer"),
    "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE": topic(OrderClosed, closed_by="seller"),
    "ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE": topic(OrderClosed, closed_by="platform"),
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES": _REFUND,
    "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES": _REFUND,
    "ORDER_BATCH_PAY": topic(BatchPaymentSettled),
    "LOGISTICS_BUYER_VIEW_TRACE": topic(ShipmentTracked),
    "LOGISTICS_MAIL_NO_CHANGE": topic(TrackingNumberChanged),
    "ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS": topic(OrderAddressChanged),
    "ORDER_BUYER_VIEW_MODIFY_MEMO": topic(OrderMemoChanged),
    "LOGISTICS_OFFICIAL_WAREHOUSE_OUTBOUND": topic(ShipmentPackageChanged),
    "LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE": topic(ShipmentPackageChanged),
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE": _REFUND,
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_GOODS_STATUS_CHANGE": _REFUND,
    "FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC": _STATUS,
    "FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC": _STATUS,
}

#: Their names are public, their bodies are not.
UNDOCUMENTED: Final = (
    "ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS",
    "ORDER_BUYER_VIEW_MODIFY_MEMO",
    "LOGISTICS_OFFICIAL_WAREHOUSE_OUTBOUND",
    "LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE",
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE",
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_GOODS_STATUS_CHANGE",
    "FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC",
    "FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC",
)
