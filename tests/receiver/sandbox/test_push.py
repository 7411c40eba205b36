"""The retry rule, on a clock that is compressed: against a receiver that really fails."""

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson
import pytest
from sandboxes import ACCOUNT, Listener

from receiver.sandbox.orders import Wanted
from receiver.sandbox.push import Manner
from receiver.sandbox.running import Sandbox
from receiver.sources.pandapon import PANDAPON

HALF_HOUR = 0.15

Running = Callable[..., Sandbox]


@contextmanager
def running(listener: Listener, **manner: object) -> Iterator[Sandbox]:
    with Sandbox(
        [ACCOUNT],
        callbacks={"main": listener.url},
        manner=Manner(half_hour=HALF_HOUR, **manner),  # type: ignore[arg-type]
    ) as sandbox:
        yield sandbox


def place(sandbox: Sandbox) -> str:
    return sandbox.do(lambda state: state.orders.place("main", "1688", [Wanted(item_id="1")]))[0].order.id


def outcomes(sandbox: Sandbox) -> list[list[object]]:
    return [[attempt.outcome for attempt in push.attempts] for push in sandbox.pusher.pushes]


def topics(listener: Listener) -> list[str]:
    return [orjson.loads(callback.body)["messageType"] for callback in listener.got]


@pytest.mark.parametrize("failures", [0, 1, 5])
def test_it_is_pushed_again_half_an_hour_later_until_it_is_answered(failures: int, listener: Listener) -> None:
    """https://doc-en.pandapon.com/doc-6055772: at most five times again."""
    listener.answers = [500] * failures
    with running(listener) as sandbox:
        place(sandbox)
        assert sandbox.settle()
        assert outcomes(sandbox) == [[500] * failures + [200]]
        assert sandbox.pusher.pushes[0].state == "acknowledged"
    pauses = [later - earlier for earlier, later in itertools.pairwise(listener.at)]
    assert all(HALF_HOUR <= pause < HALF_HOUR + 1 for pause in pauses)
    assert len({callback.body for callback in listener.got}) == 1
    assert all(PANDAPON.open_callback(callback, ACCOUNT) for callback in listener.got)


def test_after_the_fifth_retry_it_is_given_up(listener: Listener) -> None:
    listener.answers = [503] * 9
    with running(listener) as sandbox:
        place(sandbox)
        assert sandbox.settle()
        assert outcomes(sandbox) == [[503] * 6]
        assert sandbox.pusher.pushes[0].state == "given_up"
    assert len(listener.answers) == 3


@pytest.mark.parametrize(("answer", "outcome"), [(204, 204), (201, 201), (302, 302), (0, "timeout")])
def test_nothing_but_200_within_a_second_stops_it(answer: int, outcome: object, listener: Listener) -> None:
    listener.answers = [answer]
    with running(listener) as sandbox:
        place(sandbox)
        assert sandbox.settle()
        assert outcomes(sandbox) == [[outcome, 200]]


def test_a_receiver_that_is_not_there_costs_an_attempt(listener: Listener) -> None:
    with Sandbox([ACCOUNT], callbacks={"main": "http://127.0.0.1:1/"}, manner=Manner(half_hour=0.01)) as sandbox:
        place(sandbox)
        assert sandbox.settle()
        assert outcomes(sandbox) == [["unreachable"] * 6]


def test_without_a_registered_url_nothing_is_pushed() -> None:
    with Sandbox([ACCOUNT]) as sandbox:
        place(sandbox)
        assert sandbox.settle()
        assert [push.state for push in sandbox.pusher.pushes] == ["unregistered"]


def test_a_retry_comes_after_newer_news_of_the_same_order(listener: Listener) -> None:
    listener.answers = [500]
    with running(listener) as sandbox:
        order_id = place(sandbox)
        sandbox.do(lambda state: state.orders.pay(order_id))
        assert sandbox.settle()
    assert topics(listener) == ["ORDER_CREATE", "ORDER_PAY_SUCCESS", "ORDER_CREATE"]


@pytest.mark.parametrize("fresh", [False, True])
def test_a_retry_repeats_itself_or_on_request_tells_the_newest_state(fresh: bool, listener: Listener) -> None:
    listener.answers = [500]
    with running(listener, fresh_retries=fresh) as sandbox:
        order_id = place(sandbox)
        sandbox.do(lambda state: state.orders.pay(order_id))
        assert sandbox.settle()
    told = [orjson.loads(orjson.loads(callback.body)["messageBody"])["payStatus"] for callback in listener.got]
    assert told == ([1, 2, 2] if fresh else [1, 2, 1])
    stamps = [orjson.loads(callback.body)["timestamp"] for callback in listener.got]
    assert (stamps[0] != stamps[2]) is fresh


def test_on_request_the_order_is_not_kept(listener: Listener) -> None:
    with running(listener, disorder=0.3) as sandbox:
        for _ in range(4):
            order_id = place(sandbox)
            sandbox.do(lambda state, order_id=order_id: state.orders.pay(order_id))  # type: ignore[misc]
        assert sandbox.settle()
    assert topics(listener) != ["ORDER_CREATE", "ORDER_PAY_SUCCESS"] * 4
    assert sorted(topics(listener)) == ["ORDER_CREATE"] * 4 + ["ORDER_PAY_SUCCESS"] * 4


def test_what_was_told_before_it_ran_is_pushed_when_it_runs(listener: Listener) -> None:
    sandbox = Sandbox([ACCOUNT], callbacks={"main": listener.url})
    place(sandbox)
    assert listener.got == []
    with sandbox:
        assert sandbox.settle()
    assert topics(listener) == ["ORDER_CREATE"]
