"""News as PandaPon's messages: https://doc-en.pandapon.com/doc-6055772."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Literal

import orjson

from receiver.sandbox import bodies, news, refund_bodies
from receiver.sandbox.news import News


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """What the pages leave open."""

    #: ``messageBody`` as JSON text, as in https://doc-en-ka.xportcn.com/doc-7259275, or as an object, as in
    #: https://doc-en.pandapon.com/api-263477629.
    form: Literal["text", "object"] = "text"
    #: 1688's changed price: the order as PandaPon's page has it, or the small body that xportcn's has.
    price: Literal["detail", "flat"] = "detail"


DEFAULT: Final = Wire()


def message(told: News, pushed: datetime, wire: Wire = DEFAULT) -> bytes:
    """What ``Source.sign`` takes."""
    body = _body(told, pushed, wire)
    return orjson.dumps(
        {
            "messageType": told.topic,
            "messageBody": orjson.dumps(body).decode() if wire.form == "text" else body,
            "messagePlatform": 0 if told.order.platform == "taobao" else 1,
            "timestamp": str(bodies.milliseconds(pushed)),
        }
    )


def _body(told: News, pushed: datetime, wire: Wire) -> dict[str, Any]:
    if told.order.platform == "taobao":
        return _of_taobao(told, pushed)
    if told.topic == news.PRICE and wire.price == "flat":
        return bodies.flat(told.order)
    return _OF_1688[told.topic](told)


def _of_taobao(told: News, pushed: datetime) -> dict[str, Any]:
    order = told.order
    if told.refund:
        return refund_bodies.aggregate(order, told.refund, pushed)
    rows = [bodies.sub_order(order, line) for line in order.lines]
    if told.topic == news.PRICE:
        price = {  # https://wiki-en.dajisaas.com/doc-4966230, message 8
            "purchaseCurrency": "CNY",
            "purchaseTotalFee": order.total,
            "purchaseProductFee": order.goods_amount,
            "purchaseShippingFee": order.shipping_fee,
        }
        return {"salesOrderId": order.id, "subOrders": rows, "purchaseOrderPriceDTO": price}
    for row, line in zip(rows, order.lines, strict=True):
        row["status"] = order.line_word(line)
    return {"salesOrderId": order.id, "subOrders": rows, "status": order.word}


def _flat(told: News) -> dict[str, Any]:
    return bodies.flat(told.order)


def _detail(told: News) -> dict[str, Any]:
    return bodies.detail(told.order)


def _refund(told: News) -> dict[str, Any]:
    if told.refund is None:
        raise LookupError(told.topic)
    return refund_bodies.refund_words(told.order, told.refund, told.action, told.operator)


def _topic_of_1688(told: News) -> dict[str, Any]:
    """https://open.1688.com/doc/topicDetail.htm?id=TOPIC; the order's id is a number there."""
    return {
        "orderId": int(told.order.id),
        "currentStatus": told.order.word,
        "msgSendTime": bodies.clock_time(told.order.changed),
        "buyerMemberId": bodies.BUYER,
        "sellerMemberId": bodies.SELLER,
    }


_OF_1688: Final[Mapping[str, Callable[[News], dict[str, Any]]]] = {
    news.CREATE: _flat,
    news.CANCEL: _flat,
    news.PAY_SUCCESS: _flat,
    news.PRICE: _detail,
    news.STATUS: _detail,
    news.REFUND: _refund,
    news.PARTLY_SENT: _topic_of_1688,
    news.SELLER_CLOSE: _topic_of_1688,
    news.PLATFORM_CLOSE: _topic_of_1688,
}
