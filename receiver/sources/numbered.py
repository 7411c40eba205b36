"""Messages under a number: ``message_type`` and ``data``, as Taobao Global writes them and dajisaas passes them on.

https://jaq-doc.alibaba.com/docs/doc.htm?articleId=119493&docType=1&treeId=735, https://wiki-en.dajisaas.com/doc-4966230
"""

from collections.abc import Mapping
from typing import Any, Final

from receiver.envelope import Platform
from receiver.sources.fields import Field
from receiver.sources.message import Family, Shape

#: 0 is Lazada's: a trade order, or one of its reverse orders, as the body tells. 3 status, 8 price, 9 reverse order.
TOPICS: Final[Mapping[str, Family]] = {"0": "order", "3": "order", "8": "order", "9": "refund"}

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


def shape(topic: str) -> Shape:
    """Where the data of this type names its ids."""
    return _SHAPES.get(topic, ANY)


def family(topic: str, content: Mapping[str, Any]) -> Family | None:
    data = content.get(DATA)
    if topic == "0" and isinstance(data, dict) and data.get("reverse_order_id") is not None:
        return "refund"
    return TOPICS.get(topic)


def platform(content: Mapping[str, Any]) -> Platform | None:
    """Taobao, unless the site is another's: Lazada runs on the same engine."""
    site = content.get("site")
    if isinstance(site, str) and site.strip() and not site.strip().lower().startswith("taobao"):
        return None
    return "taobao"


def without_push_time(content: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in content.items() if key != PUSH_TIME}
