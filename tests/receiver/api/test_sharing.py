"""Several processes call for one account: together they keep to its rate and its concurrency."""

import contextlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from builders import Clock
from databases import on_every_store

from receiver.api.manners import Manners
from receiver.api.sharing import Sharing
from receiver.errors import ApiPaused, ApiRateLimited
from receiver.store.base import Store
from receiver.store.postgresql import PostgresStore


@pytest.fixture
def process(store: Store, clock: Clock) -> Callable[..., Sharing]:
    """What one process keeps to; its time is the store's."""

    def made(*, rate: float = 5, concurrency: int = 2) -> Sharing:
        return Sharing(
            store,
            "main",
            rate=rate,
            concurrency=concurrency,
            clock=lambda: clock.now / 1000,
            sleep=lambda seconds: clock.pass_time(seconds=seconds),
        )

    return made


@on_every_store
def test_two_processes_keep_to_one_rate(process: Callable[..., Sharing], clock: Clock) -> None:
    """Five at once, then one each 200 ms, whoever calls."""
    one, two, began = process(), process(), clock.now
    for caller in (one, two) * 5:
        with caller.turn(10):
            pass
    assert clock.now - began == 5 * 200


@on_every_store
def test_no_more_calls_at_a_time_than_are_allowed_to_all(process: Callable[..., Sharing]) -> None:
    one, two = process(), process()
    with one.turn(10), two.turn(10), pytest.raises(ApiRateLimited, match="too many calls at a time"), one.turn(0.2):
        pass
    with one.turn(0.2):
        pass


@on_every_store
def test_a_call_whose_turn_comes_too_late_says_when_to_come_again(process: Callable[..., Sharing]) -> None:
    """And its place is another's."""
    caller = process(rate=0.1, concurrency=1)
    with caller.turn(1):
        pass
    with pytest.raises(ApiRateLimited, match="no turn for this call") as caught, caller.turn(1):
        pass
    assert caught.value.retry_after == timedelta(seconds=10)
    with process(rate=1000, concurrency=1).turn(30):
        pass


@on_every_store
def test_a_process_that_died_in_a_call_blocks_nobody_for_long(process: Callable[..., Sharing], clock: Clock) -> None:
    dead = process(concurrency=1)
    call = dead.turn(10)
    call.__enter__()  # and nothing more is heard of it
    with process(concurrency=1).turn(30):
        pass
    assert clock.now > 0


def test_without_the_store_nothing_is_sent() -> None:
    """And the effect that it was for is surely not had."""
    with contextlib.closing(PostgresStore("postgresql://yizhan@127.0.0.1:1/yizhan")) as away:
        manners = Manners(rate=5, concurrency=2, sharing=Sharing(away, "main", rate=5, concurrency=2))
        with pytest.raises(ApiPaused, match="not sent") as caught, manners.turn(1):
            raise AssertionError("sent")
    assert caught.value.surely_absent


def test_callers_at_once_share_the_places(postgres: PostgresStore) -> None:
    """Thirty calls of two processes with four threads each, at fifty a second and three at a time."""
    running, most = [0], [0]

    def call(caller: Manners) -> None:
        with caller.turn(20):
            running[0] += 1
            most[0] = max(most[0], running[0])
            running[0] -= 1

    callers = [
        Manners(rate=50, concurrency=4, sharing=Sharing(postgres, "main", rate=50, concurrency=3)) for _ in range(2)
    ]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(call, callers * 15))
    assert 1 <= most[0] <= 3
