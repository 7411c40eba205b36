"""The sandbox writes what the platform's samples show: the same names, the same JSON types."""

from collections.abc import Mapping
from datetime import UTC, datetime
from itertools import count
from typing import Any

import orjson
import pytest

from receiver.envelope import Platform
from receiver.sandbox import news
from receiver.sandbox.callbacks import Wire, message
from receiver.sandbox.news import News, Told
from receiver.sandbox.orders import Wanted
from receiver.sandbox.state import State
from receiver.sources.samples import Sample, samples

THEN = datetime(2026, 5, 20, 7, 47, 49, 913000, tzinfo=UTC)

#: What the sandbox says beyond a sample, in which the pages name it elsewhere: the order detail and the reverse order
#: at the pages of their queries, the refund's words at 1688's topic.
BEYOND = {
    "messageBody.productItems[]": {"productID", "skuID", "name"},
    "messageBody.refundOrderAggregate.refundOrder": {
        *("reasonId", "reasonDesc", "refundDesc", "sellerRefuseReason", "timeoutDate", "remainingTime"),
    },
    "messageBody.refundOrderAggregate.purchaseOrderLine": {
        *("purchaseOrderId", "purchaseOrderLineId", "itemTitle", "quantity"),
        *("productFee", "postFee", "totalPrice", "createTime"),
    },
    "messageBody": {"refundAction", "operator", "currentStatus", "msgSendTime", "buyerMemberId", "sellerMemberId"},
}


def all_news(platform: Platform) -> dict[str, News]:
    """The last news of each topic, from one long story."""
    state = State(clock=lambda: THEN)
    told: Told = state.orders.place("main", platform, [Wanted(item_id="1"), Wanted(item_id="2")])
    order = told[0].order
    told += state.orders.change_price(order.id, amounts=(100, 200))
    told += state.orders.pay(order.id) + state.orders.ship(order.id, [order.lines[0].id])
    told += state.orders.ship(order.id)
    told += state.refunds.request(order.id, kind="money", amount=100)
    return {item.topic: item for item in told}


@pytest.mark.parametrize("sample", samples("pandapon"), ids=lambda sample: sample.name)
def test_the_names_and_types_of_each_sample_are_the_sandbox_s(sample: Sample) -> None:
    shown = orjson.loads(sample.message)
    platform: Platform = "taobao" if shown["messagePlatform"] == 0 else "1688"
    wire = Wire(
        form="text" if isinstance(shown["messageBody"], str) else "object",
        price="flat" if ".flat" in sample.name else "detail",
    )
    told = all_news(platform)[sample.topic]
    if sample.topic == news.CREATE:
        assert orjson.loads(message(told, THEN))["timestamp"] == shown["timestamp"], "the same moment, the same text"
    assert list(differences(shown, orjson.loads(message(told, THEN, wire)))) == []


def differences(shown: Any, made: Any, path: str = "") -> list[str]:
    """Of the sandbox's message from the sample."""
    if isinstance(shown, str) and shown.startswith("{"):
        shown, made = orjson.loads(shown), orjson.loads(made)
    if isinstance(shown, Mapping) and isinstance(made, Mapping):
        allowed = BEYOND.get(path, set()) if path != "messageBody" or "refundId" in shown else set()
        found = [f"{path}.{name}: missing" for name in shown if name not in made]
        found += [f"{path}.{name}: not in the sample" for name in made if name not in {*shown, *allowed}]
        for name in shown.keys() & made.keys():
            found += differences(shown[name], made[name], f"{path}.{name}".removeprefix("."))
        return found
    if isinstance(shown, list) and isinstance(made, list):
        return [text for item in made for text in differences(shown[0], item, f"{path}[]")] if shown else []
    if shown is None or kind(shown) == kind(made):
        return []
    return [f"{path}: {kind(made)}, not {kind(shown)}"]


def kind(value: Any) -> str:
    return "number" if isinstance(value, int | float) and not isinstance(value, bool) else type(value).__name__


def test_no_transition_says_what_no_page_names() -> None:
    """Each topic is PandaPon's, xportcn's or 1688's, and is known to the source."""
    from receiver.sources.pandapon import PANDAPON  # noqa: PLC0415

    told = {**all_news("taobao"), **all_news("1688")}
    state = State(clock=lambda: THEN)
    for _ in zip(range(3), count(), strict=False):
        state.orders.place("main", "1688", [Wanted(item_id="1")])
    for order, by in zip(state.orders.all(), ("buyer", "seller", "platform"), strict=True):
        for item in state.orders.close(order.id, by):  # type: ignore[arg-type]
            told[item.topic] = item
    assert set(told) <= set(PANDAPON.topics)
