"""However the platform shuffles, repeats and delays an order's life: what a handler sees never goes back.

Each example is one order (fresh ids in one store): its life as the source tells it, in any order of arrival, with
copies pushed again, while the worker runs now and then.
"""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, pairwise
from pathlib import Path

import orjson
import pytest
from builders import account, new_order_id
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from receiver import Context, Router
from receiver.api import Apis
from receiver.deliver import Deliverer
from receiver.deliveries import Offer
from receiver.dispatch import dispatch
from receiver.events import OrderEvent
from receiver.metrics import Metrics
from receiver.offer import offer
from receiver.shares import Shares
from receiver.sources import SOURCES
from receiver.standing import compare
from receiver.store.sqlite import SqliteStore

#: Each step of a life: the source's topic and status, in the order in which they happen.
LIVES = {
    "alibaba1688": (
        ("ORDER_BUYER_VIEW_BUYER_MAKE", "waitbuyerpay"),
        ("ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY", "waitbuyerpay"),
        ("ORDER_BUYER_VIEW_ORDER_PAY", "waitsellersend"),
        ("ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS", "waitbuyerreceive"),
        ("ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS", "confirm_goods_and_has_subsidy"),
        ("ORDER_BUYER_VIEW_ORDER_SUCCESS", "success"),
    ),
    "pandapon": (
        ("ORDER_CREATE", "WAITING_FOR_PAYMENT"),
        ("ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY", "WAITING_FOR_PAYMENT"),
        ("ORDER_PAY_SUCCESS", "WAITING_FOR_SENT"),
        ("ORDER_CANCEL", "CANCEL"),
    ),
}
_message_ids = count(1)


@dataclass(frozen=True)
class Arrival:
    """A step, pushed once more or for the first time."""

    step: int
    push: int
    #: The worker runs before the next arrival.
    then_work: bool


@st.composite
def arrivals(draw: st.DrawFn, source: str) -> list[Arrival]:
    """Every step at least once, in any order, with copies anywhere, late ones too."""
    steps = list(range(len(LIVES[source])))
    copies = draw(st.lists(st.sampled_from(steps), max_size=6))
    shuffled = draw(st.permutations(steps + copies))
    return [Arrival(step, draw(st.integers(0, 2)), draw(st.booleans())) for step in shuffled]


class Shop:
    """One store, one worker, and a handler that remembers what it saw."""

    def __init__(self, path: Path) -> None:
        self.store = SqliteStore(path)
        self.store.migrate()
        self.seen: list[OrderEvent] = []
        self.router = Router()
        self.router.on(OrderEvent, name="shop.see")(self._see)
        self._shares = Shares(8)
        self._deliverer = Deliverer(
            store=self.store,
            sources=SOURCES,
            router=self.router,
            metrics=Metrics(),
            shares=self._shares,
            apis=Apis(()),
        )

    def _see(self, ctx: Context[OrderEvent]) -> None:
        self.seen.append(ctx.event)

    def arrive(self, source: str, text: bytes) -> None:
        sender = account(source)
        envelope = SOURCES[source].open_callback(SOURCES[source].sign(text, sender), sender)
        asyncio.run(self.store.put([envelope]))

    def work(self) -> None:
        while dispatch(self.store, SOURCES, self.router):
            pass
        rung: list[Offer] = []
        while offer(self.store, self.router, rung.extend, self._shares, limit=100):
            while rung:
                self._deliverer.deliver(rung.pop())

    def close(self) -> None:
        self._deliverer.stop()
        self.store.close()


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    shop = Shop(tmp_path_factory.mktemp("shop") / "yizhan.db")
    yield shop
    shop.close()


def texts(source: str, order_id: str) -> list[list[bytes]]:
    """For each step, the same message as pushed at three times."""
    made = []
    for step, (topic, status) in enumerate(LIVES[source]):
        message_id = next(_message_ids)
        pushes = []
        for push in range(3):
            if source == "alibaba1688":
                body = {
                    "orderId": int(order_id),
                    "currentStatus": status,
                    "msgSendTime": f"2018-05-30 19:{step:02}:00",
                    "buyerMemberId": "b2b-1",
                    "sellerMemberId": "b2b-2",
                }
                message = {"msgId": message_id, "gmtBorn": 1392711616046 + push, "data": body, "type": topic}
            else:
                flat = {"orderId": order_id, "orderStatus": status, "payStatus": 2, "totalAmount": 10000 + step}
                message = {
                    "messageType": topic,
                    "messageBody": orjson.dumps(flat).decode(),
                    "messagePlatform": 1,
                    "timestamp": str(1779263269913 + push),
                }
            pushes.append(orjson.dumps(message))
        made.append(pushes)
    return made


def live(shop: Shop, source: str, plan: Sequence[Arrival]) -> list[OrderEvent]:
    """What the handler saw of one order, in its order."""
    shop.seen.clear()
    made = texts(source, new_order_id())
    for arrival in plan:
        shop.arrive(source, made[arrival.step][arrival.push])
        if arrival.then_work:
            shop.work()
    shop.work()
    return list(shop.seen)


def lived(shop: Shop, source: str, data: st.DataObject) -> list[OrderEvent]:
    """One example, counted in hypothesis's statistics."""
    plan = data.draw(arrivals(source))
    seen = live(shop, source, plan)
    event(f"{len(plan)} arrivals")
    event(f"{len(seen)} seen")
    return seen


def topics(seen: Sequence[OrderEvent]) -> list[str]:
    return [each.topic for each in seen]


EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


@pytest.mark.parametrize("source", list(LIVES))
@EXAMPLES
@given(data=st.data())
def test_what_a_handler_sees_never_goes_back(shop: Shop, source: str, data: st.DataObject) -> None:
    seen = lived(shop, source, data)
    told = [(each, each.standing) for each in seen]
    for (_, before), (after, standing) in pairwise(told):
        assert before is not None
        assert standing is not None
        assert compare(standing, before) == "newer" or after.uncertain or after.ambiguous


@pytest.mark.parametrize("source", list(LIVES))
@EXAMPLES
@given(data=st.data())
def test_the_last_it_sees_is_the_same_however_they_arrive(shop: Shop, source: str, data: st.DataObject) -> None:
    """All steps of these lives can be compared, so nothing is uncertain and the end of the story comes last."""
    seen = lived(shop, source, data)
    certain = [each for each in seen if not each.ambiguous]
    assert topics(certain)[-1] == LIVES[source][-1][0]
    assert not any(each.uncertain for each in certain)


@pytest.mark.parametrize("source", list(LIVES))
@EXAMPLES
@given(data=st.data())
def test_each_change_is_seen_at_most_once_but_for_what_nobody_can_tell(
    shop: Shop, source: str, data: st.DataObject
) -> None:
    seen = topics([each for each in lived(shop, source, data) if not each.ambiguous])
    assert len(seen) == len(set(seen))


def test_in_order_every_step_is_seen_once(shop: Shop) -> None:
    for source, life in LIVES.items():
        plan = [Arrival(step, 0, then_work=step % 2 == 0) for step in range(len(life))]
        assert topics(live(shop, source, plan)) == [topic for topic, _ in life]


def test_backwards_only_the_end_is_seen(shop: Shop) -> None:
    for source, life in LIVES.items():
        plan = [Arrival(step, 0, then_work=True) for step in reversed(range(len(life)))]
        assert topics(live(shop, source, plan)) == [life[-1][0]]
