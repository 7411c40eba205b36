"""The state machine: what leads to what, and what is refused."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from receiver.envelope import Platform
from receiver.sandbox.news import Refused, Told
from receiver.sandbox.order import Order
from receiver.sandbox.orders import Wanted
from receiver.sandbox.refund import Parcel
from receiver.sandbox.state import State

THEN = datetime(2026, 5, 20, 7, 47, 49, tzinfo=UTC)
PLATFORMS: tuple[Platform, ...] = ("taobao", "1688")


def placed(state: State, platform: Platform = "1688", lines: int = 2) -> Order:
    wanted = [Wanted(item_id=str(number)) for number in range(lines)]
    return state.orders.place("main", platform, wanted)[0].order


@pytest.fixture
def state() -> State:
    return State(clock=lambda: THEN)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_transition_out_of_its_turn_is_refused_and_changes_nothing(state: State, platform: Platform) -> None:
    order = placed(state, platform)
    too_early: tuple[Callable[[], Told], ...] = (
        lambda: state.orders.ship(order.id),
        lambda: state.orders.receive(order.id),
        lambda: state.orders.complete(order.id),
        lambda: state.refunds.request(order.id, kind="money", amount=1),
    )
    for refused in too_early:
        with pytest.raises(Refused) as refusal:
            refused()
        assert refusal.value.code == 409
        assert state.orders.get(order.id) == order
    state.orders.pay(order.id)
    too_late: tuple[Callable[[], Told], ...] = (
        lambda: state.orders.pay(order.id),
        lambda: state.orders.change_price(order.id, amounts=(1, 1)),
        lambda: state.orders.close(order.id, "buyer"),
        lambda: state.orders.close(order.id, "platform"),
    )
    for refused in too_late:
        with pytest.raises(Refused):
            refused()


def test_a_line_is_shipped_once_and_the_order_with_the_last(state: State) -> None:
    order = placed(state)
    state.orders.pay(order.id)
    first = order.lines[0].id
    assert state.orders.ship(order.id, [first])[0].order.stage == "paid"
    with pytest.raises(Refused):
        state.orders.ship(order.id, [first])
    assert state.orders.ship(order.id)[0].order.stage == "shipped"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_a_full_refund_before_the_end_closes_the_order(state: State, platform: Platform) -> None:
    order = placed(state, platform)
    state.orders.pay(order.id)
    refund_id = state.refunds.request(order.id, kind="money", amount=order.total)[0].subject
    state.refunds.agree(refund_id)
    if platform == "taobao":
        state.refunds.succeed(refund_id)
    assert state.refunds.get(refund_id).state == "succeeded"
    assert state.orders.get(order.id).stage == "closed"


def test_one_refund_at_a_time_and_never_more_than_is_left(state: State) -> None:
    order = placed(state)
    state.orders.pay(order.id)
    with pytest.raises(Refused):
        state.refunds.request(order.id, kind="money", amount=order.total + 1)
    state.refunds.request(order.id, kind="money", amount=100)
    with pytest.raises(Refused):
        state.refunds.request(order.id, kind="money", amount=100)


def test_money_goes_back_after_the_goods(state: State) -> None:
    order = placed(state)
    state.orders.pay(order.id)
    state.orders.ship(order.id)
    refund_id = state.refunds.request(order.id, kind="return", amount=100)[0].subject
    parcel = Parcel(carrier="YTO", number="1")
    with pytest.raises(Refused):
        state.refunds.send_goods(refund_id, parcel)
    state.refunds.agree(refund_id)
    with pytest.raises(Refused):
        state.refunds.succeed(refund_id)
    state.refunds.send_goods(refund_id, parcel)
    state.refunds.receive_goods(refund_id)
    state.refunds.succeed(refund_id)
    assert state.orders.get(order.id).refunded == 100
    with pytest.raises(Refused):
        state.refunds.post(refund_id, "buyer", "too late")


def test_what_is_another_account_s_does_not_exist(state: State) -> None:
    order = placed(state)
    with pytest.raises(Refused) as refusal:
        state.orders.get(order.id, "other")
    assert refusal.value.code == 404


def test_the_same_seed_gives_the_same_ids() -> None:
    one, other = (State(seed=3, clock=lambda: THEN) for _ in range(2))
    assert placed(one) == placed(other)
    assert placed(State(seed=4, clock=lambda: THEN)) != placed(State(seed=3, clock=lambda: THEN))
