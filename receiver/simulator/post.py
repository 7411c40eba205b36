"""Post a plan as a platform would: hang up after a second, never wait for long, measure every answer."""

import asyncio
import contextlib
import signal
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from time import perf_counter
from typing import Literal

import httpx2

from receiver.simulator.planned import Planned

#: The platform hangs up after 1000 ms: https://doc-en.pandapon.com/doc-6055772
TIMEOUT = 1.0


@dataclass(frozen=True, slots=True)
class Answer:
    planned: Planned
    #: The status, or what came in place of one.
    outcome: int | Literal["timeout", "unreachable"]
    seconds: float

    @property
    def as_expected(self) -> bool:
        return self.outcome == self.planned.expected


async def post(
    posts: Iterable[Planned],
    urls: Mapping[str, str],
    *,
    concurrency: int = 8,
    rate: float | None = None,
    on_answer: Callable[[Answer], None],
) -> bool:
    """Post each to the URL of its account, begun in the order of the plan. ``False`` if SIGINT ended it early.

    ``rate`` is posts a second, evenly paced; without it, as fast as ``concurrency`` lets them.
    """
    limits = httpx2.Limits(max_connections=concurrency, max_keepalive_connections=concurrency)
    # No proxy of the environment: what is measured is the receiver. No timeout of the client's: the platform's is one
    # for the whole callback.
    async with httpx2.AsyncClient(limits=limits, timeout=None, trust_env=False) as client:
        poster = _Poster(client, iter(posts), urls, rate, on_answer)
        with _on_interrupt(poster.stop):
            async with asyncio.TaskGroup() as group:
                for _ in range(concurrency):
                    group.create_task(poster.work())
        return not poster.stopped


class _Place:
    """One post in its lane."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.answered = asyncio.Event()


class _Poster:
    def __init__(
        self,
        client: httpx2.AsyncClient,
        posts: Iterator[Planned],
        urls: Mapping[str, str],
        rate: float | None,
        on_answer: Callable[[Answer], None],
    ) -> None:
        self._client = client
        self._posts = posts
        self._urls = urls
        self._rate = rate
        self._on_answer = on_answer
        self._began = perf_counter()
        self._taken = 0
        self._stop = asyncio.Event()
        #: What is not answered yet, by lane.
        self._lanes: dict[str, list[_Place]] = {}

    @property
    def stopped(self) -> bool:
        return self._stop.is_set()

    def stop(self) -> None:
        self._stop.set()

    async def work(self) -> None:
        while not self.stopped:
            planned = next(self._posts, None)
            if planned is None:
                return
            due = self._began + self._taken / self._rate if self._rate else 0.0
            self._taken += 1
            with self._lane(planned.lane) as (place, ahead):
                await self._until(due)
                for other in ahead:
                    # A platform's next word on an order comes long after the last; a copy may come at any time, once
                    # its original is under way.
                    await (other.answered if planned.kind == "genuine" else other.begun).wait()
                if not self.stopped:
                    place.begun.set()
                    self._on_answer(await self._answer(planned))

    @contextlib.contextmanager
    def _lane(self, name: str) -> Iterator[tuple[_Place, list[_Place]]]:
        """Take a place in the lane, and see who is ahead."""
        lane = self._lanes.setdefault(name, [])
        ahead = lane.copy()
        place = _Place()
        lane.append(place)
        try:
            yield place, ahead
        finally:
            place.begun.set()
            place.answered.set()
            lane.remove(place)
            if not lane:
                del self._lanes[name]

    async def _until(self, due: float) -> None:
        pause = due - perf_counter()
        if pause > 0:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._stop.wait(), pause)

    async def _answer(self, planned: Planned) -> Answer:
        began = perf_counter()
        outcome: int | Literal["timeout", "unreachable"]
        try:
            async with asyncio.timeout(TIMEOUT):
                response = await self._client.post(
                    self._urls[planned.account],
                    content=planned.callback.body,
                    headers=[(b"user-agent", b"yizhan-simulate"), *planned.callback.headers],
                )
                outcome = response.status_code
        except TimeoutError:
            outcome = "timeout"
        except httpx2.TransportError:
            outcome = "unreachable"
        return Answer(planned, outcome, perf_counter() - began)


@contextlib.contextmanager
def _on_interrupt(stop: Callable[[], None]) -> Iterator[None]:
    """The first Ctrl-C stops in good order, a second one at once."""
    loop = asyncio.get_running_loop()

    def interrupted() -> None:
        loop.remove_signal_handler(signal.SIGINT)
        stop()

    try:
        loop.add_signal_handler(signal.SIGINT, interrupted)
    except (ValueError, RuntimeError):  # not the main thread, which alone gets signals
        yield
        return
    try:
        yield
    finally:
        loop.remove_signal_handler(signal.SIGINT)
