"""Put back what is offered or running beyond its lease: the broker forgot, or the worker died."""

from collections.abc import Sequence

import structlog

from receiver.deliveries import Offer
from receiver.routing import Router
from receiver.store.base import Store, Swept

log = structlog.stdlib.get_logger()


def sweep(store: Store, router: Router, *, under_way: Sequence[Offer] = (), everything: bool = False) -> Swept:
    """``under_way``: attempts that this process is running, which are not lost though their leases may end.

    ``everything``: this process just started. Where nobody else can run on the store, no lease is worth waiting for.
    """
    if under_way:
        store.renew(under_way)
    limits = {route.name: route.max_attempts for route in router}
    swept = store.recover(limits) if everything else store.sweep(limits)
    if swept.offers or swept.lost:
        log.warning("deliveries.put_back", offers=swept.offers, lost=swept.lost, buried=swept.buried)
    return swept
