"""The seam: routers collect handlers, a handler is a function of one ``Context``."""

import inspect
import re
from collections.abc import Awaitable, Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Generic, Literal, Protocol, TypeVar, get_args

import structlog

from receiver.api import Api
from receiver.deliveries import QUEUE
from receiver.envelope import Platform, StoredEnvelope
from receiver.errors import RoutingError
from receiver.events import DeadLetter, Event

T = TypeVar("T")


class Once(Protocol):
    """Call ``send`` at most once for this purpose and event's order or refund, whatever dies when.

    Returns what ``send`` returned, or ``None`` if it was called before. Where a worker died in between, nobody can tell
    whether it was done: the delivery is buried, not repeated, unless ``look`` can tell.
    """

    def __call__(self, purpose: str, send: Callable[[], T], *, look: Callable[[], bool | None] = ...) -> T | None: ...


E_co = TypeVar("E_co", bound=Event, covariant=True)
EventT = TypeVar("EventT", bound=Event)
#: A plain handler returns nothing, an async one is awaited.
ResultT = TypeVar("ResultT", bound=Awaitable[None] | None)

Stale = Literal["skip", "run"]

DEFAULT_QUEUE = "default"
DEFAULT_TIMEOUT = timedelta(seconds=30)
DEFAULT_MAX_ATTEMPTS = 15


@dataclass(frozen=True, slots=True, kw_only=True)
class Context(Generic[E_co]):
    """All that a handler is given."""

    event: E_co
    #: Where the event came from. ``envelope.id`` is the idempotency key to send downstream.
    envelope: StoredEnvelope
    #: Which run of this delivery this is, from 1.
    attempt: int
    #: ``once("purpose", send)``: have an effect of your own at most once (``receiver.effects``).
    once: Once
    #: Follow-up calls of the account that the envelope came by.
    api: Api
    #: A logger that knows event, envelope, handler and attempt.
    log: structlog.stdlib.BoundLogger


Handler = Callable[[Context[EventT]], ResultT]


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """Event type -> handler, with how it is to be run."""

    #: Stored with each delivery, so it outlives the function's name.
    name: str
    event_type: type[Event]
    handler: Callable[[Context[Any]], Awaitable[None] | None]
    #: Only events of orders that live there; ``None``: all.
    platform: Platform | None
    stale: Stale
    #: Else no event waits for another.
    ordered: bool
    timeout: timedelta
    max_attempts: int
    #: Which workers run it: those of ``yizhan work --queues``.
    queue: str

    def asks_for(self, kind: type[Event]) -> bool:
        """Dead letters are nothing that a source tells: a handler of every event has not asked for them."""
        by_name = issubclass(self.event_type, DeadLetter) == issubclass(kind, DeadLetter)
        return by_name and issubclass(kind, self.event_type)

    def matches(self, event: Event) -> bool:
        return self.asks_for(type(event)) and self.platform in (None, event.platform)


class Router:
    """A list of routes. Routers nest: ``Router(orders.router, aftersales.router)``."""

    def __init__(self, *routers: "Router") -> None:
        #: What runs, and what events are owed to: the same, but for what cannot be run for now.
        self._routes: list[Route] = []
        self._owed: list[Route] = []
        for router in routers:
            self.include(router)

    def __iter__(self) -> Iterator[Route]:
        return iter(self._routes)

    def include(self, router: "Router") -> None:
        """Take over all routes of another router. Raises ``RoutingError`` for a name that is taken."""
        for route in router:
            self._add(route)

    def replace(self, router: "Router", *, waiting: Iterable[Route] = ()) -> None:
        """Have the routes of another router instead, while others use this one.

        ``waiting`` cannot be run for now: what matches is owed to them all the same, and waits.
        """
        self._routes, self._owed = list(router), [*router, *waiting]

    def waiting(self) -> tuple[Route, ...]:
        return tuple(route for route in self._owed if route not in self._routes)

    def on(
        self,
        event_type: type[EventT],
        *,
        name: str | None = None,
        platform: Platform | None = None,
        stale: Stale = "skip",
        ordered: bool = True,
        timeout: timedelta | float = DEFAULT_TIMEOUT,
        max_attempts: int = DEFAULT_MAX_ATTEMPTS,
        queue: str = DEFAULT_QUEUE,
    ) -> Callable[[Handler[EventT, ResultT]], Handler[EventT, ResultT]]:
        """Run the decorated function for every event of this type, its subclasses included.

        ``name`` is stored with each delivery; the default is ``module.function``, so give the old name before you move
        or rename the function. ``timeout`` is a ``timedelta`` or seconds. ``stale="run"`` asks for events that are
        older than what the handler has already seen. ``ordered=False``: no event of an order waits for another of it,
        nor is any spared for being old. ``queue="slow"`` gives it to workers of its own, on many machines
        (``yizhan work --queues slow``). Raises ``RoutingError`` for a second handler of the name.
        """
        if not (isinstance(event_type, type) and issubclass(event_type, Event)):
            raise RoutingError(f"on({event_type!r}): expected an event type of receiver.events")
        where = f"on({event_type.__name__})"
        try:
            limit = timeout if isinstance(timeout, timedelta) else timedelta(seconds=timeout)
        except (TypeError, ValueError, OverflowError):
            raise RoutingError(f"{where}: timeout={timeout!r}: expected seconds, or a timedelta") from None
        if limit <= timedelta(0) or max_attempts < 1:
            raise RoutingError(f"{where}: timeout and max_attempts must be positive")
        if not re.fullmatch(QUEUE, queue):
            raise RoutingError(f"{where}: queue={queue!r}: expected a short name of small letters, digits and dashes")
        if platform not in (None, *get_args(Platform)) or stale not in get_args(Stale):
            raise RoutingError(
                f"{where}: platform={platform!r}, stale={stale!r}: expected platform to be one of"
                f" {(None, *get_args(Platform))}, and stale one of {get_args(Stale)}"
            )

        def register(handler: Handler[EventT, ResultT]) -> Handler[EventT, ResultT]:
            own_name = getattr(handler, "__qualname__", None)
            if not callable(handler) or not (name or own_name):
                raise RoutingError(f"{where}: {type(handler).__name__} is no function; write one, or give it a name=…")
            if not _takes_one(handler):
                raise RoutingError(
                    f"{where}: {name or own_name} must take one argument, the Context; nothing else is given"
                )
            self._add(
                Route(
                    name=name or f"{handler.__module__}.{own_name}",
                    event_type=event_type,
                    handler=handler,
                    platform=platform,
                    stale=stale,
                    ordered=ordered,
                    timeout=limit,
                    max_attempts=max_attempts,
                    queue=queue,
                )
            )
            return handler

        return register

    def matching(self, event: Event) -> tuple[Route, ...]:
        """Whom an event is owed to."""
        return tuple(route for route in self._owed if route.matches(event))

    def named(self, name: str) -> Route | None:
        return next((route for route in self._routes if route.name == name), None)

    def _add(self, route: Route) -> None:
        taken = self.named(route.name)
        if taken is not None and taken.handler is not route.handler:
            raise RoutingError(
                f"two handlers are named {route.name!r}; give one another name: on({route.event_type.__name__}, name=…)"
            )
        if taken is not None:
            raise RoutingError(f"handler {route.name!r} is registered twice; register it once, or give one a name")
        self._routes.append(route)
        self._owed.append(route)


def _takes_one(handler: Callable[..., object]) -> bool:
    try:
        inspect.signature(handler).bind(None)
    except TypeError:
        return False
    except ValueError:  # written in C, and does not say
        return True
    return True
