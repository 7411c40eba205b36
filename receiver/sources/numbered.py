"""Messages under a number: ``message_type`` and ``data``, as Taobao Global writes them and dajisaas passes them on.

https://jaq-doc.alibaba.com/docs/doc.htm?articleId=119493&docType=1&treeId=735, https://wiki-en.dajisaas.com/doc-4966230
"""

from collections.abc import Mapping
from typing import Any, Final

from receiver.envelope import Platform
from receiver.events import OrderClosed, OrderPriceChanged, OrderStatusChanged, RefundChanged
from receiver.sources.fields import Field
from receiver.sources.message import Shape
from receiver.sources.reading import Readings, fen, first, lines, text
from receiver.sources.topic import Topic, becomes, topic
from receiver.sources.words_taobao import ORDER_STATUSES, REFUND_STATUSES

TOPICS: Final[Mapping[str, Topic]] = {
    # Lazada's, on the same engine: a trade order, or one of its reverse orders. Its page shows one status only, and
    # whether that closes the reverse order or, by it, the order, it does not say.
    "0": topic(
        OrderStatusChanged,
        statuses={"canceled": becomes(OrderClosed)},
        reverse=topic(RefundChanged, progress=None),
    ),
    "3": topic(OrderStatusChanged, statuses=ORDER_STATUSES),
    "8": topic(OrderPriceChanged),
    "9": topic(RefundChanged, statuses=REFUND_STATUSES, progress=None),
}

TYPE = "message_type"
DATA = "data"
#: Seconds or milliseconds, by type; a redelivery may change it.
PUSH_TIME = "timestamp"

_PURCHASE = (Field("purchase_id"), Field("purchaseOrderId"))
_TRADE = (Field("trade_order_id"),)
_REFUND = (Field("refund_id"), Field("reverse_order_id"))
_REVERSE = (Field("reverse_order_id"),)
_TIMES = (Field("business_time"), Field("status_update_time"))

ANY: Final = Shape(orders=(*_PURCHASE, *_TRADE), refunds=_REFUND, times=_TIMES)

_SHAPES: Final[Mapping[str, Shape]] = {
    "0": Shape(orders=_TRADE, refunds=_REVERSE, times=_TIMES),
    "3": Shape(orders=_PURCHASE, times=_TIMES),
    "8": Shape(orders=_PURCHASE[::-1], times=_TIMES),
}

_CURRENCY = "purchaseOrderPriceDTO.purchaseCurrency"

#: The price object of type 8 is also in PandaPon's body of a changed price. Fen.
PRICE: Final = {
    "total": fen("purchaseOrderPriceDTO.purchaseTotalFee", _CURRENCY),
    "goods_amount": fen("purchaseOrderPriceDTO.purchaseProductFee", _CURRENCY),
    "shipping_fee": fen("purchaseOrderPriceDTO.purchaseShippingFee", _CURRENCY),
}

READINGS: Final[Readings] = {
    "order": {
        "order_no": text("outer_purchase_id"),
        "status": first(text("status"), text("order_status")),
        **PRICE,
        "lines": first(
            lines(
                "sku_list",
                {
                    "id": text("order_line_no"),
                    "item_id": text("item_id"),
                    "sku_id": text("sku_id"),
                    "status": text("status"),
                    "carrier": text("logistic_company_name"),
                    "tracking_number": text("logistic_number"),
                },
            ),
            lines("purchaseOrderLinePriceChangeMessageDTOList", {"id": text("purchaseOrderLineId")}),
        ),
    },
    "refund": {"status": first(text("refund_status"), text("order_status"))},
}


def shape(topic: str) -> Shape:
    """Where the data of this type names its ids."""
    return _SHAPES.get(topic, ANY)


def known(topic: str, content: Mapping[str, Any]) -> Topic | None:
    """The row of this type."""
    row, data = TOPICS.get(topic), content.get(DATA)
    if (
        row is not None
        and row.reverse is not None
        and isinstance(data, dict)
        and data.get("reverse_order_id") is not None
    ):
        return row.reverse
    return row


def platform(content: Mapping[str, Any]) -> Platform | None:
    """Taobao, unless the site is another's: Lazada runs on the same engine."""
    site = content.get("site")
    if isinstance(site, str) and site.strip() and not site.strip().lower().startswith("taobao"):
        return None
    return "taobao"


def without_push_time(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != PUSH_TIME}
