"""Running a handler once, and what its outcome means. The worker does it in earnest, ``receiver.testing`` on trial."""

from datetime import timedelta
from typing import Any

import structlog

from receiver import retries
from receiver.api import Api
from receiver.deliveries import Ended, Started
from receiver.effects import Effects
from receiver.events import Event
from receiver.failures import describe
from receiver.invoke import Invoker
from receiver.routing import Context, Route


def attempt(
    route: Route,
    event: Event,
    started: Started,
    *,
    effects: Effects,
    api: Api,
    log: structlog.stdlib.BoundLogger,
    invoker: Invoker,
) -> None:
    """Run the handler; raises what it raises."""
    context: Context[Any] = Context(
        event=event.model_copy(update={"uncertain": True}) if started.uncertain else event,
        envelope=started.envelope,
        attempt=started.attempt,
        api=api,
        once=effects.once,
        log=log,
    )
    invoker.invoke(route, context)


def about(route: Route, event: Event, started: Started) -> dict[str, Any]:
    """What each line of the log says of an attempt."""
    return {
        "handler": route.name,
        "event_type": event.type,
        "order": event.order_id,
        "refund": event.refund_id,
        "envelope": started.envelope.id,
        "attempt": started.attempt,
    }


def subject(event: Event, started: Started) -> str:
    """What effects are about: the order or refund, else the envelope."""
    return event.lane or f"envelope:{started.envelope.id}"


def ended(failure: BaseException | None, started: Started, route: Route, duration: timedelta) -> Ended:
    """What becomes of the delivery."""
    if failure is None:
        return Ended(outcome="succeeded", state="succeeded", duration=duration)
    error = describe(failure, handler=route.handler)
    delay = retries.delay_after(started.tries, route.max_attempts, failure)
    if delay is None:
        return Ended(outcome="failed", state="dead", error=error, duration=duration)
    return Ended(outcome="failed", state="due", due_in=delay, error=error, duration=duration)
