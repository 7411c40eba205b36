"""What every handler must bear: to be run again, to have its worker die under it, and to hear things out of order."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Any

from receiver.errors import EffectUnsure
from receiver.events import Event
from receiver.routing import Route, Router
from receiver.testing.recording import RecordingApi
from receiver.testing.running import Bench, Handler, Ran

#: Orders grow fast: six events come in 720.
MOST_EVENTS = 6

_ONCE_CURE = 'do it by ctx.once("its purpose", …), or ask your own system by the key ctx.envelope.id whether it is done'
_PURPOSE_CURE = (
    "name the effect by what it is for, the same word at every attempt: no time, no random number, no attempt"
)
_REST_CURE = (
    "an effect that an earlier attempt had returns None, and what comes after it is still to be done: note that all is"
    " done only when it is"
)
_ORDER_CURE = (
    "read the current state before you act (ctx.api.order_detail, refund_detail), or keep the newest by its time"
)


@dataclass(frozen=True, slots=True)
class World:
    """What was to be seen from outside when all was over."""

    effects: Counter[str]
    calls: Counter[str]
    state: object

    def difference(self, other: "World") -> str | None:
        """What is there in this one otherwise than in the other."""
        for what, mine, theirs in (("effect", self.effects, other.effects), ("call", self.calls, other.calls)):
            for name in {**mine, **theirs}:
                if mine[name] != theirs[name]:
                    return f"{what} {name} was had {mine[name]}x, not {theirs[name]}x"
        return None if self.state == other.state else f"the state is {self.state!r}, not {other.state!r}"

    def lacks(self, other: "World") -> bool:
        return bool(other.effects - self.effects)


class _WorkerDied(BaseException):
    """No ``except Exception`` of the handler's sees it, as none sees a kill."""


@dataclass(frozen=True, slots=True)
class _Trial:
    handler: Handler | Route | Router
    answers: Mapping[str, Any]
    state: Callable[[], object]
    reset: Callable[[], None]

    def bench(self) -> Bench:
        """A world of its own."""
        self.reset()
        api = RecordingApi()
        for name, data in self.answers.items():
            api.answers(name, data)
        return Bench(api)

    def world(self, bench: Bench) -> World:
        effects = Counter(bench.effects)
        return World(effects, Counter(_irreversible(bench)), self.state())

    def ended(self, bench: Bench, event: Event, when: str) -> Ran:
        """Deliver it to its end, which must not be that of a failure."""
        ran = bench.deliver(self.handler, event)
        if ran.outcome == "dead" and not isinstance(ran.error, EffectUnsure):
            raise AssertionError(f"{ran.handler} {when} ends dead: {ran.reason}; {_REST_CURE}") from ran.error
        return ran


def assert_idempotent(
    handler: Handler | Route | Router,
    event: Event,
    *,
    answers: Mapping[str, Any] | None = None,
    state: Callable[[], object] | None = None,
    reset: Callable[[], None] | None = None,
) -> None:
    """Run once, or twice, or again after its worker died at any of its ways out: what is seen must be the same.

    Seen are effects (``ctx.once``, and calls that take ``once=``) and what ``state()`` returns: what your own systems
    hold, say. ``reset()`` empties them before each run. ``answers``: as ``RecordingApi.answers`` takes them.
    """
    trial = _trial(handler, answers, state, reset)
    bench, deaths = trial.bench(), _Deaths()
    bench.after = deaths.count
    first = bench.deliver(handler, event)
    if first.outcome != "succeeded":
        raise AssertionError(
            f"{first.handler} fails at its first run, so nothing can be said of a second: {first.reason}; "
            "give what it reads by answers={…}"
        ) from first.error
    once = trial.world(bench)
    bench.after = lambda _: None
    again = bench.run(handler, event)
    if again.outcome != "succeeded":
        raise AssertionError(
            f"{again.handler} fails when it is run again: {again.reason}; {_REST_CURE}"
        ) from again.error
    _same(trial.world(bench), once, f"{first.handler}: run twice,")
    for place, where in enumerate(deaths.passed):
        bench = trial.bench()
        bench.after = _Deaths(place).count
        bench.run(handler, event)
        bench.after = lambda _: None
        when = f"run again after its worker died when {where}"
        last = trial.ended(bench, event, when)
        world = trial.world(bench)
        if isinstance(last.error, EffectUnsure):  # sent, not recorded: it is left to a person, so the rest is missing
            _no_more(world, once, f"{first.handler}: {when},")
        else:
            _same(world, once, f"{first.handler}: {when},")


def assert_order_free(
    handler: Handler | Route | Router,
    events: Iterable[Event],
    *,
    answers: Mapping[str, Any] | None = None,
    state: Callable[[], object] | None = None,
    reset: Callable[[], None] | None = None,
) -> None:
    """Deliver the events in every order: what is seen in the end must be the same, as in ``assert_idempotent``.

    As the service would, it spares a handler what is older than it has acted on, unless that asks for it by
    ``stale="run"``. Give the events in their true order: the others are compared with it.
    """
    told = tuple(events)
    if not 1 < len(told) <= MOST_EVENTS:
        raise ValueError(f"{len(told)} events: expected 2 to {MOST_EVENTS}")
    trial = _trial(handler, answers, state, reset)
    true: World | None = None
    for order in permutations(told):
        bench = trial.bench()
        for event in order:
            _must_run(bench, handler, event, order)
        world = trial.world(bench)
        true = true or world
        difference = world.difference(true)
        if difference is not None:
            raise AssertionError(f"in the order {_named(order)}: {difference} as in {_named(told)}; {_ORDER_CURE}")


def _must_run(bench: Bench, handler: Handler | Route | Router, event: Event, order: Sequence[Event]) -> None:
    routes = handler.matching(event) if isinstance(handler, Router) else (handler,)
    for route in routes:
        ran = bench.deliver(route, event)
        if ran.outcome == "dead":
            raise AssertionError(
                f"{ran.handler} ends dead at {event.type} in the order {_named(order)}: {ran.reason}; {_ORDER_CURE}"
            ) from ran.error


class _Deaths:
    """Notes ways out; lets the worker die at one of them, counted from 0."""

    def __init__(self, at: int | None = None) -> None:
        self.passed: list[str] = []
        self._at = at

    def count(self, where: str) -> None:
        self.passed.append(where)
        if len(self.passed) - 1 == self._at:
            raise _WorkerDied


def _trial(
    handler: Handler | Route | Router,
    answers: Mapping[str, Any] | None,
    state: Callable[[], object] | None,
    reset: Callable[[], None] | None,
) -> _Trial:
    if state is not None and reset is None:
        raise TypeError("state= wants reset=: each run begins with nothing done")
    return _Trial(handler, answers or {}, state or (lambda: None), reset or (lambda: None))


def _irreversible(bench: Bench) -> list[str]:
    """A read may be made as often as one likes."""
    return [f"{name} {given}" for name, given in bench.calls if bench.api.irreversible(name)]


def _same(world: World, once: World, when: str) -> None:
    difference = world.difference(once)
    if difference is not None:
        cure = _REST_CURE if world.lacks(once) else _ONCE_CURE if world.state != once.state else _PURPOSE_CURE
        raise AssertionError(f"{when} {difference} as in one run; {cure}")


def _no_more(world: World, once: World, when: str) -> None:
    more = (world.effects - once.effects) or (world.calls - once.calls)
    if more:
        raise AssertionError(f"{when} {next(iter(more))} was had more often than in one run; {_PURPOSE_CURE}")


def _named(order: Sequence[Event]) -> str:
    return " → ".join(event.type for event in order)
