"""An order as the platform holds it, and what its stages are called on Taobao and on 1688."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from receiver.envelope import Platform

Stage = Literal["unpaid", "paid", "shipped", "received", "completed", "closed"]
#: Who can end or answer something.
Party = Literal["buyer", "seller", "platform"]

#: 1688: https://doc-vnm.pandapon.com/project-4008853/api-147289688. Taobao: https://wiki-en.dajisaas.com/doc-4966230
#: (WAIT_BUYER_P is no mistake of ours), which ends with the goods on their way; TRADE_FINISHED is Taobao's own word.
WORDS: Final[Mapping[Platform, Mapping[Stage, str]]] = {
    "1688": {
        "unpaid": "waitbuyerpay",
        "paid": "waitsellersend",
        "shipped": "waitbuyerreceive",
        "received": "confirm_goods",
        "completed": "success",
        "closed": "cancel",
    },
    "taobao": {
        "unpaid": "WAIT_BUYER_P",
        "paid": "WAIT_SELLER_SEND_GOODS",
        "shipped": "WAIT_BUYER_CONFIRM_GOODS",
        "received": "TRADE_FINISHED",
        "completed": "TRADE_FINISHED",
        "closed": "TRADE_CLOSED",
    },
}

#: The words of xportcn's flat body: https://doc-en-ka.xportcn.com/doc-7259275 shows the first two and the last; those
#: between are put together after their pattern.
FLAT_WORDS: Final[Mapping[Stage, str]] = {
    "unpaid": "WAITING_FOR_PAYMENT",
    "paid": "WAITING_FOR_SENT",
    "shipped": "WAITING_FOR_RECEIVE",
    "received": "RECEIVED",
    "completed": "SUCCESS",
    "closed": "CANCEL",
}

#: The numbers of Taobao's orders in API answers: https://doc-en-ka.xportcn.com/doc-8873281. 9 is "other".
NUMBERS: Final[Mapping[Stage, int]] = {
    "unpaid": 0,
    "paid": 10,
    "shipped": 11,
    "received": 9,
    "completed": 9,
    "closed": 4,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Shipment:
    carrier: str
    number: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    id: str
    item_id: str
    sku_id: str
    title: str
    quantity: int
    #: Fen, for all of the line.
    amount: int
    shipment: Shipment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    #: 19 digits. On Taobao the ``salesOrderId``.
    id: str
    #: The team's own number, "PO…".
    order_no: str
    #: Whose it is: no other account sees it.
    account: str
    platform: Platform
    lines: tuple[Line, ...]
    #: Fen.
    shipping_fee: int
    stage: Stage = "unpaid"
    created: datetime
    changed: datetime
    paid: datetime | None = None
    #: Fen, of refunds that succeeded.
    refunded: int = 0
    closed_by: Party | None = None
    close_reason: str | None = None

    @property
    def goods_amount(self) -> int:
        return sum(line.amount for line in self.lines)

    @property
    def total(self) -> int:
        return self.goods_amount + self.shipping_fee

    @property
    def word(self) -> str:
        """Its stage as its platform says it."""
        return WORDS[self.platform][self.stage]

    def line_word(self, line: Line) -> str:
        """A line may be on its way while the order waits for the rest."""
        ahead = self.stage == "paid" and line.shipment is not None
        return WORDS[self.platform]["shipped" if ahead else self.stage]
