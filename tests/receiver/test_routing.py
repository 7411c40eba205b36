"""Registering handlers: who is asked for which event, under which name, and what is refused at start."""

import functools
from datetime import timedelta
from typing import Any

import pytest
from builders import stored

from receiver.envelope import Platform
from receiver.errors import RoutingError
from receiver.events import DeadLetter, EnvelopeUnreadable, Event, OrderEvent, RefundEvent, Unrecognized
from receiver.routing import Context, Router
from receiver.sources import SOURCES


def note(ctx: Context[Event]) -> None: ...


def other(ctx: Context[Event]) -> None: ...


def order(platform: Platform | None = "1688") -> OrderEvent:
    return OrderEvent(account="main", source="pandapon", platform=platform, topic="T", order_id="1", raw={})


def names(router: Router, event: Event) -> list[str]:
    return [route.name for route in router.matching(event)]


def test_name_is_module_and_function_unless_given() -> None:
    router = Router()
    router.on(Event)(note)
    router.on(Event, name="its.old.name")(note)
    assert [route.name for route in router] == [f"{__name__}.note", "its.old.name"]


def test_decorated_function_stays_a_function() -> None:
    assert Router().on(Event)(note) is note


def test_handlers_are_asked_in_the_order_of_definition() -> None:
    router = Router()
    for name in ("c", "a", "b"):
        router.on(OrderEvent, name=name)(note)
    assert names(router, order()) == ["c", "a", "b"]


def test_subscribing_to_a_parent_groups() -> None:
    router = Router()
    for kind in (Event, OrderEvent, RefundEvent, Unrecognized):
        router.on(kind, name=kind.__name__)(note)
    refund = RefundEvent(account="main", source="pandapon", platform=None, topic="T", refund_id="1", raw={})
    unknown = Unrecognized(account="main", source="pandapon", platform=None, topic="T", raw={})
    assert names(router, order()) == ["Event", "OrderEvent"]
    assert names(router, refund) == ["Event", "RefundEvent"]
    assert names(router, unknown) == ["Event", "Unrecognized"]


def test_dead_letters_are_asked_for_by_name() -> None:
    """A handler of every event is told none: it might fail, and be told of that."""
    router = Router()
    for kind in (Event, OrderEvent, DeadLetter, EnvelopeUnreadable):
        router.on(kind, name=kind.__name__)(note)
    dead = EnvelopeUnreadable(account="main", source="pandapon", platform=None, topic="T", raw={})
    assert names(router, dead) == ["DeadLetter", "EnvelopeUnreadable"]
    assert names(router, order()) == ["Event", "OrderEvent"]


def test_platform_narrows() -> None:
    router = Router()
    router.on(OrderEvent, name="all")(note)
    router.on(OrderEvent, name="taobao", platform="taobao")(note)
    router.on(OrderEvent, name="1688", platform="1688")(note)
    assert names(router, order("taobao")) == ["all", "taobao"]
    assert names(router, order("1688")) == ["all", "1688"]
    assert names(router, order(None)) == ["all"]


def test_real_events_find_their_handlers() -> None:
    router = Router()
    router.on(OrderEvent, name="orders", platform="1688")(note)
    (event,) = SOURCES["pandapon"].decode(stored())
    assert names(router, event) == ["orders"]


def test_routers_nest_and_keep_their_order() -> None:
    inner, middle, outer = Router(), Router(), Router()
    inner.on(Event, name="first")(note)
    middle.include(inner)
    middle.on(Event, name="second")(note)
    outer.include(middle)
    outer.on(Event, name="third")(note)
    assert [route.name for route in outer] == ["first", "second", "third"]
    assert [route.name for route in Router(inner, outer_of("x"))] == ["first", "x"]


def outer_of(name: str) -> Router:
    router = Router()
    router.on(Event, name=name)(note)
    return router


def test_timeout_is_seconds_or_a_timedelta() -> None:
    router = Router()
    router.on(Event, name="default")(note)
    router.on(Event, name="seconds", timeout=1.5)(note)
    router.on(Event, name="timedelta", timeout=timedelta(minutes=2), max_attempts=3)(note)
    assert [route.timeout for route in router] == [
        timedelta(seconds=30),
        timedelta(seconds=1.5),
        timedelta(minutes=2),
    ]
    assert [route.max_attempts for route in router] == [15, 15, 3]


