"""A call goes to its end whatever becomes of the thread that waits for it."""

import threading
import time
from datetime import timedelta

import pytest
from platform_server import data, platform
from steps import context, real_event, route

from receiver.api import aside as asides
from receiver.api.aside import aside
from receiver.errors import HandlerTimeout
from receiver.events import Event
from receiver.exchange import Request
from receiver.invoke import Invoker
from receiver.routing import Context
from receiver.transport import Transport


@pytest.fixture(autouse=True)
def _begun() -> None:
    asides.begin()


def test_result_and_error_are_the_works_own() -> None:
    assert aside(lambda wanted: wanted()) is True

    def fail(_: object) -> None:
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        aside(fail)


def test_interrupted_handler_leaves_no_lock_behind() -> None:
    """Handlers are interrupted in the midst of their calls, over and over; the shared pool goes on working."""
    invoker = Invoker(tick=timedelta(seconds=0.001))
    with platform(data("well")) as server:
        transport = Transport([server.url])
        request = Request(method="GET", url=server.url, headers={}, body=None)

        def handler(_: Context[Event]) -> None:
            while True:
                aside(lambda _: transport.send(request, 5))

        given = context(real_event())
        for number in range(40):
            with pytest.raises(HandlerTimeout):
                invoker.invoke(route(handler, name="h", timeout=0.005 + number * 0.000_1), given)
        assert transport.send(request, 5).status == 200
        transport.close()
    invoker.stop()


def test_work_can_ask_whether_anybody_waits() -> None:
    seen: list[bool] = []
    done = threading.Event()
    invoker = Invoker(tick=timedelta(seconds=0.001))

    def work(wanted: object) -> None:
        assert callable(wanted)
        until = time.monotonic() + 5
        while wanted() and time.monotonic() < until:
            time.sleep(0.005)
        seen.append(wanted())
        done.set()

    def handler(_: Context[Event]) -> None:
        aside(work)

    with pytest.raises(HandlerTimeout):
        invoker.invoke(route(handler, name="h", timeout=0.05), context(real_event()))
    assert done.wait(10)
    assert seen == [False]
    invoker.stop()
