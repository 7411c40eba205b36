"""Envelope -> typed events -> one delivery for each handler that asked for them; and what we did not know of it."""

from collections.abc import Mapping, Sequence

import structlog

from receiver import drift, exact
from receiver.deliveries import UNREADABLE, Dispatched, NewDelivery
from receiver.drift import Drift
from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import EnvelopeUnreadable, Event, Unrecognized
from receiver.failures import describe
from receiver.routing import Route, Router
from receiver.sources import shapes
from receiver.sources.base import Source
from receiver.store.base import Store

log = structlog.stdlib.get_logger()

BATCH = 100

#: What this process has told of drift: each thing once, for it comes with every callback.
_told: set[tuple[str, Drift]] = set()
_MAX_TOLD = 10_000


def dispatch(store: Store, sources: Mapping[str, Source], router: Router) -> int:
    """Dispatch a batch of what is stored, in the order of acceptance; how many there were."""
    envelopes = store.undispatched(BATCH)
    if envelopes:
        batch = [_interpret(envelope, sources, router) for envelope in envelopes]
        store.dispatch(batch)
        for envelope, dispatched in zip(envelopes, batch, strict=True):
            _log(envelope, dispatched)
    return len(envelopes)


def _interpret(envelope: StoredEnvelope, sources: Mapping[str, Source], router: Router) -> Dispatched:
    """Whatever the bytes are, this ends: what cannot be read is buried, visible and replayable."""
    source = sources.get(envelope.source)
    if source is None:
        return _unreadable(envelope, f"no source {envelope.source!r} in this version", router)
    try:
        events = source.decode(envelope)
    except Undecodable as error:
        return _unreadable(envelope, str(error), router, drift=_drift(envelope, source, ()))
    except Exception as error:  # a fault of ours must not stop the loop; the envelope keeps the place
        log.exception("envelope.decoder_failed", envelope=envelope.id, source=envelope.source, topic=envelope.topic)
        return _unreadable(envelope, f"fault in the decoder: {describe(error)}", router)
    return Dispatched(
        envelope_id=envelope.id,
        deliveries=tuple(
            _owed(number, event, route) for number, event in enumerate(events) for route in router.matching(event)
        ),
        drift=_drift(envelope, source, events),
    )


def _unreadable(envelope: StoredEnvelope, error: str, router: Router, *, drift: tuple[Drift, ...] = ()) -> Dispatched:
    """Buried; and who asked to be told of it is."""
    event = EnvelopeUnreadable.of(envelope, error)
    return Dispatched(
        envelope_id=envelope.id,
        unreadable=error,
        deliveries=tuple(_owed(UNREADABLE, event, route) for route in router.matching(event)),
        drift=drift,
    )


def _owed(number: int, event: Event, route: Route) -> NewDelivery:
    return NewDelivery(
        number=number,
        handler=route.name,
        event=event.type,
        order_id=event.order_id,
        refund_id=event.refund_id,
        lane=event.lane if route.ordered else None,
        standing=event.standing if route.stale == "skip" and route.ordered else None,
    )


def _drift(envelope: StoredEnvelope, source: Source, events: Sequence[Event]) -> tuple[Drift, ...]:
    """Where it differs from what we know. Whatever goes wrong here costs the count, never the events."""
    topic = events[0].topic if events else envelope.topic
    if topic is None:
        return ()
    try:
        if any(isinstance(event, Unrecognized) for event in events):
            return (Drift("topic", topic),)
        message = events[0].raw if events else exact.loads(source.message(envelope.payload))
        return drift.compare(topic, message, shapes.known(source.name))
    except (Undecodable, exact.NotJson):
        return ()
    except Exception:
        log.exception("drift.failed", envelope=envelope.id, source=envelope.source, topic=topic)
        return ()


def _log(envelope: StoredEnvelope, dispatched: Dispatched) -> None:
    _log_drift(envelope, dispatched.drift)
    if dispatched.unreadable is not None:
        log.warning(
            "envelope.unreadable",
            envelope=envelope.id,
            account=envelope.account,
            topic=envelope.topic,
            error=dispatched.unreadable,
        )
        return
    log.debug(
        "envelope.dispatched",
        envelope=envelope.id,
        account=envelope.account,
        topic=envelope.topic,
        order=envelope.order_id,
        refund=envelope.refund_id,
        events=sorted({delivery.event for delivery in dispatched.deliveries}),
        deliveries=len(dispatched.deliveries),
    )


def _log_drift(envelope: StoredEnvelope, found: Sequence[Drift]) -> None:
    """A line for each kind of what this process has not told before."""
    new = [each for each in found if (envelope.source, each) not in _told][: _MAX_TOLD - len(_told)]
    _told.update((envelope.source, each) for each in new)
    for kind in dict.fromkeys(each.kind for each in new):
        alike = [each for each in new if each.kind == kind]
        log.warning(
            "drift.seen",
            kind=kind,
            source=envelope.source,
            topic=alike[0].topic,
            paths=tuple(each.path for each in alike if each.path),
            envelope=envelope.id,
        )
