"""The words of PandaPon: 1688's and Taobao's, and those of xportcn, which runs the same system.

https://doc-en-ka.xportcn.com/doc-7259275 (topics, statuses in words), https://doc-en-ka.xportcn.com/doc-8873281 (in
numbers).
"""

from collections.abc import Mapping
from typing import Final

from receiver.events import (
    OrderClosed,
    OrderCreated,
    OrderPaid,
    OrderShipped,
    OrderStatusChanged,
    RefundChanged,
)
from receiver.events.orders import ClosedBy
from receiver.sources import words_1688, words_taobao
from receiver.sources.topic import Topic, Words, becomes, topic

ORDER_STATUSES: Final[Words] = {
    "WAITING_FOR_PAYMENT": becomes(OrderStatusChanged, progress=5),
    "WAITING_FOR_SENT": becomes(OrderPaid),
    "CANCEL": becomes(OrderClosed),
    "12": becomes(OrderStatusChanged, progress=0),
    "0": becomes(OrderStatusChanged, progress=5),
    # Between the buyer's payment and the seller's stands the platform's finance, which may still refuse: "paid" is when
    # the seller has the order to ship.
    "1": becomes(OrderStatusChanged, progress=20),
    "2": becomes(OrderStatusChanged, progress=22),
    "5": becomes(OrderStatusChanged, progress=24),
    # Refused: back to where? It does not say.
    "3": becomes(OrderStatusChanged),
    "10": becomes(OrderPaid),
    "11": becomes(OrderShipped),
    "4": becomes(OrderClosed),
    "9": becomes(OrderStatusChanged),
}

#: The one reason that a page shows.
CLOSED_BY: Final[Mapping[str, ClosedBy]] = {"buyer_cancel": "buyer"}

#: An open set: the pages of the changed status do not show its name, and others may follow.
TOPICS: Final[Mapping[str, Topic]] = {
    **words_1688.TOPICS,
    "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY": topic(
        OrderStatusChanged,
        statuses={**words_1688.ORDER_STATUSES, **words_taobao.ORDER_STATUSES, **ORDER_STATUSES},
    ),
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND": topic(
        RefundChanged,
        actions=words_1688.REFUND_ACTIONS,
        statuses={**words_1688.REFUND_STATUSES, **words_taobao.REFUND_STATUSES},
        progress=None,
    ),
    "ORDER_CREATE": topic(OrderCreated),
    "ORDER_CANCEL": topic(OrderClosed),
    "ORDER_PAY_SUCCESS": topic(OrderPaid),
}
