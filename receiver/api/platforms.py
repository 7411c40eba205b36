"""Which operation stands for which named method of ``ctx.api``, on which platform."""

from collections.abc import Mapping
from typing import Final

#: Method -> platform -> what may stand for it, the first that can be called. Versions differ in the ids of goods alone.
OPERATIONS: Final[Mapping[str, Mapping[str, tuple[str, ...]]]] = {
    "order_detail": {"1688": ("1688.order.detail",), "taobao": ("taobao.order.detail", "taobao.v2.order.detail")},
    "order_list": {
        "1688": ("1688.v2.order.list", "1688.order.list"),
        "taobao": ("taobao.order.list", "taobao.v2.order.list"),
    },
    "logistics": {
        "1688": ("1688.order.logistics", "1688.v2.order.logistics"),
        "taobao": ("taobao.order.logistics", "taobao.v2.order.logistics"),
    },
    "confirm_receipt": {"1688": ("1688.order.confirm_receipt", "1688.v2.order.confirm_receipt")},
    "cancel_order": {
        "1688": ("1688.order.cancel", "1688.v2.order.cancel"),
        "taobao": ("taobao.order.cancel", "taobao.v2.order.cancel"),
    },
    "refund_list": {"taobao": ("taobao.refund.list", "taobao.v2.refund.list")},
    "refund_detail": {
        "1688": ("1688.refund.query", "1688.v2.refund.query"),
        "taobao": ("taobao.refund.query", "taobao.v2.refund.query"),
    },
    "refund_reasons": {
        "1688": ("1688.refund.reasons", "1688.v2.refund.reasons"),
        "taobao": ("taobao.refund.render", "taobao.v2.refund.render"),
    },
    "create_refund": {
        "1688": ("1688.refund.create", "1688.v2.refund.create"),
        "taobao": ("taobao.refund.submit", "taobao.v2.refund.submit"),
    },
    "cancel_refund": {"taobao": ("taobao.refund.cancel", "taobao.v2.refund.cancel")},
    "return_shipment": {
        "1688": ("1688.refund.submit_return", "1688.v2.refund.submit_return"),
        "taobao": ("taobao.refund.submit_return", "taobao.v2.refund.submit_return"),
    },
    "send_refund_message": {"taobao": ("taobao.refund.submit_message", "taobao.v2.refund.submit_message")},
    "refund_messages": {"taobao": ("taobao.refund.list_messages", "taobao.v2.refund.list_messages")},
}
