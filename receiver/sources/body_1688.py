"""Business bodies of 1688, which reach us by 1688 itself and by those who pass them on.

Flat bodies as of https://open.1688.com/doc/topicDetail.htm?id=TOPIC, and the order detail, which PandaPon sends for a
changed price: https://doc-en.pandapon.com/api-263477659.
"""

from collections.abc import Mapping
from typing import Any, Final

from receiver.sources.fields import Field, down
from receiver.sources.message import Shape
from receiver.sources.reading import Readings, fen, first, lines, text, whole, word, yuan
from receiver.sources.words_1688 import TOPICS, UNDOCUMENTED

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
        for topic in UNDOCUMENTED
    },
    "ORDER_BATCH_PAY": Shape(orders=BATCH_PAY),
    "LOGISTICS_BUYER_VIEW_TRACE": Shape(orders=TRACE, times=TIMES),
    "LOGISTICS_MAIL_NO_CHANGE": Shape(orders=MAIL_NO, times=TIMES),
}

_DOCUMENTED: Final = Shape(orders=(*ORDER_DETAIL, *FLAT), refunds=REFUNDS, times=TIMES)


def shape(topic: str) -> Shape:
    """Where a body of this topic names its ids."""
    return _SHAPES.get(topic) or (_DOCUMENTED if topic in TOPICS else ANY)


def _stage(body: Any, _: Any) -> int | None:
    """The last stage that is paid (2), or whose money has gone on to the seller (6): stepOrderList of the detail."""
    steps = down(body, ("baseInfo", "stepOrderList"))
    if not isinstance(steps, list):
        return None
    paid = (step for step in steps if isinstance(step, dict) and step.get("stepPayStatus") in (2, 6))
    return max((step["stepNo"] for step in paid if type(step.get("stepNo")) is int), default=None)


#: Yuan all over the detail, but for the discount: see ``amounts``.
READINGS: Final[Readings] = {
    "order": {
        "status": first(text("baseInfo.status"), text("currentStatus")),
        "total": yuan("baseInfo.totalAmount"),
        "goods_amount": yuan("baseInfo.sumProductPayment"),
        "shipping_fee": yuan("baseInfo.shippingFee"),
        "discount": fen("baseInfo.discount"),
        "lines": lines(
            "productItems",
            {
                "id": first(text("subItemIDString"), text("subItemID")),
                "item_id": text("productID"),
                "sku_id": text("skuID"),
                "quantity": whole("quantity"),
                "status": text("status"),
                "amount": yuan("itemAmount"),
            },
        ),
        "reason": text("baseInfo.closeReason"),
        "stage": _stage,
        "result": text("batchPay[].status"),
        "succeeded": word("batchPay[].status", {"successed": True}),
    },
    "refund": {"action": text("refundAction"), "operator": text("operator"), "status": text("currentStatus")},
    "shipment": {
        "logistics_id": first(text("OrderLogisticsTracingModel.logisticsId"), text("MailNoChangeModel.logisticsId")),
        "status": text("OrderLogisticsTracingModel.statusChanged"),
        "carrier": first(text("OrderLogisticsTracingModel.cpCode"), text("MailNoChangeModel.newCpCode")),
        "tracking_number": first(text("OrderLogisticsTracingModel.mailNo"), text("MailNoChangeModel.newMailNo")),
        "old_carrier": text("MailNoChangeModel.oldCpCode"),
        "new_carrier": text("MailNoChangeModel.newCpCode"),
        "old_tracking_number": text("MailNoChangeModel.oldMailNo"),
        "new_tracking_number": text("MailNoChangeModel.newMailNo"),
    },
}
