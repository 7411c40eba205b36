"""The path walked by hand, step by step, over a real store."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import orjson
import structlog
from builders import account, callback, message, stored

from receiver import dispatch
from receiver.accounts import Account
from receiver.api import Api, Apis
from receiver.deliver import Deliverer
from receiver.deliveries import Delivery, Filters, Offer
from receiver.envelope import Platform
from receiver.events import Event
from receiver.exchange import Request, Response, Send
from receiver.metrics import Metrics
from receiver.routing import Context, Route, Router
from receiver.shares import Shares
from receiver.sources import SOURCES
from receiver.store.base import Store
from receiver.store.sqlite import connecting

EventT = TypeVar("EventT", bound=Event)
T = TypeVar("T")


def real_event() -> Event:
    """An order's, made of a PandaPon callback."""
    (event,) = SOURCES["pandapon"].decode(stored())
    return event


@contextlib.contextmanager
def standing_still(path: Path) -> Iterator[None]:
    """While another connection writes, nothing can be committed to this SQLite file."""
    with contextlib.closing(connecting.connect(path)) as other:
        # Timers may be in the middle of a write.
        other.set_busy_timeout(5_000)
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def once(purpose: str, send: Callable[[], T], *, look: Callable[[], bool | None] = lambda: None) -> T | None:
    """At its first and only attempt."""
    return None if look() else send()


def context(event: EventT) -> Context[EventT]:
    """What a handler is given."""
    return Context(
        event=event,
        envelope=stored(),
        attempt=1,
        api=api(),
        once=once,
        log=structlog.stdlib.get_logger("handler"),
    )


class Recorder:
    """A way out that leads nowhere: it holds what would have been sent, and answers success without data."""

    def __init__(self, *answers: Response) -> None:
        self.requests: list[Request] = []
        self._answers = list(answers)

    def __call__(self, request: Request, _: float) -> Response:
        self.requests.append(request)
        return self._answers.pop(0) if self._answers else success()


def success(data: Any = None) -> Response:
    """PandaPon's answer when all is well."""
    return Response(status=200, headers={}, body=orjson.dumps({"code": 200, "data": data}))


def api(send: Send | None = None, *, platform: Platform | None = "1688", **changes: Any) -> Api:
    """Of an account that can call, by way of a recorder unless another is given."""
    caller = account(user_id="2100007341207", **changes)
    return Apis([caller], send=send or Recorder()).of(caller.name, platform)


def route(handler: Callable[[Context[Event]], Any], **options: Any) -> Route:
    """The route of a handler of every event."""
    router = Router()
    router.on(Event, **options)(handler)
    return next(iter(router))


def accept(store: Store, *texts: bytes, of: Account | None = None) -> list[str]:
    """Genuine callbacks, opened and committed; their envelopes' ids."""
    signer = of or account()
    source = SOURCES[signer.source]
    envelopes = [source.open_callback(callback(text, of=signer), signer) for text in texts]
    return [receipt.envelope_id for receipt in asyncio.run(store.put(envelopes))]


def owe(store: Store, router: Router, *texts: bytes, of: Account | None = None) -> list[Delivery]:
    """What these callbacks, or one, make due, in the order of dispatch."""
    accept(store, *(texts or (message(),)), of=of)
    dispatch.dispatch(store, SOURCES, router)
    return store.deliveries(Filters(state="due"), 1000)[::-1]


def claim(store: Store, router: Router, limit: int = 100) -> list[Offer]:
    return store.claim(limit, {route.name: limit for route in router})


def offered(store: Store, router: Router, *texts: bytes) -> Offer:
    """The one delivery that these callbacks, or one, make due, offered."""
    owe(store, router, *texts)
    (offer,) = claim(store, router)
    return offer


@contextlib.contextmanager
def deliverer(
    store: Store,
    router: Router,
    on_ended: Callable[[], None] = lambda: None,
    send: Send | None = None,
    metrics: Metrics | None = None,
) -> Iterator[Deliverer]:
    made = Deliverer(
        store=store,
        sources=SOURCES,
        router=router,
        metrics=metrics or Metrics(),
        shares=Shares(8),
        apis=Apis([account(user_id="2100007341207")], send=send or Recorder()),
        on_ended=on_ended,
    )
    try:
        yield made
    finally:
        made.stop()


@contextlib.contextmanager
def delivering(
    store: Store,
    router: Router,
    on_ended: Callable[[], None] = lambda: None,
    send: Send | None = None,
    metrics: Metrics | None = None,
) -> Iterator[Callable[[Offer], None]]:
    with deliverer(store, router, on_ended, send, metrics) as made:
        yield made.deliver


def deliver(store: Store, router: Router, offer: Offer) -> Delivery:
    """One attempt, and what became of the delivery."""
    with delivering(store, router) as run:
        run(offer)
    found = store.delivery(offer.delivery_id)
    assert found is not None
    return found
