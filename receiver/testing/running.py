"""Running a handler as the worker would: its time limit, its effects, its outcome; and telling what it did."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from typing import Any, Literal, TypeVar

import structlog
from structlog.typing import EventDict, WrappedLogger

from receiver import attempt as attempts
from receiver.deliveries import DeliveryState, Offer, Started
from receiver.effects import DEFAULT_DEADLINE, Effects
from receiver.envelope import StoredEnvelope
from receiver.events import Event
from receiver.invoke import Invoker
from receiver.routing import Context, Route, Router
from receiver.testing.building import envelope as envelope_of
from receiver.testing.guard import Guard
from receiver.testing.ledger import Ledger
from receiver.testing.recording import Call, RecordingApi

T = TypeVar("T")

Handler = Callable[[Context[Any]], Awaitable[None] | None]
#: ``failed`` is attempted again, ``dead`` is not; ``skipped`` did not run, since it was old news.
Outcome = Literal["succeeded", "failed", "dead", "skipped"]
_OUTCOMES: Mapping[DeliveryState, Outcome] = {"succeeded": "succeeded", "due": "failed", "dead": "dead"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Ran:
    """One attempt, and what the worker would make of it."""

    handler: str
    outcome: Outcome
    #: When it would be attempted again; only of ``failed``.
    retry_in: timedelta | None
    #: As the delivery would show it: no values of others.
    reason: str | None
    #: What the handler raised.
    error: BaseException | None = field(repr=False)
    #: What went out through ``ctx.api``.
    calls: list[Call]
    #: The purposes of ``once`` that were had, those of ``ctx.api`` among them.
    effects: list[str]
    #: What was said through ``ctx.log``.
    logs: list[EventDict]

    def raised(self) -> "Ran":
        """Itself; raises what the handler raised: the shortest way to its traceback."""
        if self.error is not None:
            raise self.error
        return self


class RecordedEffects(Effects):
    """Tells what was had. On a rehearsal a handler's own effects are told, and not had."""

    def __init__(
        self,
        ledger: Ledger,
        started: Started,
        subject: str,
        *,
        on_had: Callable[[str], None],
        rehearsal: bool,
    ) -> None:
        super().__init__(ledger, started, subject)
        self._on_had = on_had
        self._rehearsal = rehearsal

    def once(
        self,
        purpose: str,
        send: Callable[[], T],
        *,
        look: Callable[[], bool | None] = lambda: None,
        deadline: timedelta = DEFAULT_DEADLINE,
    ) -> T | None:
        """A handler's own; through ``ctx.api`` it is ``run`` alone."""
        if self._rehearsal:
            return super().once(purpose, lambda: None, look=lambda: None, deadline=deadline)
        return super().once(purpose, send, look=look, deadline=deadline)

    def run(
        self,
        purpose: str,
        send: Callable[[float], T],
        look: Callable[[], bool | None] | None,
        deadline: timedelta,
    ) -> T | None:
        def sent(until: float) -> T:
            result = send(until)
            self._on_had(purpose)
            return result

        return super().run(purpose, sent, look, deadline)


