"""Envelope -> typed events -> one delivery for each handler that asked for them."""

from collections.abc import Mapping

import structlog

from receiver.deliveries import Dispatched, NewDelivery
from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.failures import describe
from receiver.routing import Router
from receiver.sources.base import Source
from receiver.store.base import Store

log = structlog.stdlib.get_logger()

BATCH = 100


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
        return Dispatched(envelope_id=envelope.id, unreadable=f"no source {envelope.source!r} in this version")
    try:
        events = source.decode(envelope)
    except Undecodable as error:
        return Dispatched(envelope_id=envelope.id, unreadable=str(error))
    except Exception as error:  # a fault of ours must not stop the loop; the envelope keeps the place
        log.exception("envelope.decoder_failed", envelope=envelope.id, source=envelope.source, topic=envelope.topic)
        return Dispatched(envelope_id=envelope.id, unreadable=f"fault in the decoder: {describe(error)}")
    return Dispatched(
        envelope_id=envelope.id,
        deliveries=tuple(
            NewDelivery(
                number=number,
                handler=route.name,
                event=event.type,
                order_id=event.order_id,
                refund_id=event.refund_id,
                lane=event.lane,
                standing=event.standing if route.stale == "skip" else None,
            )
            for number, event in enumerate(events)
            for route in router.matching(event)
        ),
    )


def _log(envelope: StoredEnvelope, dispatched: Dispatched) -> None:
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
