"""Each story, pushed to a real receiver, is opened by the source and becomes the events that it tells."""

import pytest
import sandboxes
from builders import stored
from sandboxes import ACCOUNT, Listener

from receiver.envelope import Callback
from receiver.events import Event
from receiver.sandbox.running import Sandbox
from receiver.sandbox.stories import STORIES, play
from receiver.sources.pandapon import PANDAPON

LIFE_OF_1688 = ["order.created", "order.paid", "order.shipped", "order.received", "order.completed"]
#: Taobao has one topic for all: an unpaid order is a status that no other event stands for.
LIFE_OF_TAOBAO = ["order.status_changed", "order.paid", "order.shipped", "order.completed"]

EXPECTED = {
    "order-life-taobao": LIFE_OF_TAOBAO,
    "order-life-1688": LIFE_OF_1688,
    "price-change": ["order.created", "order.price_changed", "order.paid"],
    "price-change-taobao": ["order.status_changed", "order.price_changed", "order.paid"],
    "partial-shipment": ["order.created", "order.paid", "order.partly_shipped", "order.shipped", "order.received"],
    "cancellation": ["order.created", "order.closed"],
    "cancellation-taobao": ["order.status_changed", "order.closed"],
    "refund-rejected": [
        *LIFE_OF_TAOBAO[:3],
        "refund.requested",
        "refund.rejected",
        "refund.rejected",  # the seller has written; the status is what it was
        "refund.requested",
        "refund.agreed",
        "refund.succeeded",
    ],
    "refund-rejected-1688": [
        *LIFE_OF_1688[:3],
        "refund.requested",
        "refund.rejected",
        "refund.message_posted",
        "refund.changed",
        "refund.intervention_asked",
        "refund.succeeded",
    ],
    "return-of-goods": [
        *LIFE_OF_1688,
        "refund.requested",
        "refund.agreed",
        "refund.goods_shipped",
        "refund.goods_received",
        "refund.succeeded",
    ],
    "return-of-goods-taobao": [
        *LIFE_OF_TAOBAO,
        "refund.requested",
        "refund.agreed",
        "refund.goods_shipped",
        "refund.succeeded",
    ],
    "late-retries": [
        "order.created",
        "order.shipped",  # its answer is lost
        "order.received",
        "order.completed",
        "order.paid",  # was lost
        "order.shipped",
    ],
}


def events(callbacks: list[Callback]) -> list[Event]:
    """As the receiver would make them; a signature that does not hold raises."""
    found: list[Event] = []
    for callback in callbacks:
        envelope = PANDAPON.open_callback(callback, ACCOUNT)
        assert len(envelope.order_ids) == 1
        found += PANDAPON.decode(stored(callback.body, account="main", platform=envelope.platform))
    return found


@pytest.mark.parametrize("name", STORIES)
def test_a_story_becomes_its_events(name: str, sandbox: Sandbox, listener: Listener) -> None:
    cast = play(name, sandbox)
    assert sandbox.settle()
    told = events(listener.got)
    expected = EXPECTED[name]
    if name == "late-retries":  # two that are late come together
        assert [event.type for event in told[:4]] == expected[:4]
        assert sorted(event.type for event in told) == sorted(expected)
    else:
        assert [event.type for event in told] == expected
    for event in told:
        assert event.platform == STORIES[name].platform
        assert event.order_id == cast.order_id
        assert event.refund_id == (cast.refund_id if event.type.startswith("refund.") else None)


def test_every_story_has_its_expectation() -> None:
    assert list(STORIES) == list(EXPECTED)


def test_a_story_repeats_itself_for_the_same_seed(listener: Listener) -> None:
    ids = []
    for _ in range(2):
        with Sandbox([ACCOUNT], seed=7) as sandbox:
            cast = play("return-of-goods", sandbox)
            ids.append((cast.order_id, cast.line_ids, cast.refund_id))
    assert ids[0] == ids[1]
    assert len(ids[0][0]) == 19
    assert ids[0][2].startswith("TQ")


def test_a_story_is_played_by_the_endpoint(sandbox: Sandbox, listener: Listener) -> None:
    answer = sandboxes.ask(sandbox, "POST", "/sandbox/play/cancellation", signed={})
    assert sandbox.settle()
    assert [event.order_id for event in events(listener.got)] == [answer.json()["order_id"]] * 2
    assert sandboxes.ask(sandbox, "POST", "/sandbox/play/none", signed={}).status_code == 404
    state = sandboxes.ask(sandbox, "GET", "/sandbox/state", signed={}).json()
    assert [push["state"] for push in state["pushes"]] == ["acknowledged", "acknowledged"]
    assert state["orders"][0]["status"] == "cancel"