class Bench:
    """Where handlers are run one after the other; what they had at most once stays had. ``api`` answers them.

    Nothing is shared with another bench. On a ``rehearsal`` effects of the handlers' own (``ctx.once``) are recorded,
    and not had.
    """

    def __init__(self, api: RecordingApi | None = None, *, rehearsal: bool = False) -> None:
        self.api = RecordingApi() if api is None else api
        self.ledger = Ledger()
        #: The purposes of all effects that were had, in order.
        self.effects: list[str] = []
        #: Told of each way out, and again once an effect is recorded: a trial may let the worker die there.
        self.after: Callable[[str], None] = lambda _: None
        self._rehearsal = rehearsal
        self._attempts: dict[tuple[str, str], int] = {}
        self._guard = Guard()
        self.ledger.after_record = lambda purpose: self.after(f"effect {purpose} was recorded")
        self.api.after_call(lambda name: self.after(f"{name} was answered"))

    @property
    def calls(self) -> list[Call]:
        """What went out through ``ctx.api``, of all runs, in order."""
        return self.api.calls

    def pass_time(self, **span: float) -> None:
        """Let time pass for effects without an outcome: ``pass_time(minutes=2)``."""
        self.ledger.pass_time(timedelta(**span))

    def run(
        self,
        handler: Handler | Route | Router,
        event: Event,
        *,
        attempt: int | None = None,
        envelope: StoredEnvelope | None = None,
    ) -> Ran:
        """One attempt, whatever has been before. A later run of the same event is its next attempt.

        A function is run as ``Router.on`` would by default; give its router, and its own options hold.
        """
        route = route_of(handler, event)
        came = envelope or envelope_of(event)
        started = self._start(route, came, attempt)
        first_call, first_effect = len(self.calls), len(self.effects)
        logs: list[EventDict] = []
        effects = RecordedEffects(
            self.ledger,
            started,
            attempts.subject(event, started),
            on_had=self._had,
            rehearsal=self._rehearsal,
        )
        failure: BaseException | None = None
        began = time.monotonic()
        try:
            attempts.attempt(
                route,
                event,
                started,
                effects=effects,
                api=self.api.bound(event.platform, effects),
                log=_recorder(logs, attempts.about(route, event, started)),
                invoker=_invoker(),
            )
        except KeyboardInterrupt:  # the person's, not the handler's
            raise
        except BaseException as raised:  # noqa: BLE001  (a handler may raise anything, SystemExit too)
            failure = raised
        ended = attempts.ended(failure, started, route, timedelta(seconds=time.monotonic() - began))
        return Ran(
            handler=route.name,
            outcome=_OUTCOMES[ended.state],
            retry_in=ended.due_in,
            reason=ended.error,
            error=failure,
            calls=self.calls[first_call:],
            effects=self.effects[first_effect:],
            logs=logs,
        )

    def deliver(
        self,
        handler: Handler | Route | Router,
        event: Event,
        *,
        attempts: int | None = None,
        envelope: StoredEnvelope | None = None,
    ) -> Ran:
        """As the service would: not what is older than the handler has acted on, and again until it has ended.

        The time between attempts passes at once. ``attempts``: no more than so many.
        """
        route = route_of(handler, event)
        verdict = self._guard.verdict(route, event)
        if verdict == "older":
            return _skipped(route)
        told = event.model_copy(update={"uncertain": True}) if verdict == "unknown" else event
        for _ in range(attempts or route.max_attempts):
            ran = self.run(route, told, envelope=envelope)
            if ran.outcome != "failed":
                break
            self.ledger.pass_time(ran.retry_in or timedelta(0))
        if ran.outcome == "succeeded":
            self._guard.succeeded(route, event)
        return ran

    def _had(self, purpose: str) -> None:
        self.effects.append(purpose)
        self.after(f"effect {purpose} was had, and not yet recorded")

    def _start(self, route: Route, came: StoredEnvelope, attempt: int | None) -> Started:
        number = attempt or self._attempts.get((route.name, came.id), 0) + 1
        self._attempts[route.name, came.id] = number
        return Started(
            offer=Offer(1, number, route.name),
            envelope=came,
            event_number=0,
            handler=route.name,
            attempt=number,
            tries=number,
            uncertain=False,
        )


def _skipped(route: Route) -> Ran:
    return Ran(
        handler=route.name, outcome="skipped", retry_in=None, reason=None, error=None, calls=[], effects=[], logs=[]
    )


def run_handler(
    handler: Handler | Route | Router, event: Event, *, api: RecordingApi | None = None, attempt: int | None = None
) -> Ran:
    """Run it once, on a bench of its own."""
    return Bench(api).run(handler, event, attempt=attempt)


def route_of(handler: Handler | Route | Router, event: Event) -> Route:
    """How it is run. Raises ``LookupError`` unless a router has one handler, and one only, of this event."""
    if isinstance(handler, Route):
        return handler
    if not isinstance(handler, Router):
        alone = Router()
        alone.on(type(event))(handler)
        return next(iter(alone))
    found = handler.matching(event)
    if len(found) != 1:
        what = f"{event.type} of {event.platform or 'no platform'}"
        every = ", ".join(f"{route.name} ({route.event_type.type})" for route in handler) or "none"
        if not found:
            raise LookupError(f"no handler of the router runs for {what}; it has {every}")
        several = ", ".join(route.name for route in found)
        raise LookupError(f"{several} run for {what}; choose one: router.named({found[0].name!r})")
    return found[0]


@cache
def _invoker() -> Invoker:
    """Its threads are daemons, and sleep between runs."""
    return Invoker()


def _recorder(lines: list[EventDict], about: dict[str, Any]) -> structlog.stdlib.BoundLogger:
    """A logger that keeps what it is told, without what it says of itself in every line."""

    def keep(_logger: WrappedLogger, level: str, line: EventDict) -> EventDict:
        said = {key: value for key, value in line.items() if key not in about or value != about[key]}
        lines.append({"level": level, **said})
        raise structlog.DropEvent

    return structlog.stdlib.BoundLogger(None, [structlog.stdlib.PositionalArgumentsFormatter(), keep], about)
