"""The interrupt of a handler that is over its timeout hits the handler, and never what comes after it."""

import concurrent.futures
import sys
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from steps import context, real_event, route

from receiver import invoke
from receiver.errors import HandlerTimeout
from receiver.events import Event
from receiver.invoke import Invoker
from receiver.routing import Context


@pytest.fixture
def invoker() -> Iterator[Invoker]:
    invoker = Invoker(tick=timedelta(seconds=0.01))
    yield invoker
    invoker.stop()


def busy(seconds: float) -> None:
    """In plain Python, where an interrupt that is on its way arrives."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pass


def test_handler_in_time_is_left_alone_afterwards(invoker: Invoker) -> None:
    def handler(_: Context[Event]) -> None: ...

    invoker.invoke(route(handler, timeout=0.05), context(real_event()))
    busy(0.2)


def test_handler_that_has_ended_is_not_interrupted() -> None:
    run = invoke._Run(until=0)
    run.end()
    run.interrupt_if_over(1, again_in=0)
    busy(0.01)
    assert not run.over


@pytest.fixture
def _restless() -> Iterator[None]:
    """Threads take turns as often as they can, so that they meet in every place."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(0.000_001)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("_restless")
def test_interrupt_never_hits_what_comes_after_the_handler() -> None:
    """Each handler runs for about its timeout, so that the interrupt meets every place on the way out."""
    invoker = Invoker(tick=timedelta(seconds=0.000_1))
    in_time: list[bool] = []

    def invoke_often() -> None:
        for number in range(150):

            def handler(_: Context[Event], seconds: float = 0.001 + number % 50 * 0.000_01) -> None:
                busy(seconds)

            once = route(handler, timeout=0.001_25)
            given = context(real_event())
            try:
                invoker.invoke(once, given)
                in_time.append(True)
            except HandlerTimeout:
                in_time.append(False)
            busy(0.000_2)  # whatever is still on its way arrives here

    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        threads = [pool.submit(invoke_often) for _ in range(2)]
    invoker.stop()
    assert [thread.exception() for thread in threads] == [None, None]
    assert len(in_time) == 300
    assert set(in_time) == {False, True}


def test_interrupt_that_is_on_its_way_when_the_handler_ends_is_taken_back(
    invoker: Invoker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the watch's look at the clock and the interrupt itself; here made long enough to be met each time."""
    raise_in = invoke._raise_in

    def raise_slowly(thread: int, error: type[BaseException] | None) -> None:
        if error is not None:
            time.sleep(0.1)
        raise_in(thread, error)

    monkeypatch.setattr(invoke, "_raise_in", raise_slowly)
    with pytest.raises(HandlerTimeout):
        invoker.invoke(route(lambda _: busy(0.05), timeout=0.02), context(real_event()))
    busy(0.2)
