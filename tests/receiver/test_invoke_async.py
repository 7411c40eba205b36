"""An async handler over its timeout is cancelled; and one that misbehaves on the shared loop harms itself alone."""

import asyncio
import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from steps import context, real_event, route

from receiver.errors import HandlerTimeout, PermanentFailure
from receiver.events import Event
from receiver.failures import describe
from receiver.invoke import Invoker
from receiver.routing import Context

Handler = Callable[[Context[Event]], Any]


@pytest.fixture
def invoker() -> Iterator[Invoker]:
    invoker = Invoker(clean_up=timedelta(seconds=0.2), tick=timedelta(seconds=0.01))
    yield invoker
    invoker.stop()


def timed_out(invoker: Invoker, handler: Handler, timeout: float = 0.05) -> HandlerTimeout:
    with pytest.raises(HandlerTimeout) as raised:
        invoker.invoke(route(handler, timeout=timeout), context(real_event()))
    return raised.value


async def quick(_: Context[Event]) -> None:
    await asyncio.sleep(0.001)


def test_async_handler_over_its_timeout_is_cancelled_where_it_waits(invoker: Invoker) -> None:
    ended = []

    async def handler(_: Context[Event]) -> None:
        try:
            await asyncio.sleep(30)
        finally:
            ended.append(1)

    failure = timed_out(invoker, handler)
    assert ended == [1]
    assert "test_invoke_async.py" in describe(failure) or "asyncio/tasks.py" in describe(failure)


def test_handler_that_returns_when_cancelled_still_ran_over(invoker: Invoker) -> None:
    async def handler(_: Context[Event]) -> None:
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.sleep(30)

    timed_out(invoker, handler)


def test_handler_that_makes_another_error_of_the_cancellation_still_ran_over(invoker: Invoker) -> None:
    async def handler(_: Context[Event]) -> None:
        try:
            await asyncio.sleep(30)
        except asyncio.CancelledError as error:
            raise PermanentFailure("shop is broken") from error

    timed_out(invoker, handler)


def test_handler_that_goes_on_when_cancelled_does_not_hold_the_thread(invoker: Invoker) -> None:
    done: list[int] = []

    async def handler(_: Context[Event]) -> None:
        until = time.monotonic() + 1
        while time.monotonic() < until:
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(0.3)
        done.append(1)

    began = time.monotonic()
    timed_out(invoker, handler)
    assert time.monotonic() - began < 0.9
    invoker.invoke(route(quick, timeout=1), context(real_event()))
    while not done:
        time.sleep(0.01)


def test_timeout_of_a_library_is_not_the_handlers(invoker: Invoker) -> None:
    async def handler(_: Context[Event]) -> None:
        async with asyncio.timeout(0.01):
            await asyncio.sleep(30)

    with pytest.raises(TimeoutError):
        invoker.invoke(route(handler, timeout=30), context(real_event()))


def test_handlers_wait_side_by_side(invoker: Invoker) -> None:
    async def handler(_: Context[Event]) -> None:
        await asyncio.sleep(0.2)

    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda _: invoker.invoke(route(handler, timeout=30), context(real_event())), range(16)))
    assert time.monotonic() - began < 1.5


def test_handler_that_blocks_the_loop_does_not_take_the_others_with_it(invoker: Invoker) -> None:
    """One slip (a call that waits, in an ``async def``) must not cost every async handler all of its attempts."""
    ran_late = []

    async def blocks(_: Context[Event]) -> None:
        time.sleep(2.5)  # noqa: ASYNC251  (the slip)

    async def neighbour(_: Context[Event]) -> None:
        ran_late.append(1)

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        blocking = pool.submit(invoker.invoke, route(blocks, timeout=0.05), context(real_event()))
        time.sleep(0.1)
        waiting = pool.submit(invoker.invoke, route(neighbour, timeout=0.05), context(real_event()))
        with pytest.raises(HandlerTimeout, match="the event loop stands still"):
            blocking.result()
        with pytest.raises(HandlerTimeout, match="the event loop stands still"):
            waiting.result()
        invoker.invoke(route(quick, timeout=1), context(real_event()))
    time.sleep(1.7)
    assert ran_late == [], "it was told to have timed out, and must not begin afterwards"


def test_task_that_a_handler_leaves_behind_cannot_end_the_loop(invoker: Invoker) -> None:
    left = []

    async def leaves() -> None:
        raise SystemExit(1)

    async def handler(_: Context[Event]) -> None:
        left.append(asyncio.create_task(leaves()))
        await asyncio.sleep(0.01)

    for _ in range(2):
        invoker.invoke(route(handler, timeout=1), context(real_event()))
    assert [type(task.exception()) for task in left] == [SystemExit, SystemExit]