def test_two_handlers_of_one_name_are_refused_and_told_what_to_do() -> None:
    router = Router()
    router.on(Event, name="notes")(note)
    with pytest.raises(RoutingError, match=r"two handlers are named 'notes'; .* on\(OrderEvent, name=…\)"):
        router.on(OrderEvent, name="notes")(other)


def test_names_that_clash_across_routers_are_refused() -> None:
    one, two = Router(), Router()
    one.on(Event, name="notes")(note)
    two.on(Event, name="notes")(other)
    with pytest.raises(RoutingError, match="two handlers are named 'notes'"):
        Router(one, two)


def test_one_handler_registered_twice_is_refused_and_told_what_to_do() -> None:
    router = Router()
    router.on(Event)(note)
    with pytest.raises(RoutingError, match="registered twice; register it once, or give one a name"):
        router.on(OrderEvent)(note)
    with pytest.raises(RoutingError, match="registered twice"):
        router.include(router)
    assert len(list(router)) == 1


@pytest.mark.parametrize(
    ("event_type", "options", "told"),
    [
        (note, {}, "expected an event type of receiver.events"),
        ("order.paid", {}, "expected an event type of receiver.events"),
        (int, {}, "expected an event type of receiver.events"),
        (Event, {"timeout": 0}, r"on\(Event\): timeout and max_attempts must be positive"),
        (Event, {"timeout": timedelta(seconds=-1)}, "timeout and max_attempts must be positive"),
        (Event, {"max_attempts": 0}, "timeout and max_attempts must be positive"),
        (Event, {"timeout": "30"}, "timeout='30': expected seconds, or a timedelta"),
        (Event, {"timeout": float("nan")}, "expected seconds, or a timedelta"),
        (Event, {"timeout": float("inf")}, "expected seconds, or a timedelta"),
        (Event, {"platform": "tmall"}, r"platform='tmall'.* expected platform to be one of .*'taobao', '1688'"),
        (Event, {"stale": "ignore"}, "stale='ignore'.* stale one of"),
    ],
)
def test_wrong_use_is_refused_where_it_stands(event_type: Any, options: dict[str, Any], told: str) -> None:
    """A platform that does not exist would match nothing, for ever and unseen."""
    with pytest.raises(RoutingError, match=told):
        Router().on(event_type, **options)


def test_what_has_no_name_of_its_own_needs_one() -> None:
    partial = functools.partial(note)
    with pytest.raises(RoutingError, match="partial is no function; write one, or give it a name"):
        Router().on(Event)(partial)
    router = Router()
    router.on(Event, name="notes")(partial)
    assert router.named("notes") is not None


def test_what_cannot_be_called_is_no_handler() -> None:
    nothing: Any = None
    with pytest.raises(RoutingError, match="NoneType is no function"):
        Router().on(Event, name="notes")(nothing)


@pytest.mark.parametrize("handler", [lambda: None, lambda _, _more: None, lambda *, _ctx: None])
def test_what_cannot_take_a_context_is_no_handler(handler: Any) -> None:
    """Told where it is registered, not at the first event."""
    with pytest.raises(RoutingError, match="notes must take one argument, the Context; nothing else is given"):
        Router().on(Event, name="notes")(handler)


@pytest.mark.parametrize("handler", [lambda _, _more=None: None, lambda *_: None, print])
def test_what_can_take_a_context_is_one(handler: Any) -> None:
    router = Router()
    router.on(Event, name="notes")(handler)
    assert [route.handler for route in router] == [handler]


def test_route_is_found_by_its_name() -> None:
    router = outer_of("notes")
    route = router.named("notes")
    assert route is not None
    assert route.handler is note
    assert router.named("gone") is None


def test_replaced_routes_are_gone_those_that_wait_are_owed_and_do_not_run() -> None:
    router, mended = outer_of("notes"), outer_of("others")
    (notes,) = router
    router.replace(mended, waiting=[notes])
    assert [route.name for route in router] == ["others"]
    assert router.named("notes") is None
    assert names(router, order()) == ["others", "notes"]
    assert router.waiting() == (notes,)
    router.replace(mended)
    assert (names(router, order()), router.waiting()) == (["others"], ())
