"""What a transition makes the platform say: a topic about an order or a refund, as they were then."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from receiver.sandbox.order import Order
from receiver.sandbox.refund import NUMBERS, WORDS, Refund

# Names as on the wire, without the prefix of the pages: upstream samples at
# https://doc-en-ka.xportcn.com/doc-7259275 show them so, beside messagePlatform.
CREATE: Final = "ORDER_CREATE"
CANCEL: Final = "ORDER_CANCEL"
PAY_SUCCESS: Final = "ORDER_PAY_SUCCESS"
PRICE: Final = "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY"
STATUS: Final = "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY"
REFUND: Final = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND"
# 1688's own, where PandaPon's cannot tell what happened: https://open.1688.com/doc/topicDetail.htm?id=TOPIC
PARTLY_SENT: Final = "ORDER_BUYER_VIEW_PART_PART_SENDGOODS"
SELLER_CLOSE: Final = "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE"
PLATFORM_CLOSE: Final = "ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE"


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    topic: str
    at: datetime
    order: Order
    refund: Refund | None = None
    #: 1688's ``refundAction`` and ``operator``.
    action: str | None = None
    operator: str | None = None

    @property
    def subject(self) -> str:
        """The id of the refund or, if it is of none, of the order."""
        return self.refund.id if self.refund else self.order.id

    @property
    def word(self) -> str:
        """The state of that subject, as its platform says it."""
        if self.refund is None:
            return self.order.word
        return str(NUMBERS[self.refund.state]) if self.order.platform == "taobao" else WORDS[self.refund.state]


#: In the order in which they happened.
Told = tuple[News, ...]


class Refused(Exception):
    """The platform does not do that, and says so with a code that is not 200."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


# PandaPon's table of error codes is public in no language; only 200 is sure (https://doc.pandapon.com/doc-5774404).
WRONG_PARAMETER, UNKNOWN, NOT_NOW = 400, 404, 409


def unknown(what: str, which: str) -> Refused:
    return Refused(UNKNOWN, f"{what} {which} does not exist")


def not_now(what: str, state: str) -> Refused:
    return Refused(NOT_NOW, f"{what}: not in state {state}")
