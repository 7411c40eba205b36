"""Stories: what happens to an order from its first day to its last, told by what the state machine does.

A story is for one platform, whose words it is told in. Between two steps there is time for handlers to react.
"""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from receiver.envelope import Platform
from receiver.sandbox.desk import Desk
from receiver.sandbox.news import Told
from receiver.sandbox.orders import Wanted
from receiver.sandbox.push import Loss
from receiver.sandbox.refund import Kind, Parcel
from receiver.sandbox.state import State

_WANTED: Final = (
    Wanted(item_id="643285617321", title="不锈钢保温杯 500ml", quantity=2, price=2500),
    Wanted(item_id="712093847122", title="硅胶杯套", quantity=1, price=900),
)


@dataclass(slots=True)
class Cast:
    """Who is in the story."""

    account: str
    platform: Platform
    #: What the network does to the next push.
    lose: Callable[[Loss], None]
    order_id: str = ""
    line_ids: tuple[str, ...] = ()
    refund_id: str = ""
    told: list[Told] = field(default_factory=list)


Step = Callable[[Cast, State], Told]


@dataclass(frozen=True, slots=True)
class Story:
    title: str
    platform: Platform
    steps: tuple[Step, ...]


def play(
    name: str, desk: Desk, *, account: str | None = None, pace: float = 0.0, stop: threading.Event | None = None
) -> Cast:
    """Play one to its end or to ``stop``, ``pace`` seconds between steps. ``LookupError`` if there is no such story."""
    story = STORIES[name]
    owner = account or next(iter(desk.accounts))
    cast = Cast(owner, story.platform, desk.pusher.lose)
    ended = stop or threading.Event()
    for number, step in enumerate(story.steps):
        if number and ended.wait(pace):
            break
        cast.told.append(desk.do(partial(step, cast)))
    return cast


def _place(cast: Cast, state: State) -> Told:
    told = state.orders.place(cast.account, cast.platform, _WANTED)
    cast.order_id, cast.line_ids = told[0].order.id, tuple(line.id for line in told[0].order.lines)
    return told


def _change_price(cast: Cast, state: State) -> Told:
    return state.orders.change_price(cast.order_id, amounts=(4600, 900), shipping_fee=400)


def _pay(cast: Cast, state: State) -> Told:
    return state.orders.pay(cast.order_id)


def _ship_one(cast: Cast, state: State) -> Told:
    return state.orders.ship(cast.order_id, cast.line_ids[:1])


def _ship(cast: Cast, state: State) -> Told:
    return state.orders.ship(cast.order_id)


def _receive(cast: Cast, state: State) -> Told:
    return state.orders.receive(cast.order_id)


def _complete(cast: Cast, state: State) -> Told:
    return state.orders.complete(cast.order_id)


def _cancel(cast: Cast, state: State) -> Told:
    return state.orders.close(cast.order_id, "buyer")


def _request(kind: Kind) -> Step:
    def request(cast: Cast, state: State) -> Told:
        line = state.orders.get(cast.order_id).lines[0]
        told = state.refunds.request(cast.order_id, kind=kind, amount=line.amount, line_ids=(line.id,))
        cast.refund_id = told[0].subject
        return told

    return request


def _reject(cast: Cast, state: State) -> Told:
    return state.refunds.reject(cast.refund_id)


def _seller_writes(cast: Cast, state: State) -> Told:
    return state.refunds.post(cast.refund_id, "seller", "请提供商品问题的照片。")


def _ask_again(cast: Cast, state: State) -> Told:
    return state.refunds.change(cast.refund_id, amount=2000, description="附照片")


def _intervene(cast: Cast, state: State) -> Told:
    return state.refunds.intervene(cast.refund_id, "buyer")


def _agree(cast: Cast, state: State) -> Told:
    return state.refunds.agree(cast.refund_id)


def _send_goods(cast: Cast, state: State) -> Told:
    return state.refunds.send_goods(cast.refund_id, Parcel(carrier="YTO", number="YT8800551234567"))


def _receive_goods(cast: Cast, state: State) -> Told:
    return state.refunds.receive_goods(cast.refund_id)


def _succeed(cast: Cast, state: State) -> Told:
    return state.refunds.succeed(cast.refund_id)


def _losing(step: Step, what: Loss) -> Step:
    def losing(cast: Cast, state: State) -> Told:
        cast.lose(what)
        return step(cast, state)

    return losing


_REJECTED: Final = (_pay, _ship, _request("money"), _reject, _seller_writes, _ask_again)

STORIES: Final[Mapping[str, Story]] = {
    "order-life-taobao": Story("placed, paid, shipped, received", "taobao", (_place, _pay, _ship, _receive)),
    "order-life-1688": Story(
        "placed, paid, shipped, received, completed", "1688", (_place, _pay, _ship, _receive, _complete)
    ),
    "price-change": Story("the seller lowers the price before payment", "1688", (_place, _change_price, _pay)),
    "price-change-taobao": Story("the same on Taobao", "taobao", (_place, _change_price, _pay)),
    "partial-shipment": Story("shipped in two parcels", "1688", (_place, _pay, _ship_one, _ship, _receive)),
    "cancellation": Story("the buyer cancels before payment", "1688", (_place, _cancel)),
    "cancellation-taobao": Story("the same on Taobao", "taobao", (_place, _cancel)),
    "refund-rejected": Story(
        "the seller refuses, messages go to and fro, the seller agrees",
        "taobao",
        (_place, *_REJECTED, _agree, _succeed),
    ),
    "refund-rejected-1688": Story(
        "the seller refuses, customer service is called in, the seller agrees",
        "1688",
        (_place, *_REJECTED, _intervene, _agree),
    ),
    "return-of-goods": Story(
        "the goods go back, the money comes back",
        "1688",
        (_place, _pay, _ship, _receive, _complete, _request("return"), _agree, _send_goods, _receive_goods, _succeed),
    ),
    "return-of-goods-taobao": Story(
        "the same on Taobao",
        "taobao",
        (_place, _pay, _ship, _receive, _request("return"), _agree, _send_goods, _receive_goods, _succeed),
    ),
    "late-retries": Story(
        "one push is lost and comes after newer news, one comes twice",
        "1688",
        (_place, _losing(_pay, "lost"), _losing(_ship, "answer_lost"), _receive, _complete),
    ),
}
