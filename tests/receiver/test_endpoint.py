"""The endpoint beneath HTTP: what it holds on to. What it answers is asked over real connections, in ``http/``."""

import asyncio
import contextlib
import dataclasses
import gc
from collections.abc import AsyncIterator, Iterator
from time import perf_counter
from typing import Any, Self

import builders
import pytest
from hand_store import HandStore
from starlette.types import Message
from structlog.testing import capture_logs

from receiver import endpoint as endpoints
from receiver.accounts import Account
from receiver.endpoint import Answer, CallbackEndpoint
from receiver.envelope import Callback, Envelope
from receiver.errors import StoreUnavailable
from receiver.inbox import Inbox
from receiver.metrics import Metrics
from receiver.sources import SOURCES

pytestmark = pytest.mark.anyio

ACCOUNT = builders.account(name="main")


class Payload(bytes):
    """Bytes that count how many of them are held."""

    held = 0

    def __new__(cls, content: bytes) -> Self:
        cls.held += 1
        return super().__new__(cls, content)

    def __del__(self) -> None:
        Payload.held -= 1


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """Counting references is all there is: the web process collects cycles seldom (``receiver.web``)."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def answer(endpoint: CallbackEndpoint, body: bytes, *, more: bool = False) -> int:
    """Post a payload, genuinely signed; the status."""
    sent: list[Message] = []
    messages: list[Message] = [{"type": "http.request", "body": Payload(body), "more_body": more}]

    async def receive() -> Message:
        if not messages:
            await asyncio.Event().wait()
        return messages.pop()

    async def send(message: Message) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "method": "POST",
        "headers": list(builders.callback(body, of=ACCOUNT).headers),
    }
    with capture_logs():
        await endpoint("main", scope, receive, send)
    await asyncio.sleep(0)  # the turn of the loop in which it was cut off holds on to its frames
    status: int = sent[0]["status"]
    return status


@contextlib.asynccontextmanager
async def opened(store: HandStore, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CallbackEndpoint]:
    monkeypatch.setattr(endpoints, "DEADLINE", 0.02)
    inbox = Inbox(store)
    table = {"main": (ACCOUNT, SOURCES["pandapon"])}
    yield CallbackEndpoint(accounts=table, inbox=inbox, metrics=Metrics(), max_body=1000)
    for _ in range(5):
        store.end()
    await inbox.close()


async def test_callback_that_is_not_committed_in_time_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(HandStore(), monkeypatch) as endpoint:
        for _ in range(3):
            assert await answer(endpoint, builders.message()) == 503
            assert Payload.held == 1  # the first, which is being committed


async def test_callback_that_the_store_refuses_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    store = HandStore()
    async with opened(store, monkeypatch) as endpoint:
        store.end(StoreUnavailable("disk full"))
        assert await answer(endpoint, builders.message()) == 503
        store.batches.clear()
        store.begun.get_nowait()
        assert Payload.held == 0


async def test_fault_of_ours_is_503_and_told_with_its_place() -> None:
    """Whatever it is, the source sends the callback again."""

    def fail(_callback: Callback, _account: Account) -> Envelope:
        raise LookupError("a fault of ours")

    broken = dataclasses.replace(SOURCES["pandapon"], open_callback=fail)
    inbox = Inbox(HandStore())
    endpoint = CallbackEndpoint(accounts={"main": (ACCOUNT, broken)}, inbox=inbox, metrics=Metrics(), max_body=1000)
    answers: list[Answer] = []
    with capture_logs() as lines:
        endpoint.take("main", builders.callback(builders.message(), of=ACCOUNT), None, perf_counter(), answers.append)
    assert [each.status for each in answers] == [503]
    assert [(line["event"], line["log_level"]) for line in lines] == [
        ("callback.failed", "error"),
        ("callback.refused", "info"),
    ]
    assert lines[0]["exc_info"]
    await inbox.close()


async def test_body_that_is_refused_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    async with opened(HandStore(), monkeypatch) as endpoint:
        for size, more, status in ((1001, False, 413), (1001, True, 413), (500, True, 408)):
            assert await answer(endpoint, bytes(size), more=more) == status
            assert Payload.held == 0
