"""Put back what is offered or running beyond its lease: the broker forgot, or the worker died. Tell of the dead."""

import structlog

from receiver.events import DeliveryBuried
from receiver.routing import Router
from receiver.store.base import Store, Swept

log = structlog.stdlib.get_logger()

#: Dead deliveries told in one transaction, which makes acknowledgements wait.
BATCH = 100


def sweep(store: Store, router: Router, *, everything: bool = False) -> Swept:
    """``everything``: this process just started, and where nobody else can run on the store, no lease is waited for."""
    limits = {route.name: route.max_attempts for route in router}
    swept = store.recover(limits) if everything else store.sweep(limits)
    if swept.offers or swept.lost:
        log.warning("deliveries.put_back", offers=swept.offers, lost=swept.lost, buried=swept.buried)
    asking = {route.name: route.platform for route in router if route.asks_for(DeliveryBuried)}
    while store.tell_buried(asking, BATCH):
        pass
    return swept
