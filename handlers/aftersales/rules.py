"""What a rule says: when it applies, and the text that it sends. Checked at start."""

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from string import Formatter
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from receiver import PermanentFailure
from receiver.api.results import Refund
from receiver.envelope import Platform
from receiver.events import RefundEvent
from receiver.settings.spans import span
from receiver.vocabulary import event_types

EVENTS: Final = {kind.type: kind for kind in event_types() if issubclass(kind, RefundEvent)}
#: What a text may hold. The refund's thread is read by people, and nothing personal belongs into it.
PLACEHOLDERS: Final = ("refund_id", "order_id", "amount", "currency", "reason")


def _event(name: str) -> str:
    if name not in EVENTS:
        raise ValueError(f"expected one of {', '.join(EVENTS)}")
    return name


def _template(text: str) -> str:
    expected = f"expected a text, in which {{…}} is one of {', '.join(PLACEHOLDERS)}; write a brace as {{{{ or }}}}"
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise ValueError(expected) from None
    plain = all(not spec and conversion is None for _, _, spec, conversion in parts)
    if not text.strip() or not plain or any(name not in (None, *PLACEHOLDERS) for _, name, _, _ in parts):
        raise ValueError(expected)
    return text


def _has_a_thread(platform: Platform) -> Platform:
    if platform != "taobao":
        raise ValueError(f"{platform} has no thread to write to the seller in; leave it out: it is taobao")
    return platform


def _span(value: Any) -> Any:
    found = span(value)
    if found is None:
        raise ValueError('expected a number and its unit: "90s", "30m", "24h" or "2d"')
    return found


class Rule(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[a-z0-9][a-z0-9_-]*$")
    on: Annotated[str, AfterValidator(_event)]
    #: By language.
    text: Mapping[str, Annotated[str, AfterValidator(_template)]]
    answer_within: Annotated[timedelta, BeforeValidator(_span)] | None = None
    platform: Annotated[Platform, AfterValidator(_has_a_thread)] = "taobao"
    account: str | None = None
    #: Who did it, by the source's own word (``event.operator``): few bodies of Taobao tell it, and untold is not met.
    by: str | None = None
    #: The buyer's reason, as the platform words it: one of these, or with one of these in it.
    reason: tuple[str, ...] = ()
    reason_contains: tuple[str, ...] = ()
    #: In yuan.
    amount_at_least: Decimal | None = None
    amount_at_most: Decimal | None = None

    def concerns(self, event: RefundEvent) -> bool:
        return self.account in (None, event.account) and self.by in (None, event.operator)

    def applies(self, refund: Refund) -> bool:
        """What the refund does not tell meets no condition."""
        reason, amount = refund.reason or "", _yuan(refund)
        return (
            (not self.reason or reason in self.reason)
            and (not self.reason_contains or any(part in reason for part in self.reason_contains))
            and (self.amount_at_least is None or (amount is not None and amount >= self.amount_at_least))
            and (self.amount_at_most is None or (amount is not None and amount <= self.amount_at_most))
        )


class Thread(BaseModel):
    """Where a message of the thread says who wrote it, and when. No public page shows one: these are the sandbox's."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    author: str = "author"
    #: The author, where the seller is it.
    seller: str = "seller"
    time: str = "createTime"


class Aftersales(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    rules: tuple[Rule, ...]
    language: str = Field("zh", validate_default=True)
    dry_run: bool = False
    thread: Thread = Thread()

    @field_validator("rules")
    @classmethod
    def _names(cls, rules: tuple[Rule, ...]) -> tuple[Rule, ...]:
        if not rules:
            raise ValueError("expected at least one")
        for name, count in Counter(rule.name for rule in rules).items():
            if count > 1:
                raise ValueError(f"{count} are named {name!r}; give each a name of its own")
        return rules

    @field_validator("language")
    @classmethod
    def _texts(cls, language: str, info: ValidationInfo) -> str:
        for rule in info.data.get("rules", ()):
            if language not in rule.text:
                raise ValueError(f"rule {rule.name!r} has no text in {language!r}; write its text.{language}")
        return language


def values(event: RefundEvent, refund: Refund) -> dict[str, str | None]:
    """What the placeholders stand for; ``None`` for what the platform does not tell."""
    amount = _yuan(refund)
    return {
        "refund_id": event.refund_id,
        "order_id": event.order_id or refund.order_id,
        "amount": None if amount is None else f"{amount:.2f}",
        "currency": None if refund.amount is None else refund.amount.currency,
        "reason": refund.reason,
    }


def filled(template: str, known: Mapping[str, str | None]) -> str:
    """Raises ``PermanentFailure`` where the template needs what nobody told."""
    names = {name for _, name, _, _ in Formatter().parse(template) if name}
    missing = sorted(name for name in names if known[name] is None)
    if missing:
        raise PermanentFailure(f"the platform does not tell {', '.join(missing)} of this refund, which the text needs")
    return template.format_map(known)


def _yuan(refund: Refund) -> Decimal | None:
    return None if refund.amount is None else Decimal(refund.amount.amount) / 100
