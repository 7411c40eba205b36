"""A handler runs within its timeout: what it raises comes through, and what outlasts the timeout is interrupted."""

import asyncio
import concurrent.futures
import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from steps import context, real_event, route

from receiver.errors import HandlerTimeout, PermanentFailure, TransientFailure
from receiver.events import Event
from receiver.failures import describe
from receiver.invoke import Invoker
from receiver.routing import Context

#: Far beyond any test's: whoever waits so long was not interrupted.
LONG = 30.0


@pytest.fixture
def invoker() -> Iterator[Invoker]:
    invoker = Invoker(clean_up=timedelta(seconds=0.3), tick=timedelta(seconds=0.01))
    yield invoker
    invoker.stop()


def seconds_to_time_out(invoker: Invoker, handler: Callable[[Context[Event]], Any], timeout: float) -> float:
    began = time.monotonic()
    with pytest.raises(HandlerTimeout):
        invoker.invoke(route(handler, timeout=timeout), context(real_event()))
    return time.monotonic() - began


def spin() -> None:
    """Plain Python, for long."""
    busy(LONG)


def busy(seconds: float) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_plain_handler_is_given_the_context(invoker: Invoker) -> None:
    given: list[Context[Event]] = []
    one = context(real_event())
    invoker.invoke(route(given.append), one)
    assert given == [one]


def test_async_handler_is_awaited(invoker: Invoker) -> None:
    given: list[Context[Event]] = []

    async def handler(ctx: Context[Event]) -> None:
        await asyncio.sleep(0)
        given.append(ctx)

    one = context(real_event())
    invoker.invoke(route(handler), one)
    assert given == [one]


def test_async_handlers_share_a_loop(invoker: Invoker) -> None:
    """So that a client which a module keeps open serves all of its handlers."""
    loops = []

    async def handler(_: Context[Event]) -> None:
        loops.append(asyncio.get_running_loop())

    for _ in range(3):
        invoker.invoke(route(handler), context(real_event()))
    assert len(set(loops)) == 1


@pytest.mark.parametrize("asynchronous", [False, True], ids=["plain", "async"])
@pytest.mark.parametrize(
    "error",
    [
        ValueError("no"),
        PermanentFailure("no"),
        TransientFailure(retry_after=timedelta(1)),
        TimeoutError(),  # a library's own: not the handler's timeout
        concurrent.futures.CancelledError(),
        asyncio.CancelledError(),
        SystemExit(2),
        KeyboardInterrupt(),
        GeneratorExit(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_the_handler_raises_comes_through(invoker: Invoker, error: BaseException, *, asynchronous: bool) -> None:
    def plain(_: Context[Event]) -> None:
        raise error

    async def awaited(_: Context[Event]) -> None:
        await asyncio.sleep(0)
        raise error

    for _ in range(2):  # and the loop is still there the second time
        with pytest.raises(type(error)) as raised:
            invoker.invoke(route(awaited if asynchronous else plain), context(real_event()))
        assert raised.value is error


def test_plain_handler_over_its_timeout_is_interrupted_where_it_stands(invoker: Invoker) -> None:
    def handler(_: Context[Event]) -> None:
        spin()

    with pytest.raises(HandlerTimeout) as raised:
        invoker.invoke(route(handler, timeout=0.05), context(real_event()))
    assert describe(raised.value).startswith("HandlerTimeout: over its timeout at receiver/test_invoke.py:")
    assert seconds_to_time_out(invoker, handler, 0.05) < 1


def test_except_exception_does_not_swallow_the_timeout(invoker: Invoker) -> None:
    def handler(_: Context[Event]) -> None:
        while True:
            with contextlib.suppress(Exception):
                spin()

    assert seconds_to_time_out(invoker, handler, 0.05) < 1


def test_handler_that_swallows_the_interrupt_still_ran_over(invoker: Invoker) -> None:
    def handler(_: Context[Event]) -> None:
        with contextlib.suppress(BaseException):
            spin()

    assert seconds_to_time_out(invoker, handler, 0.05) < 1


def test_handler_that_makes_another_error_of_the_interrupt_still_ran_over(invoker: Invoker) -> None:
    """Or the delivery would be dead for what was only slow."""

    def handler(_: Context[Event]) -> None:
        try:
            spin()
        except BaseException as error:
            raise PermanentFailure("shop is broken") from error

    assert seconds_to_time_out(invoker, handler, 0.05) < 1


def test_handler_that_swallows_each_interrupt_is_interrupted_again(invoker: Invoker) -> None:
    """A bare ``except:`` around each round of a loop would otherwise keep a worker's thread for ever."""
    swallowed: list[int] = []

    def handler(_: Context[Event]) -> None:
        while len(swallowed) < 2:
            try:
                spin()
            except BaseException:  # noqa: BLE001
                swallowed.append(1)
        spin()

    assert 0.6 < seconds_to_time_out(invoker, handler, 0.05) < 3


def test_clean_up_after_the_interrupt_is_let_be_for_a_while(invoker: Invoker) -> None:
    cleaned = []

    def handler(_: Context[Event]) -> None:
        try:
            spin()
        finally:
            time.sleep(0.1)
            cleaned.append(1)

    seconds_to_time_out(invoker, handler, 0.05)
    assert cleaned == [1]


def test_call_in_c_counts_as_over_once_it_returns(invoker: Invoker) -> None:
    def handler(_: Context[Event]) -> None:
        time.sleep(0.3)

    assert 0.3 <= seconds_to_time_out(invoker, handler, 0.05) < 1


def test_each_thread_has_its_own_timeout(invoker: Invoker) -> None:
    def quick(_: Context[Event]) -> None:
        time.sleep(0.02)

    def slow(_: Context[Event]) -> None:
        spin()

    def outcome(number: int) -> bool:
        try:
            invoker.invoke(route(slow, timeout=0.2) if number % 2 else route(quick, timeout=10), context(real_event()))
        except HandlerTimeout:
            return False
        return True

    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        assert list(pool.map(outcome, range(16))) == [True, False] * 8


def test_stop_ends_the_threads() -> None:
    before = threading.active_count()
    invoker = Invoker()
    assert threading.active_count() == before + 2
    invoker.stop()
    assert threading.active_count() == before
