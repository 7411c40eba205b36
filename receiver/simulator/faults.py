"""What goes wrong between a platform and its receivers, each fault with a probability of its own."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from heapq import heappop, heappush
from random import Random
from typing import TypeVar

from receiver.envelope import Callback
from receiver.errors import CallbackRejected
from receiver.simulator.planned import REFUSED, Draft, Kind, Numbers, PlanError, Planned, Sender

T = TypeVar("T")

#: How many posts later a copy comes, at most.
SPREAD = 20
_HEX = b"0123456789abcdef"


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """Probabilities, each for every genuine callback. Raises ``PlanError`` for what is none."""

    #: Sent again soon after, once.
    duplicate: float = 0.0
    #: Changes places with its successor: of the same order, or in the list of stories.
    reorder: float = 0.0
    #: Sent again after everything else.
    late: float = 0.0
    #: Followed by one of somebody who does not know the secret.
    forge: float = 0.0
    #: Followed by one whose bytes changed, or were cut off, on the way.
    corrupt: float = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            if not 0 <= getattr(self, field.name) <= 1:
                raise PlanError(f"{field.name}: expected a probability, 0 to 1")


NO_FAULTS = Faults()


def reordered(steps: Iterable[T], probability: float, random: Random) -> list[T]:
    """Neighbours swapped; none moves by more than one place."""
    found = list(steps)
    place = 0
    while place < len(found) - 1:
        if random.random() < probability:
            found[place], found[place + 1] = found[place + 1], found[place]
            place += 1
        place += 1
    return found


def faulty(genuine: Iterable[Draft], faults: Faults, numbers: Numbers, random: Random) -> Iterator[Planned]:
    """Every genuine callback, with copies of it and fakes among them."""
    waiting: list[tuple[int, int, Planned]] = []
    late: list[Planned] = []
    for place, draft in enumerate(genuine):
        post = draft.planned()
        yield post
        if random.random() < faults.duplicate:
            distance = random.choice((0, random.randint(1, SPREAD)))
            if distance:
                heappush(waiting, (place + distance, place, replace(post, kind="duplicate")))
            else:
                yield _copy(draft, post, random)
        if random.random() < faults.late:
            late.append(replace(post, kind="late"))
        if random.random() < faults.forge:
            yield draft.about(numbers).planned("forged")
        if random.random() < faults.corrupt:
            yield _corrupt(draft.about(numbers), Random(random.getrandbits(64)))  # noqa: S311 - see there
        while waiting and waiting[0][0] <= place:
            yield heappop(waiting)[2]
    while waiting:
        yield heappop(waiting)[2]
    yield from late


def _copy(draft: Draft, post: Planned, random: Random) -> Planned:
    """The same message at once: the same bytes, or pushed anew.

    Not so later on: content under another push time is a redelivery only while nothing else is said of its order.
    """
    kind: Kind = "duplicate"
    if draft.script.template.retimable and random.random() < 0.5:  # noqa: PLR2004 - as often as not
        return draft.retimed(timedelta(seconds=random.randint(1, 30))).planned(kind)
    return replace(post, kind=kind)


def _corrupt(draft: Draft, random: Random) -> Planned:
    """Altered until the source itself refuses it as wrongly signed: not every byte is covered by each signature.

    How often it draws depends on the bytes, hence on times: from a generator of its own, so that nothing else does.
    """
    post = draft.planned("corrupt")
    for _ in range(1000):
        body = _altered(post.callback.body, random)
        callback = Callback(post.callback.headers, body)
        if _is_refused(callback, draft.sender):
            return replace(post, callback=callback)
    raise PlanError(f"source {post.source} accepts whatever is done to its callbacks")


def _altered(body: bytes, random: Random) -> bytes:
    place = random.randrange(1, len(body))
    if random.random() < 0.5:  # noqa: PLR2004 - as often as not
        return body[:place]
    other = random.choice([digit for digit in _HEX if digit != body[place]])
    return body[:place] + bytes((other,)) + body[place + 1 :]


def _is_refused(callback: Callback, sender: Sender) -> bool:
    """With its signature still there: without one it might be taken for the console's *Verify* button."""
    if sender.source.unsigned(callback):
        return False
    try:
        sender.source.open_callback(callback, sender.account)
    except CallbackRejected as refusal:
        return refusal.status == REFUSED
    return False
