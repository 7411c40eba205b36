"""One planned post, and the sender that signs it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from random import Random
from typing import Any, Literal

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.simulator.lives import LIVES
from receiver.simulator.template import NO_EDITS, Template, Values
from receiver.sources.base import Source
from receiver.sources.samples import Sample, samples

#: ``late`` is a redelivery as ``duplicate`` is, but after everything else. ``forged`` has a wrong secret's signature,
#: ``corrupt`` the right one over other bytes.
Kind = Literal["genuine", "duplicate", "late", "forged", "corrupt"]
KINDS: tuple[Kind, ...] = ("genuine", "duplicate", "late", "forged", "corrupt")

ACKNOWLEDGED, REFUSED = 200, 401

_THEN = datetime(2026, 1, 1, tzinfo=UTC)
_UNSAID = Values(order_id=1, refund_id=1, message_id=1, pushed=_THEN, created=_THEN, occurred=_THEN)


class PlanError(ValueError):
    """What was asked for cannot be planned: one line for the person who asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    kind: Kind
    account: str
    source: str
    topic: str
    #: ``None`` where the message names none.
    order_id: str | None
    refund_id: str | None
    #: Posts about one order: a genuine one is not sent before those ahead of it are answered.
    lane: str
    callback: Callback
    #: The status that a receiver should answer with.
    expected: int


class Numbers:
    """Ids as long as the platforms': each once, in no order that one could see. Message ids count up, as 1688's do."""

    #: Odd and no multiple of five, so that its multiples meet again only after the whole range.
    _STRIDE = 1_234_567_890_123_456_789
    _RANGE = 2 * 10**18

    def __init__(self, random: Random) -> None:
        self._place = random.randrange(self._RANGE)
        self._message = random.randrange(10**15, 8 * 10**15)

    def subject(self) -> int:
        """19 digits."""
        self._place = (self._place + self._STRIDE) % self._RANGE
        return self._RANGE + self._place

    def message(self) -> int:
        self._message += 1
        return self._message


@dataclass(frozen=True, slots=True)
class Script:
    """A template that this account can sign, with the topic that its source reads in it."""

    template: Template
    topic: str


@dataclass(frozen=True, slots=True)
class Draft:
    """A message not yet signed, so that it can be signed wrongly."""

    sender: "Sender"
    script: Script
    values: Values

    def planned(self, kind: Kind = "genuine") -> Planned:
        return self.sender.planned(self, kind)

    def retimed(self, later: timedelta) -> "Draft":
        return replace(self, values=replace(self.values, pushed=self.values.pushed + later))

    def about(self, numbers: Numbers) -> "Draft":
        """The same about another order."""
        values = replace(
            self.values, order_id=numbers.subject(), refund_id=numbers.subject(), message_id=numbers.message()
        )
        return replace(self, values=values)


class Sender:
    """A source as it calls one account. Raises ``PlanError`` for an account without a secret."""

    def __init__(self, account: Account, source: Source) -> None:
        if not account.secrets or not account.secrets[0].strip():
            raise PlanError(f"account {account.name} has no secret to sign with")
        self.account = account
        self.source = source
        self._forger = replace(account, secrets=(f"not-{account.secrets[0]}",))

    @cached_property
    def samples(self) -> tuple[Sample, ...]:
        return samples(self.source.name)

    @cached_property
    def lives(self) -> tuple[tuple[Script, ...], ...]:
        """The lives that this account can sign. Raises ``PlanError`` if there is none."""
        by_name = {sample.name: sample for sample in self.samples}
        told = [
            [self.script(by_name[step.sample], step.edits) for step in life] for life in LIVES.get(self.source.name, ())
        ]
        found = tuple(tuple(script for script in life if script) for life in told if all(life))
        if not found:
            raise PlanError(f"account {self.account.name}: no lives of orders are known for source {self.source.name}")
        return found

    def script(self, sample: Sample, edits: Mapping[str, Any] = NO_EDITS) -> Script | None:
        """``None`` if the account's signature base cannot be built of this message."""
        template = Template(sample, edits)
        try:
            callback = self.source.sign(template.fill(_UNSAID), self.account)
        except ValueError:
            return None
        return Script(template, self.source.open_callback(callback, self.account).topic or sample.topic)

    def planned(self, draft: Draft, kind: Kind) -> Planned:
        values, template = draft.values, draft.script.template
        return Planned(
            kind=kind,
            account=self.account.name,
            source=self.source.name,
            topic=draft.script.topic,
            order_id=template.named("order_id", values),
            refund_id=template.named("refund_id", values),
            lane=f"{self.account.name}/{values.order_id}",
            callback=self.source.sign(template.fill(values), self._forger if kind == "forged" else self.account),
            expected=REFUSED if kind in {"forged", "corrupt"} else ACKNOWLEDGED,
        )
