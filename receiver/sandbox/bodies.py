"""Orders and refunds as the platform writes them, in pushes and in answers: each shape with the page that shows it."""

from datetime import datetime, timedelta
from typing import Any

from receiver.sandbox.order import FLAT_WORDS, Line, Order
from receiver.sandbox.refund import NUMBERS, REQUESTS, TYPES, WORDS, Refund
from receiver.sources.moments import BEIJING

#: Unpaid orders are closed after so long; a refund that nobody answers, too.
PATIENCE = timedelta(days=7)
BUYER, SELLER = "b2b-2248544159", "b2b-2248564064"


def flat(order: Order) -> dict[str, Any]:
    """The small body of xportcn; fen: https://doc-en-ka.xportcn.com/doc-7259275."""
    return {
        "orderId": order.id,
        "orderNo": order.order_no,
        "orderStatus": FLAT_WORDS[order.stage],
        "payStatus": 1 if order.paid is None else 2,
        "totalAmount": order.total,
        "shippingFee": order.shipping_fee,
        "productAmount": order.goods_amount,
        "refundAmount": order.refunded,
        "refundStatus": None,
        "closeReason": order.close_reason,
        "tbCreateTime": clock_time(order.created),
        "payTime": clock_time(order.paid) if order.paid else None,
    }


def detail(order: Order) -> dict[str, Any]:
    """1688's order as its buyer sees it; yuan: https://doc-en.pandapon.com/api-263477659."""
    base = {
        "businessType": "cn",
        "buyerID": BUYER,
        "sellerID": SELLER,
        "createTime": compact_time(order.created),
        "modifyTime": compact_time(order.changed),
        # As in the platform's own sample, the number has lost digits that the text still has.
        "id": int(float(order.id)),
        "idOfStr": order.id,
        "status": order.word,
        "tradeType": "50060",
        "refund": _yuan(order.refunded),
        "refundPayment": _yuan(order.refunded),
        "shippingFee": _yuan(order.shipping_fee),
        "totalAmount": _yuan(order.total),
        "discount": 0,
        "sumProductPayment": _yuan(order.goods_amount),
        "stepPayAll": False,
    }
    if order.paid:
        base["payTime"] = compact_time(order.paid)
    if order.close_reason:
        base["closeReason"] = order.close_reason
    return {
        "guaranteesTerms": {"assuranceType": "qtwlybt", "qualityAssuranceType": "7天无理由退货"},
        "nativeLogistics": {
            "area": "滨江区",
            "areaCode": "330108",
            "city": "杭州市",
            "province": "浙江省",
            "zip": "312000",
            "logisticsItems": [],
        },
        "productItems": [_product(order, line) for line in order.lines],
        "tradeTerms": [],
        "extAttributes": [],
        "orderRateInfo": {},
        "orderInvoiceInfo": None,
        "customs": None,
        "overseasExtraAddress": None,
        "baseInfo": base,
        "orderBizInfo": {},
    }


def _product(order: Order, line: Line) -> dict[str, Any]:
    return {
        "itemAmount": _yuan(line.amount),
        "price": _yuan(line.amount / line.quantity),
        "quantity": line.quantity,
        "status": order.line_word(line),
        "refund": 0,
        "subItemIDString": line.id,
        "productID": _number(line.item_id),
        "skuID": _number(line.sku_id),
        "name": line.title,
    }


def sub_order(order: Order, line: Line) -> dict[str, Any]:
    """Of Taobao: the fields that are visible at https://doc-en.pandapon.com/api-263477629; fen in text."""
    return {
        "purchase_order_outer_id": order.id,
        "purchase_order_line_outer_id": line.id,
        "close_time_without_payment": clock_time(order.created + PATIENCE),
        "detail_error_code": "",
        "product_amount": str(line.amount),
        "logistic_company_name": line.shipment.carrier if line.shipment else "",
        "logistic_number": line.shipment.number if line.shipment else "",
        "quantity": line.quantity,
    }


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


def aggregate(order: Order, refund: Refund, now: datetime) -> dict[str, Any]:
    """Taobao's refund, as its query answers: https://doc.pandapon.com/api-250313087."""
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
    """1688's refund, as its query answers: https://doc-vnm.pandapon.com/api-250496578, the last seven by 1688's own."""
    return {
        "id": _number(refund.id.removeprefix("TQ")),
        "createTime": clock_time(refund.created),
        "updateTime": clock_time(refund.changed),
        "remark": refund.description,
        "applyCarriage": 0,
        "applyPayment": refund.amount,
        "applyReason": refund.reason,
        "applyReasonId": refund.reason_id,
        "buyerLogisticsName": refund.parcel.carrier if refund.parcel else None,
        "buyerMemberId": BUYER,
        "buyerSendGoods": refund.parcel is not None,
        "disputeRequest": REQUESTS[refund.kind],
        "freightBill": refund.parcel.number if refund.parcel else None,
        "goodsReceived": refund.state in ("returned", "succeeded"),
        "goodsStatus": refund.goods_status,
        "orderId": order.id,
        "refundId": refund.id,
        "status": WORDS[refund.state],
    }


def clock_time(time: datetime) -> str:
    return f"{time.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def compact_time(time: datetime) -> str:
    return f"{time.astimezone(BEIJING):%Y%m%d%H%M%S}{time.microsecond // 1000:03}+0800"


def milliseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1000 + time.microsecond // 1000


def _yuan(fen: float) -> float:
    """A whole number of yuan is written as one, as in the samples."""
    yuan = round(fen / 100, 4)
    return int(yuan) if yuan == int(yuan) else yuan


def _number(text: str) -> int:
    return int(text) if text.isdigit() else 0
