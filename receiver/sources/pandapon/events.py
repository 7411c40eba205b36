"""What PandaPon's messages say. Envelope: https://doc-en.pandapon.com/doc-6055772; bodies: see each shape.

xportcn runs the same system, and its full samples are the best picture of the real bytes:
https://doc-en-ka.xportcn.com/doc-7259275
"""

from collections.abc import Mapping
from typing import Any, Final

from receiver import exact
from receiver.envelope import Platform, StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import Event
from receiver.sources import body_1688, message, numbered
from receiver.sources.fields import Field
from receiver.sources.interpret import interpret
from receiver.sources.message import Message, Shape, parsed_object, required_topic
from receiver.sources.pandapon.words import CLOSED_BY, TOPICS
from receiver.sources.reading import Readings, fen, first, lines, merged, text, whole, word

_PLATFORMS: Final[Mapping[str, Platform]] = {"0": "taobao", "1": "1688"}

#: The pages show the topic behind such a prefix, the sibling's samples without.
_PREFIXES: Final[Mapping[str, Platform]] = {"TAOBAO_": "taobao", "1688_": "1688"}

# A Taobao order is known by its salesOrderId, "Taobao order number" at https://doc-en.pandapon.com/api-263477629. The
# price body also names subOrders[].purchase_order_outer_id, but a refund names salesOrderId alone, and all that
# concerns one order must meet under one id: so that number is never taken, not even where salesOrderId is missing.
_TAOBAO_ORDERS = (
    Field("salesOrderId"),
    Field("refundOrderAggregate.purchaseOrderLine.salesOrderId"),
    *body_1688.FLAT,
)
_REFUNDS = (*body_1688.REFUNDS, Field("refundOrderAggregate.refundOrder.refundId"))

_TAOBAO: Final = Shape(orders=_TAOBAO_ORDERS, refunds=_REFUNDS, times=body_1688.TIMES)
_EITHER: Final = Shape(orders=(*_TAOBAO_ORDERS[:2], *body_1688.ANY.orders), refunds=_REFUNDS, times=body_1688.TIMES)
_XPORTCN: Final[Mapping[str, Shape]] = {
    # The flat body dates only the order's creation and its payment: https://doc-en-ka.xportcn.com/doc-7259275
    "ORDER_CREATE": Shape(orders=body_1688.ANY.orders, times=(*body_1688.TIMES, Field("tbCreateTime"))),
    "ORDER_PAY_SUCCESS": Shape(orders=body_1688.ANY.orders, times=(*body_1688.TIMES, Field("payTime"))),
}

_REFUND_ORDER = "refundOrderAggregate.refundOrder"

#: The flat body of xportcn, and Taobao's, whose lines are named as in Taobao Global's order query; only some of those
#: names are visible at https://doc-en.pandapon.com/api-263477629. Both count in fen.
_OWN: Final[Readings] = {
    "order": {
        "order_no": text("orderNo"),
        "status": first(text("orderStatus"), text("status")),
        "total": fen("totalAmount"),
        "goods_amount": fen("productAmount"),
        "shipping_fee": fen("shippingFee"),
        "lines": lines(
            "subOrders",
            {
                "id": first(text("purchase_order_line_outer_id"), text("sub_purchase_order_id")),
                "item_id": text("item_id"),
                "sku_id": text("sku_id"),
                "quantity": whole("quantity"),
                "status": text("status"),
                "amount": fen("product_amount", "purchase_currency"),
                "carrier": text("logistic_company_name"),
                "tracking_number": text("logistic_number"),
            },
        ),
        "reason": text("closeReason"),
        "closed_by": word("closeReason", CLOSED_BY),
    },
    "refund": {
        "status": first(text(f"{_REFUND_ORDER}.refundStatus"), text("refundStatus")),
        "amount": first(fen(f"{_REFUND_ORDER}.refundFee", "currency"), fen("refundAmount")),
    },
}
READINGS: Final = merged(body_1688.READINGS, _OWN, {"order": numbered.PRICE})


def read(payload: bytes) -> Message:
    """Raises ``Undecodable`` for what is no object or names no topic; any other fault is noted in the message."""
    content = parsed_object(payload, "body")
    topic, platform = _topic(content)
    return message.read(
        topic=topic,
        platform=platform,
        known=TOPICS.get(topic),
        content=content,
        at="messageBody",
        shape=_shape(topic, platform),
    )


def decode(envelope: StoredEnvelope) -> tuple[Event, ...]:
    return interpret(read(envelope.payload), envelope, READINGS)


def _topic(content: Mapping[str, Any]) -> tuple[str, Platform | None]:
    """Topic without prefix, and platform: by number (which may be text), or where there is none, by prefix."""
    topic = required_topic(content.get("messageType"), "messageType")
    implied: Platform | None = None
    for prefix, platform in _PREFIXES.items():
        if topic.startswith(prefix):
            topic, implied = topic.removeprefix(prefix), platform
            break
    if not topic:
        raise Undecodable("messageType", "expected the name of a topic")
    number = exact.identifier(content.get("messagePlatform"))
    return topic, implied if number is None else _PLATFORMS.get(number)


def _shape(topic: str, platform: Platform | None) -> Shape:
    if platform == "taobao":
        return _TAOBAO
    if topic in _XPORTCN:
        return _XPORTCN[topic]
    shape = body_1688.shape(topic)
    return shape if platform == "1688" or not shape.documented else _EITHER
