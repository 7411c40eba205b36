"""Orders as the platform writes them, in pushes and in answers: each shape with the page that shows it."""

from datetime import datetime, timedelta
from typing import Any

from receiver.sandbox.order import FLAT_WORDS, Line, Order
from receiver.sources.moments import BEIJING

#: Unpaid orders are closed after so long.
PATIENCE = timedelta(days=7)
#: Digits that always fit into 64 bits.
LONG = 18
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
        "productID": number(line.item_id),
        "skuID": number(line.sku_id),
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


def number(text: str) -> int:
    """Made-up ids may be texts, or longer than the platform's long integers: those have no number."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= LONG else 0
