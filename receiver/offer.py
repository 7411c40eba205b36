"""Claim due deliveries and ring the broker for them: a bounded number at a time."""

from collections.abc import Callable, Iterable, Sequence

from receiver.deliveries import Offer
from receiver.routing import Route
from receiver.shares import Shares
from receiver.store.base import Store


def offer(
    store: Store, routes: Iterable[Route], ring: Callable[[Sequence[Offer]], None], shares: Shares, *, limit: int
) -> int:
    """Offer what is due to these, up to ``limit`` held at once and to each handler's share; how many were offered.

    When the broker does not take them, all are given back at once, no attempt is burnt, and the broker's error goes on
    to the relay, which waits. Those that it took all the same are stale there.
    """
    offers = store.claim(limit, {route.name: shares.room(route.name, limit) for route in routes})
    if offers:
        try:
            ring(offers)
        except Exception:
            store.give_back(offers)
            raise
    return len(offers)
