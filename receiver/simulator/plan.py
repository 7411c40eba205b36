"""Which callbacks to post, in which order. Pure: the same arguments make the same bytes."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import TypeVar

from receiver.accounts import Account
from receiver.simulator.faults import NO_FAULTS, Faults, faulty, reordered
from receiver.simulator.planned import Draft, Numbers, PlanError, Planned, Script, Sender
from receiver.simulator.template import Values
from receiver.sources.base import Source
from receiver.sources.samples import Sample

T = TypeVar("T")

#: Orders that are under way at a time, at most.
_UNDER_WAY = 64
#: A life has some six steps: a few callbacks tell one or two orders to their end rather than begin many.
_STEPS = 6
_EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = 365 * 24 * 60 * 60


def plan(
    accounts: Sequence[tuple[Account, Source]],
    *,
    stories: Sequence[str] = (),
    count: int | None = None,
    faults: Faults = NO_FAULTS,
    seed: int,
    now: datetime | None = None,
) -> Iterator[Planned]:
    """Plan posts, made one by one as they are asked for.

    With a count: so many genuine callbacks of orders under way, divided over the accounts. Else one for each story, a
    sample's name or topic, at every account whose source has it; all samples if none is named. Copies and fakes come on
    top. Messages are pushed near ``now``; without it, at a time that the seed decides.

    Raises ``PlanError`` at once.
    """
    if count is not None and (count < 1 or stories):
        raise PlanError("expected stories, or a count of at least 1")
    senders = [Sender(account, source) for account, source in accounts]
    if not senders:
        raise PlanError("no account to post for")
    random = Random(f"yizhan {seed}")  # noqa: S311 - it must repeat itself
    then = _EPOCH + timedelta(seconds=random.randrange(_YEAR))  # drawn in any case: time decides nothing else
    tellers = []
    for number, sender in enumerate(senders):
        teller = _Teller(sender, now or then, faults.reorder, Random(f"{seed} {sender.account.name}"))  # noqa: S311
        if count is None:
            tellers.append(teller.tell(_chosen(sender, stories)))
        elif share := count // len(senders) + (number < count % len(senders)):
            tellers.append(teller.live(share))
    if count is None:
        _refuse_unknown(stories, senders)
    return faulty(_in_turn(tellers), faults, Numbers(random), random)


class _Teller:
    """Drafts for one account."""

    def __init__(self, sender: Sender, now: datetime, reorder: float, random: Random) -> None:
        self._sender = sender
        self._now = now
        self._reorder = reorder
        self._random = random
        self._numbers = Numbers(random)

    def tell(self, chosen: list[tuple[Sample, Script]]) -> Iterator[Draft]:
        """Each sample once. Those that are about one order stay about one, but variants of one message do not."""
        orders: dict[object, int] = {}
        told: dict[str, int] = {}
        drafts = []
        for number, (sample, script) in enumerate(chosen):
            original = script.template.original
            told[sample.name] = told.get(sample.name, 0) + 1
            variant = (sample.name.partition(".")[2], told[sample.name])
            order = orders.setdefault((original.get("order_id"), variant), self._numbers.subject())
            refund = orders.setdefault((original.get("refund_id"), variant, "refund"), self._numbers.subject())
            created = self._now - timedelta(seconds=len(chosen))
            drafts.append(self._draft(script, order, refund, created, number))
        return iter(reordered(drafts, self._reorder, self._random))

    def live(self, share: int) -> Iterator[Draft]:
        """So many steps of orders under way, each a step in turn; those of the last orders end where the share ends."""
        lives = self._sender.lives  # raises before anything is posted
        return self._steps(share, lives)

    def _steps(self, share: int, lives: tuple[tuple[Script, ...], ...]) -> Iterator[Draft]:
        orders = deque(self._life(lives, n) for n in range(max(1, min(_UNDER_WAY, share // _STEPS))))
        for number in range(share):
            order = orders.popleft()
            yield order.popleft()
            orders.append(order or self._life(lives, number))

    def _life(self, lives: tuple[tuple[Script, ...], ...], number: int) -> deque[Draft]:
        scripts = self._random.choice(lives)
        order, refund = self._numbers.subject(), self._numbers.subject()
        created = self._now + timedelta(milliseconds=number) - timedelta(seconds=len(scripts))
        steps = [self._draft(script, order, refund, created, step) for step, script in enumerate(scripts)]
        return deque(reordered(steps, self._reorder, self._random))

    def _draft(self, script: Script, order: int, refund: int, created: datetime, seconds: int) -> Draft:
        occurred = created + timedelta(seconds=seconds)
        values = Values(
            order_id=order,
            refund_id=refund,
            message_id=self._numbers.message(),
            created=created,
            occurred=occurred,
            pushed=occurred + timedelta(milliseconds=self._random.randint(50, 950)),
        )
        return Draft(self._sender, script, values)


def _chosen(sender: Sender, stories: Sequence[str]) -> list[tuple[Sample, Script]]:
    """The samples of these names in their order, or all; those that the account cannot sign are left out."""
    named = (
        [sample for story in stories for sample in sender.samples if story in (sample.name, sample.topic)]
        if stories
        else sender.samples
    )
    scripts = ((sample, sender.script(sample)) for sample in named)
    return [(sample, script) for sample, script in scripts if script]


def _refuse_unknown(stories: Sequence[str], senders: Sequence[Sender]) -> None:
    """A story that no account can tell."""
    known = {sample.name: sample for sender in senders for sample, _ in _chosen(sender, ())}
    for story in stories:
        if not any(story in (sample.name, sample.topic) for sample in known.values()):
            raise PlanError(f"unknown story {story}; expected one of {', '.join(sorted(known))}")


def _in_turn(many: Iterable[Iterator[T]]) -> Iterator[T]:
    """One of each, again and again, until all have ended."""
    waiting = deque(many)
    while waiting:
        items = waiting.popleft()
        for item in items:
            yield item
            waiting.append(items)
            break
