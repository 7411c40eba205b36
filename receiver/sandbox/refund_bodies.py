"""Refunds as the platform writes them, in pushes and in answers: each shape with the page that shows it."""

from datetime import datetime
from typing import Any

from receiver.sandbox.bodies import BUYER, PATIENCE, SELLER, clock_time, milliseconds, number
from receiver.sandbox.order import Order
from receiver.sandbox.refund import NUMBERS, REQUESTS, TYPES, WORDS, Refund


def refund_words(order: Order, refund: Refund, action: str | None, operator: str | None) -> dict[str, Any]:
    """1688's refund. The readable part begins so: https://doc-en-ka.xportcn.com/doc-7259275.

    The rest is 1688's own: https://open.1688.com/doc/topicDetail.htm?id=ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES
    """
    return {
        "refundId": refund.id,
        "orderId": order.id,
        "currentStatus": WORDS[refund.state],
        "refundAction": action,
        "operator": operator,
        "msgSendTime": clock_time(refund.changed),
        "buyerMemberId": BUYER,
        "sellerMemberId": SELLER,
    }


def queried(order: Order, refund: Refund, now: datetime) -> dict[str, Any]:
    """Taobao's refund, as its query answers, with what the sample of a push leaves out."""
    found = aggregate(order, refund, now)
    found["refundOrderAggregate"]["refundOrder"] |= {
        "goodsStatus": number(refund.goods_status),
        "sellerRefuseReasonDescribe": refund.refusal or "",
    }
    return found


def aggregate(order: Order, refund: Refund, now: datetime) -> dict[str, Any]:
    """Taobao's refund: https://doc.pandapon.com/api-250313087."""
    chosen = [line for line in order.lines if line.id in refund.line_ids] or list(order.lines)
    line, deadline = chosen[0], refund.changed + PATIENCE
    returned = refund.parcel and {
        "buyerPhone": "",
        "logisticsCompany": {"logisticCompanyCode": refund.parcel.carrier, "logisticsCompanyName": ""},
        "logisticsNo": refund.parcel.number,
        "receiverAddress": {"detailAddress": "", "phone": "", "receiver": ""},
        "returnGoodsDesc": refund.parcel.description or "",
        "sellerAgreeReturnDescribe": "",
    }
    return {
        "distributorId": "1223655000541",
        "currency": "CNY",
        "refundOrderAggregate": {
            "refundOrder": {
                "refundId": refund.id,
                "refundStatus": NUMBERS[refund.state],
                "refundType": TYPES[refund.kind],
                "refundFee": refund.amount,
                "reasonId": refund.reason_id,
                "reasonDesc": refund.reason,
                "refundDesc": refund.description,
                "sellerRefuseReason": refund.refusal or "",
                "timeoutDate": milliseconds(deadline),
                "remainingTime": max(0, milliseconds(deadline) - milliseconds(now)),
            },
            "purchaseOrderLine": {
                "salesOrderId": order.id,
                "purchaseOrderId": order.id,
                "purchaseOrderLineId": line.id,
                "currency": "CNY",
                "itemTitle": line.title,
                "quantity": line.quantity,
                "productFee": line.amount,
                "postFee": order.shipping_fee,
                "totalPrice": order.total,
                "createTime": milliseconds(order.created),
            },
            "logistics": returned,
        },
    }


def refund_info(order: Order, refund: Refund) -> dict[str, Any]:
    """1688's refund, as its query answers: https://doc-vnm.pandapon.com/api-250496578.

    The page is cut off after ``buyerUserId``; what follows has the names of 1688's own query.
    """
    return {
        "id": int(refund.id.removeprefix("TQ")),
        "createBy": "sandbox",
        "createById": 1,
        "createTime": clock_time(refund.created),
        "updateBy": "sandbox",
        "updateById": 1,
        "updateTime": clock_time(refund.changed),
        "remark": refund.description,
        "alipayPaymentId": "",
        "applyCarriage": 0,
        "applyExpect": refund.amount,
        "applyPayment": refund.amount,
        "applyReason": refund.reason,
        "applyReasonId": refund.reason_id,
        "applySubReason": "",
        "applySubReasonId": 0,
        "buyerAlipayId": "",
        "buyerLogisticsName": refund.parcel.carrier if refund.parcel else None,
        "buyerMemberId": BUYER,
        "buyerSendGoods": refund.parcel is not None,
        "buyerUserId": 0,
        "disputeRequest": REQUESTS[refund.kind],
        "freightBill": refund.parcel.number if refund.parcel else None,
        "goodsReceived": refund.state in ("returned", "succeeded"),
        "goodsStatus": refund.goods_status,
        "orderId": order.id,
        "refundId": refund.id,
        "status": WORDS[refund.state],
    }
