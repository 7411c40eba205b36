"""A relay's batch, cut into short transactions, for others wait while one of them lasts."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from receiver.deliveries import Dispatched, NewDelivery

#: What one transaction owes at most: a few milliseconds' worth.
MOST_OWED = 250
#: What a relay holds of payloads at a time.
MOST_BYTES = 4 * 1024 * 1024


class Part(NamedTuple):
    """What one transaction owes of an envelope."""

    dispatched: Dispatched
    deliveries: Sequence[NewDelivery]
    #: With these, all is owed.
    last: bool


def parts(batch: Sequence[Dispatched]) -> Iterator[list[Part]]:
    """One envelope may owe thousands: a batch payment of many orders."""
    part: list[Part] = []
    owed = 0
    for dispatched in batch:
        rest = dispatched.deliveries
        while owed + len(rest) > MOST_OWED:
            now, rest = rest[: MOST_OWED - owed], rest[MOST_OWED - owed :]
            yield [*part, Part(dispatched, now, last=False)]
            part, owed = [], 0
        part.append(Part(dispatched, rest, last=True))
        owed += len(rest)
    if part:
        yield part


def slices(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    """Of deliveries, so many as one transaction changes."""
    for first in range(0, len(ids), MOST_OWED):
        yield ids[first : first + MOST_OWED]


def within(sizes: Sequence[tuple[int, int]]) -> int | None:
    """Of ``(seq, bytes)`` in order, the last that a relay takes at once; it takes one at least, if there is one."""
    total, last = 0, None
    for seq, size in sizes:
        total += size
        if last is not None and total > MOST_BYTES:
            break
        last = seq
    return last
