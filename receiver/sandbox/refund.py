"""A refund as the platform holds it, with its thread of messages, and what its states are called.

1688: https://open.1688.com/api/apidocdetail.htm?id=com.alibaba.trade:alibaba.trade.get.buyerView-1
(baseInfo.refundStatus). Taobao: https://doc-en-ka.xportcn.com/doc-8873281.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from receiver.sandbox.order import Party

#: ``returning``: the goods are on their way back; ``returned``: the seller has them, the money is still to come.
State = Literal["requested", "rejected", "agreed", "returning", "returned", "succeeded", "closed"]
#: The money alone, or the money for the goods.
Kind = Literal["money", "return"]

ENDED: Final = frozenset[State]({"succeeded", "closed"})

WORDS: Final[Mapping[State, str]] = {
    "requested": "waitselleragree",
    "rejected": "waitbuyermodify",
    "agreed": "waitbuyersend",
    "returning": "waitsellerreceive",
    "returned": "waitsellerreceive",
    "succeeded": "refundsuccess",
    "closed": "refundclose",
}

NUMBERS: Final[Mapping[State, int]] = {
    "requested": 10,
    "rejected": -10,
    "agreed": 20,
    "returning": 30,
    "returned": 30,
    "succeeded": 100,
    "closed": -20,
}

#: Taobao's refundType: 1 money only, 2 return and refund (github.com/Mlegbder/taobao-global).
TYPES: Final[Mapping[Kind, int]] = {"money": 1, "return": 2}
#: 1688's disputeRequest, of its alibaba.trade.createRefund; the values are in mirrors: github.com/bububa/go1688
REQUESTS: Final[Mapping[Kind, str]] = {"money": "refund", "return": "returnRefund"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One message in the thread of a refund."""

    id: str
    author: Party
    text: str
    images: str | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Parcel:
    """The goods on their way back."""

    carrier: str
    number: str
    description: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Refund:
    #: "TQ…" on 1688 (https://doc-en.pandapon.com/api-263477657), a number on Taobao.
    id: str
    order_id: str
    account: str
    #: Which lines; none is the whole order.
    line_ids: tuple[str, ...]
    kind: Kind
    #: Fen.
    amount: int
    reason_id: int
    reason: str
    description: str
    #: As it was asked with; Taobao's is a number.
    goods_status: str
    state: State = "requested"
    created: datetime
    changed: datetime
    #: Why the seller said no.
    refusal: str | None = None
    #: The platform's customer service has been called in.
    intervention: bool = False
    parcel: Parcel | None = None
    thread: tuple[Post, ...] = ()
