"""How a claim is shared out among the handlers."""

from collections.abc import Callable, Mapping

from receiver.deliveries import Offer


def share_out(left: int, room: Mapping[str, int], take: Callable[[str, int], list[Offer]]) -> list[Offer]:
    """Claim up to ``left`` with ``take(handler, most)``: to each its part first, then what nobody else wants."""
    offers: list[Offer] = []
    free = dict(room)
    for parts in (len(room), 1):
        part = -(-(left - len(offers)) // max(parts, 1))
        for handler, most in free.items():
            wanted = min(most, part, left - len(offers))
            if wanted <= 0:
                continue
            found = take(handler, wanted)
            offers += found
            free[handler] = most - wanted if len(found) == wanted else 0
    return offers
