"""All that the fake platform holds. Pure: ids come from a seed, the time from a clock that is passed in.

Where it is to outlive the process, the mappings that it is held in see to that.
"""

import threading
from collections.abc import Callable, MutableMapping
from dataclasses import replace
from datetime import UTC, datetime
from random import Random
from typing import Final

from receiver.sandbox.news import News
from receiver.sandbox.order import Order
from receiver.sandbox.orders import Orders
from receiver.sandbox.refund import Refund
from receiver.sandbox.refunds import Refunds

_FIRST_19_DIGITS: Final = 10**18


class Ids:
    """Ids that look like the platform's, the same for the same seed."""

    def __init__(self, seed: int, posts: int) -> None:
        self._random = Random(f"yizhan sandbox {seed}")  # noqa: S311 - it must repeat itself
        self._given: set[int] = set()
        self._posts = posts

    def number(self) -> str:
        """19 digits, as an order of 1688 has them: beyond what a float can hold."""
        # Up to 2**63: a platform that is written in Java keeps them as a long.
        while (number := self._random.randrange(3 * _FIRST_19_DIGITS, 2**63)) in self._given:
            pass
        self._given.add(number)
        return str(number)

    def short(self) -> str:
        """12 digits, as Taobao's refunds and all but the orders have them."""
        return self.number()[-12:].replace("0", "1", 1).rjust(12, "2")

    def post(self) -> str:
        self._posts += 1
        return f"{self._posts}"


def now() -> datetime:
    return datetime.now(UTC)


class State:
    def __init__(
        self,
        *,
        seed: int = 0,
        clock: Callable[[], datetime] = now,
        orders: MutableMapping[str, Order] | None = None,
        refunds: MutableMapping[str, Refund] | None = None,
    ) -> None:
        #: For whoever reads or changes it while others may.
        self.lock = threading.RLock()
        self.clock = clock
        held = {} if refunds is None else refunds
        ids = Ids(seed, posts=sum(len(refund.thread) for refund in held.values()))
        self.orders = Orders(ids, clock, {} if orders is None else orders)
        self.refunds = Refunds(ids, clock, self.orders, held)

    def newest(self, news: News) -> News:
        """The same topic, told of what has become of its order and refund since."""
        return replace(
            news,
            order=self.orders.get(news.order.id),
            refund=self.refunds.get(news.refund.id) if news.refund else None,
        )
