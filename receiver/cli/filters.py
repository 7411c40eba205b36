"""The options that list commands and replay choose by, so that each means the same wherever it stands."""

import math
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Literal

import typer

from receiver.cli import output
from receiver.deliveries import DeliveryState
from receiver.envelope import EnvelopeState

_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
_TIMES = "a time such as 2026-10-01T08:00 (local unless it says otherwise), or a span back from now such as 30m, 2h, 3d"


def moment(text: str) -> datetime:
    """ISO 8601, local time unless it says otherwise; or a span back from now."""
    span = re.fullmatch(r"([0-9]+)([smhdw])", text)
    try:
        if span:
            return datetime.now(UTC) - timedelta(**{_UNITS[span[2]]: int(span[1])})
        return datetime.fromisoformat(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise typer.BadParameter(f"{text!r}: expected {_TIMES}") from None


def check_rate(rate: float | None) -> None:
    if rate is not None and not (rate > 0 and math.isfinite(rate)):
        output.fail("--rate: expected a number above 0")


EnvelopeId = Annotated[str | None, typer.Option("--envelope", metavar="ID", help="Only of this envelope.")]
Account = Annotated[str | None, typer.Option("--account", metavar="NAME", help="Only of this account.")]
Source = Annotated[str | None, typer.Option("--source", metavar="NAME", help="Only from this source: pandapon, …")]
Platform = Annotated[
    str | None, typer.Option("--platform", metavar="NAME", help="Only of this platform: taobao, 1688.")
]
Topic = Annotated[
    str | None, typer.Option("--topic", metavar="NAME", help="Only of this topic, as the source names it.")
]
Event = Annotated[str | None, typer.Option("--event", metavar="TYPE", help="Only of this type of event.")]
Order = Annotated[str | None, typer.Option("--order", metavar="ID", help="Only of this order.")]
Refund = Annotated[str | None, typer.Option("--refund", metavar="ID", help="Only of this refund.")]
Handler = Annotated[str | None, typer.Option("--handler", metavar="NAME", help="Only of this handler.")]
OfEnvelopes = Annotated[EnvelopeState | None, typer.Option("--state", help="Only in this state.")]
OfDeliveries = Annotated[DeliveryState | None, typer.Option("--state", help="Only in this state.")]
OfEnded = Annotated[
    Literal["succeeded", "skipped", "dead"] | None,
    typer.Option("--state", help="Only in this state; with other filters and without this one: dead."),
]
Since = Annotated[
    datetime | None,
    typer.Option("--since", metavar="TIME", parser=moment, help=f"Only what was received then or later: {_TIMES}."),
]
Until = Annotated[
    datetime | None, typer.Option("--until", metavar="TIME", parser=moment, help="Only what was received before then.")
]
Limit = Annotated[int, typer.Option("--limit", metavar="N", min=1, max=1_000_000, help="At most so many.")]
Rate = Annotated[float | None, typer.Option("--rate", metavar="N", help="At most so many a second.")]
Json = Annotated[bool, typer.Option("--json", help="For programs: one JSON object a line.")]
