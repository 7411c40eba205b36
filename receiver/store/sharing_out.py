"""How a claim is shared out: what is live before what a person replayed, and of each to every handler its part."""

from collections.abc import Callable, Mapping

from receiver.deliveries import Offer

#: Of all that is held at once, so much may be replays: what is live then waits for a few of them at most.
_REPLAYS = 1 / 8

#: Up to so many of a handler's deliveries, of those that were replayed or of the others.
Take = Callable[[str, int, bool], list[Offer]]


def share_out(limit: int, held: int, replays_held: int, room: Mapping[str, int], take: Take) -> list[Offer]:
    """Claim what ``limit`` leaves beside those that are held; ``room`` says how much of it each handler can take."""
    offers = _parts(limit - held, room, lambda handler, most: take(handler, most, False))  # noqa: FBT003
    taken = {handler: sum(offer.handler == handler for offer in offers) for handler in room}
    left = min(limit - held - len(offers), max(1, int(limit * _REPLAYS)) - replays_held)
    rest = {handler: most - taken[handler] for handler, most in room.items()}
    return offers + _parts(left, rest, lambda handler, most: take(handler, most, True))  # noqa: FBT003


def _parts(left: int, room: Mapping[str, int], take: Callable[[str, int], list[Offer]]) -> list[Offer]:
    """To each handler its part first, then what nobody else wants."""
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
