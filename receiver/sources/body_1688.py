"""Business bodies of 1688, which reach us by 1688 itself and by those who pass them on.

Flat bodies as of https://open.1688.com/doc/topicDetail.htm?id=TOPIC, and the order detail, which PandaPon sends for a
changed price: https://doc-en.pandapon.com/api-263477659.
"""

from collections.abc import Mapping
from typing import Final

from receiver.sources.fields import Field
from receiver.sources.message import Family, Shape

#: The topics of https://open.1688.com/doc/messageDoc.htm, spelled as 1688 spells them.
TOPICS: Final[Mapping[str, Family]] = {
    "ORDER_BUYER_VIEW_BUYER_MAKE": "order",
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY": "order",
    "ORDER_BUYER_VIEW_ORDER_PAY": "order",
    "ORDER_BUYER_VIEW_ORDER_STEP_PAY": "order",
    "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS": "shipment",
    "ORDER_BUYER_VIEW_PART_PART_SENDGOODS": "shipment",
    "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS": "order",
    "ORDER_BUYER_VIEW_ORDER_SUCCESS": "order",
    "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE": "order",
    "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE": "order",
    "ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE": "order",
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES": "refund",
    "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES": "refund",
    "ORDER_BATCH_PAY": "order",
    "LOGISTICS_BUYER_VIEW_TRACE": "shipment",
    "LOGISTICS_MAIL_NO_CHANGE": "shipment",
    "ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS": "order",
    "ORDER_BUYER_VIEW_MODIFY_MEMO": "order",
    "LOGISTICS_OFFICIAL_WAREHOUSE_OUTBOUND": "shipment",
    "LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE": "shipment",
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE": "refund",
    "FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC": "order",
}

#: Their names are public, their bodies are not.
_UNDOCUMENTED = (
    "ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS",
    "ORDER_BUYER_VIEW_MODIFY_MEMO",
    "LOGISTICS_OFFICIAL_WAREHOUSE_OUTBOUND",
    "LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE",
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE",
    "FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC",
)

# The official sample of the order detail has an id whose number lost digits that idOfStr still has.
ORDER_DETAIL = (Field("baseInfo.idOfStr"), Field("baseInfo.id"))
FLAT = (Field("orderId"),)
BATCH_PAY = (Field("batchPay[].orderId"),)
TRACE = (Field("OrderLogisticsTracingModel.orderLogsItems[].orderId"),)
MAIL_NO = (Field("MailNoChangeModel.orderLogsItems[].orderId"),)
REFUNDS = (Field("refundId"),)
TIMES = (
    Field("baseInfo.modifyTime"),
    Field("msgSendTime"),
    Field("OrderLogisticsTracingModel.changeTime"),
    Field("MailNoChangeModel.eventTime"),
)

#: A body of which nothing is known but that it is 1688's.
ANY: Final = Shape(orders=(*ORDER_DETAIL, *FLAT, *BATCH_PAY, *TRACE, *MAIL_NO), refunds=REFUNDS, times=TIMES)

_SHAPES: Final[Mapping[str, Shape]] = {
    **{
        topic: Shape(orders=ANY.orders, refunds=ANY.refunds, times=ANY.times, documented=False)
        for topic in _UNDOCUMENTED
    },
    "ORDER_BATCH_PAY": Shape(orders=BATCH_PAY),
    "LOGISTICS_BUYER_VIEW_TRACE": Shape(orders=TRACE, times=TIMES),
    "LOGISTICS_MAIL_NO_CHANGE": Shape(orders=MAIL_NO, times=TIMES),
}

_DOCUMENTED: Final = Shape(orders=(*ORDER_DETAIL, *FLAT), refunds=REFUNDS, times=TIMES)


def shape(topic: str) -> Shape:
    """Where a body of this topic names its ids."""
    return _SHAPES.get(topic) or (_DOCUMENTED if topic in TOPICS else ANY)
