"""The engine in this process, real HTTP both ways, against a sandbox platform; the worker runs when a test says so.

The store's clock can be put forward, so that what is due in an hour is due now; a handler's own clock cannot.
"""

import contextlib
import dataclasses
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import live
import sandboxes

from receiver.accounts import ApiAccess, Completed
from receiver.api import Apis
from receiver.deliver import Deliverer
from receiver.deliveries import Delivery, Filters
from receiver.dispatch import dispatch
from receiver.metrics import Metrics
from receiver.plugins import load_routers
from receiver.routing import Router
from receiver.sandbox.news import Told
from receiver.sandbox.push import Manner
from receiver.sandbox.running import Sandbox
from receiver.sandbox.state import State
from receiver.sandbox.stories import STORIES, Cast
from receiver.settings import HandlerTable
from receiver.shares import Shares
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

#: Where the sandbox has what no public page shows.
COMPLETED = (
    Completed(operation="taobao.refund.list_messages", method="POST", path="/open/order/refund/message/list"),
    Completed(operation="taobao.order.detail", method="GET", path="/open/order/detail"),
)


class Clock:
    """The real time, and what a test adds to it."""

    def __init__(self) -> None:
        self.ahead = 0.0

    def __call__(self) -> int:
        return time.time_ns() // 1_000_000 + round(self.ahead * 1000)


@dataclass(frozen=True)
class Engine:
    sandbox: Sandbox
    store: SqliteStore
    clock: Clock
    router: Router
    apis: Apis

    def play(self, story: str, *, steps: int | None = None, cast: Cast | None = None) -> Cast:
        """Its steps, or the first of them, or those that are left to a cast; all is pushed and committed after each."""
        told = STORIES[story]
        if cast is None:
            cast = Cast(sandboxes.ACCOUNT.name, told.platform, self.sandbox.pusher.lose)
        for step in told.steps[len(cast.told) : steps]:
            cast.told.append(self.do(lambda state, step=step, cast=cast: step(cast, state)))  # type: ignore[misc]
        return cast

    def do(self, transition: Callable[[State], Told]) -> Told:
        told = self.sandbox.do(transition)
        assert self.sandbox.settle()
        return told

    def work(self) -> None:
        """Run all that is due now."""
        while dispatch(self.store, SOURCES, self.router):
            pass
        deliverer = Deliverer(
            store=self.store,
            sources=SOURCES,
            router=self.router,
            metrics=Metrics(),
            shares=Shares(8),
            apis=self.apis,
        )
        while offers := self.store.claim(100, {route.name: 100 for route in self.router}):
            for offer in offers:
                deliverer.deliver(offer)
        deliverer.stop()

    def deliveries(self, handler: str) -> list[Delivery]:
        """The oldest first."""
        return self.store.deliveries(Filters(handler=handler), 1000)[::-1]

    def states(self, handler: str) -> list[str]:
        return [delivery.state for delivery in self.deliveries(handler)]


def made(folder: Path, name: str, settings: Mapping[str, Any]) -> Router:
    """A handler that ships, as ``yizhan.toml`` switches it on. Raises ``RoutingError``."""
    return load_routers([], folder, [HandlerTable(name, f"handlers.{name}:create", settings)])


@contextlib.contextmanager
def running(folder: Path, router: Router, **account: Any) -> Iterator[Engine]:
    """``account`` are changes of the account that handlers call by."""
    clock = Clock()
    store = SqliteStore(folder / "yizhan.db", clock=clock)
    store.migrate()
    with contextlib.closing(store), Sandbox([sandboxes.ACCOUNT], manner=Manner(half_hour=0.1)) as sandbox:
        values = {"operations": COMPLETED, "api": ApiAccess(url=sandbox.url, rate=1000), **account}
        caller = dataclasses.replace(sandboxes.ACCOUNT, **values)
        with live.serve(store, folder / "yizhan.db", live.Journal(), accounts=(caller,)) as site:
            sandbox.pusher.urls[caller.name] = f"http://127.0.0.1:{site.port}/callbacks/{caller.name}"
            with contextlib.closing(Apis([caller])) as apis:
                yield Engine(sandbox, store, clock, router, apis)
