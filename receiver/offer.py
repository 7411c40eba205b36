"""Claim due deliveries and ring the broker for each: a bounded number at a time."""

from collections.abc import Callable

from receiver.deliveries import Offer
from receiver.routing import Router
from receiver.shares import Shares
from receiver.store.base import Store


def offer(store: Store, router: Router, ring: Callable[[Offer], None], shares: Shares, *, limit: int) -> int:
    """Offer what is due, up to ``limit`` held at once and to each handler's share; how many were offered.

    When the broker does not take one, it and those after it are given back at once, no attempt is burnt, and the
    broker's error goes on to the relay, which waits.
    """
    offers = store.claim(limit, {route.name: shares.room(route.name, limit) for route in router})
    for position, claimed in enumerate(offers):
        try:
            ring(claimed)
        except Exception:
            store.give_back(offers[position:])
            raise
    return len(offers)
