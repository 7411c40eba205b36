"""Pushes callbacks as the platform does: https://doc-en.pandapon.com/doc-6055772.

Exactly 200 within 1000 ms, or again half an hour later, at most five times, and then never. Half an hour is as short
here as one likes.
"""

import asyncio
import threading
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from time import perf_counter
from typing import Final, Literal

import httpx2

from receiver.accounts import Account
from receiver.sandbox.callbacks import DEFAULT, Wire, message
from receiver.sandbox.news import News, Told
from receiver.sandbox.state import State
from receiver.simulator.post import TIMEOUT
from receiver.sources import SOURCES

RETRIES: Final = 5
ACKNOWLEDGED: Final = 200

#: ``lost``: it never reached the receiver; ``answer_lost``: its answer never reached us.
Outcome = int | Literal["timeout", "unreachable", "lost", "answer_lost"]
Loss = Literal["lost", "answer_lost"]


@dataclass(frozen=True, slots=True)
class Attempt:
    at: datetime
    outcome: Outcome
    seconds: float


@dataclass(slots=True)
class Push:
    number: int
    news: News
    attempts: list[Attempt] = field(default_factory=list)
    state: Literal["due", "acknowledged", "given_up", "unregistered"] = "due"
    #: What becomes of the next attempts.
    losses: list[Loss] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    #: How many seconds half an hour takes.
    half_hour: float = 1.0
    #: A retry tells the newest state instead of repeating itself, as Lazada's engine does:
    #: https://open.alitrip.com/docs/doc.htm?articleId=121531&docType=1&treeId=499
    fresh_retries: bool = False
    #: First attempts are late by up to so many seconds, each by its own: the order is not guaranteed.
    disorder: float = 0.0
    wire: Wire = DEFAULT


class Pusher:
    """Told in any thread; pushes in the event loop in which it was started."""

    def __init__(
        self,
        state: State,
        accounts: Mapping[str, Account],
        manner: Manner,
        *,
        seed: int = 0,
        kept: MutableMapping[str, Push] | None = None,
    ) -> None:
        self._kept = {} if kept is None else kept
        self.pushes = list(self._kept.values())
        #: By account's name.
        self.urls: dict[str, str] = {}
        self._state = state
        self._accounts = accounts
        self._manner = manner
        self._random = Random(f"yizhan sandbox pushes {seed}")  # noqa: S311 - it must repeat itself
        self._changed = threading.Condition()
        self._losses: list[Loss] = []
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: httpx2.AsyncClient | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        #: By order: the last first attempt, for the next to wait for.
        self._tails: dict[str, asyncio.Event] = {}

    def tell(self, told: Told) -> None:
        with self._changed:
            for item in told:
                push = Push(len(self.pushes) + 1, item, losses=self._losses)
                self._losses = []
                self.pushes.append(push)
                self._keep(push)
                if self._loop is not None:
                    self._loop.call_soon_threadsafe(self._begin, push)

    def lose(self, *losses: Loss) -> None:
        """What the network does to the first attempts of what is told next."""
        with self._changed:
            self._losses = list(losses)

    def settle(self, seconds: float) -> bool:
        """Wait until nothing is due any more."""
        with self._changed:
            return self._changed.wait_for(lambda: all(push.state != "due" for push in self.pushes), seconds)

    async def start(self) -> None:
        # No proxy of the environment, and one limit for the whole callback: the platform's.
        self._client = httpx2.AsyncClient(timeout=None, trust_env=False)
        with self._changed:
            self._loop = asyncio.get_running_loop()
            for push in self.pushes:
                if push.state == "due":
                    self._begin(push)

    async def close(self) -> None:
        with self._changed:
            self._loop = None
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._client is not None:
            await self._client.aclose()

    def _begin(self, push: Push) -> None:
        lane = push.news.order.id
        before, tried = self._tails.get(lane), asyncio.Event()
        self._tails[lane] = tried
        task = asyncio.get_running_loop().create_task(self._push(push, before, tried))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _push(self, push: Push, before: asyncio.Event | None, tried: asyncio.Event) -> None:
        account = self._accounts.get(push.news.order.account)
        url = self.urls.get(push.news.order.account)
        try:
            if account is None or url is None:
                self._ended(push, "unregistered")
                return
            if self._manner.disorder:
                await asyncio.sleep(self._random.random() * self._manner.disorder)
            elif before is not None:
                await before.wait()
            body = message(push.news, self._state.clock(), self._manner.wire)
            for retry in range(len(push.attempts), 1 + RETRIES):
                if retry:
                    await asyncio.sleep(self._manner.half_hour)
                    body = self._again(push, body)
                if await self._attempt(push, body, account, url):
                    self._ended(push, "acknowledged")
                    return
                tried.set()
            self._ended(push, "given_up")
        finally:
            tried.set()

    def _again(self, push: Push, body: bytes) -> bytes:
        if not self._manner.fresh_retries:
            return body
        with self._state.lock:
            return message(self._state.newest(push.news), self._state.clock(), self._manner.wire)

    async def _attempt(self, push: Push, body: bytes, account: Account, url: str) -> bool:
        loss = push.losses.pop(0) if push.losses else None
        at, began = self._state.clock(), perf_counter()
        outcome: Outcome = loss or 0
        if loss != "lost":
            answer = await self._post(url, body, account)
            outcome = loss or answer
        with self._changed:
            push.attempts.append(Attempt(at, outcome, round(perf_counter() - began, 4)))
            self._keep(push)
        return outcome == ACKNOWLEDGED

    async def _post(self, url: str, body: bytes, account: Account) -> Outcome:
        if self._client is None:
            raise RuntimeError("not started")
        callback = SOURCES[account.source].sign(body, account)
        headers = [(b"user-agent", b"yizhan-sandbox"), *callback.headers]
        try:
            async with asyncio.timeout(TIMEOUT):
                response = await self._client.post(url, content=callback.body, headers=headers)
        except TimeoutError:
            return "timeout"
        except (httpx2.HTTPError, httpx2.InvalidURL):
            return "unreachable"
        return response.status_code

    def _ended(self, push: Push, state: Literal["acknowledged", "given_up", "unregistered"]) -> None:
        with self._changed:
            push.state = state
            self._keep(push)
            self._changed.notify_all()

    def _keep(self, push: Push) -> None:
        self._kept[str(push.number)] = push
