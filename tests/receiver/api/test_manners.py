"""So many calls a second, so many at a time, and none while the platform is down; by a clock that the test holds."""

import threading
from datetime import timedelta

import pytest

from receiver.api.manners import FAILURES, PAUSE, Manners
from receiver.errors import ApiPaused, ApiRateLimited, ApiRefused, ApiUnavailable, NotSent, Unanswered


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock() -> Clock:
    return Clock()


def manners(clock: Clock, *, rate: float = 5, concurrency: int = 4) -> Manners:
    return Manners(rate=rate, concurrency=concurrency, clock=clock, sleep=clock.sleep)


def fail(at: Manners, error: Exception) -> None:
    with pytest.raises(type(error)), at.turn(10):
        raise error


def test_a_seconds_worth_goes_at_once_and_the_rest_at_the_rate(clock: Clock) -> None:
    account = manners(clock)
    times = []
    for _ in range(15):
        with account.turn(10):
            times.append(clock.now)
    assert times[:5] == [1000.0] * 5
    assert clock.now == pytest.approx(1002.0)
    for first, sixth in zip(times[5:], times[10:], strict=False):
        assert sixth - first >= 0.999


@pytest.mark.parametrize("rate", [0.5, 1, 3])
def test_slow_rate_is_kept(clock: Clock, rate: float) -> None:
    account = manners(clock, rate=rate)
    for _ in range(10):
        with account.turn(100):
            pass
    assert clock.now - 1000 == pytest.approx((10 - max(1, rate)) / rate)


def test_who_has_no_turn_in_its_time_is_told_when_to_come_and_takes_none(clock: Clock) -> None:
    account = manners(clock, rate=1)
    with account.turn(10):
        pass
    for _ in range(3):
        with pytest.raises(ApiRateLimited) as caught, account.turn(0.5):
            pass
        assert caught.value.retry_after == timedelta(seconds=1)
        assert caught.value.surely_absent
    assert clock.slept == []


def test_so_many_at_a_time(clock: Clock) -> None:
    account = manners(clock, rate=1000, concurrency=2)
    leave = threading.Event()
    inside = threading.Barrier(3)

    def call() -> None:
        with account.turn(10):
            inside.wait(5)
            leave.wait(5)

    threads = [threading.Thread(target=call) for _ in range(2)]
    for thread in threads:
        thread.start()
    inside.wait(5)
    with pytest.raises(ApiRateLimited, match="at a time"), account.turn(0.05):
        pass
    leave.set()
    for thread in threads:
        thread.join()
    with account.turn(5):
        pass


@pytest.mark.parametrize("error", [ApiUnavailable("503"), Unanswered("late"), NotSent("refused")])
def test_outage_is_left_alone_and_then_tried_by_one_call(clock: Clock, error: Exception) -> None:
    account = manners(clock, rate=1000)
    for _ in range(FAILURES):
        fail(account, error)
    with pytest.raises(ApiPaused) as caught, account.turn(10):
        pass
    assert caught.value.retry_after == timedelta(seconds=PAUSE)
    assert caught.value.surely_absent
    clock.now += PAUSE
    with account.turn(10), pytest.raises(ApiPaused), account.turn(10):  # the second, while the first finds out
        pass
    with account.turn(10):  # it found that all is well
        pass


def test_outage_that_goes_on_is_left_alone_again(clock: Clock) -> None:
    account = manners(clock, rate=1000)
    for _ in range(FAILURES):
        fail(account, Unanswered("late"))
    clock.now += PAUSE
    fail(account, Unanswered("late"))
    with pytest.raises(ApiPaused), account.turn(10):
        pass


def test_any_answer_ends_the_count(clock: Clock) -> None:
    account = manners(clock, rate=1000)
    for _ in range(3):
        for _ in range(FAILURES - 1):
            fail(account, Unanswered("late"))
        fail(account, ApiRefused("no", code="1"))
    with account.turn(10):
        pass


def test_what_was_not_sent_after_all_tells_nothing(clock: Clock) -> None:
    account = manners(clock, rate=1000)
    for _ in range(FAILURES - 1):
        fail(account, Unanswered("late"))
    fail(account, ApiPaused("nobody waits"))
    fail(account, Unanswered("late"))
    with pytest.raises(ApiPaused), account.turn(10):
        pass


def test_platform_that_asks_for_patience_is_given_it(clock: Clock) -> None:
    account = manners(clock, rate=1000)
    fail(account, ApiRateLimited("429", retry_after=timedelta(seconds=20)))
    with pytest.raises(ApiRateLimited) as caught, account.turn(10):
        pass
    assert caught.value.retry_after is not None
    assert 10 < caught.value.retry_after.total_seconds() <= 20
    clock.now += 15
    with account.turn(10):
        assert clock.now >= 1020
