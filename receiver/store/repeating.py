"""The same message sent again, or news in the same words: decided from what is stored under its identity."""

from collections.abc import Sequence
from typing import NamedTuple

from receiver.store.base import REDELIVERY_HORIZON
from receiver.store.rows import milliseconds

_HORIZON = milliseconds(REDELIVERY_HORIZON)


class Alike(NamedTuple):
    """An envelope of the same account and identity."""

    seq: int
    id: str
    generation: int
    received_at: int
    #: It came in these very bytes, or was redelivered in them.
    same_bytes: bool


class Repeat(NamedTuple):
    """It is this envelope, sent again."""

    of: Alike


class News(NamedTuple):
    generation: int
    ambiguous: bool


def decide(alike: Sequence[Alike], *, numbered: bool, other_since: bool, now: int) -> Repeat | News:
    """``alike``: all there are, the latest generation first. ``numbered``: the source numbers its messages.

    ``other_since``: another envelope of one of its orders or refunds was accepted after the latest of them.
    """
    since = now - _HORIZON
    latest = alike[0]
    if numbered and latest.received_at > since:
        return Repeat(latest)
    same = [each for each in alike if each.same_bytes]
    for each in same:
        if each.received_at > since:
            return Repeat(each)
    if latest.received_at > since and not other_since:
        return Repeat(latest)
    # Within the horizon something else came in between: a late repeat, or a state that was left and entered again.
    # Beyond it no source redelivers, so it is news; but with the old number or bytes, push time included, who knows.
    ambiguous = latest.received_at > since or numbered or bool(same)
    return News(latest.generation + 1, ambiguous)
