"""``yizhan order``: all that is known of one order or refund, in the order in which it happened."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, NamedTuple

import typer
from rich.text import Text

from receiver.cli import filters, output, rows
from receiver.cli.context import open_store
from receiver.cli.output import Column
from receiver.timeline import (
    AttemptTold,
    CallbackTold,
    DecisionTold,
    EffectTold,
    EventTold,
    RedeliveryTold,
    ReplayTold,
    Told,
    UnaskedTold,
    UnreadableTold,
)

#: The number is the callback's, counted here: what came of it carries the same.
_COLUMNS = (Column("when"), Column("no."), Column("what"), Column("", fold=True))
_STYLES = {
    "callback": "bold",
    "redelivery": "dim",
    "unreadable": "red",
    "succeeded": "green",
    "skipped": "yellow",
    "waiting": "yellow",
    "dead": "red",
}


class _Line(NamedTuple):
    what: str
    #: Set off from one another; what is empty is left out.
    parts: tuple[str | None, ...]


def add_to(app: typer.Typer) -> None:
    app.command()(order)


def order(
    context: typer.Context,
    subject_id: Annotated[str, typer.Argument(metavar="ID", help="An order's id, or a refund's, of any platform.")],
    *,
    json: filters.Json = False,
) -> None:
    """Tell the story of one order and its refunds, or of one refund: callbacks, events, attempts, effects, decisions.

    What has not ended yet stands last, as it is now. No payloads.

    Example: yizhan order 3300104050607080
    """
    with open_store(context) as store:
        told = store.timeline(subject_id.strip())
    if not told:
        output.fail(f"no order or refund {subject_id.strip()}", output.FOUND_WANTING)
    if json:
        rows.json_lines(told)
        return
    typer.echo(_title(subject_id.strip(), told))
    callbacks = dict.fromkeys(line.envelope_id for line in told if isinstance(line, CallbackTold))
    numbers = {envelope_id: number for number, envelope_id in enumerate(callbacks, start=1)}
    output.table(_COLUMNS, (_cells(line, numbers[line.envelope_id]) for line in told))


def _title(subject_id: str, told: Sequence[Told]) -> str:
    callbacks = [line for line in told if isinstance(line, CallbackTold)]
    events = [line for line in told if isinstance(line, CallbackTold | EventTold)]
    refunds = dict.fromkeys(line.refund_id for line in events if line.refund_id)
    orders = dict.fromkeys(line.order_id for line in events if line.order_id)
    what, others = ("refund", orders) if subject_id in refunds and subject_id not in orders else ("order", refunds)
    platforms = " and ".join(dict.fromkeys(line.platform for line in callbacks if line.platform))
    about = {"order": "refund", "refund": "of order"}[what]
    numbers = Counter(line.kind for line in told)
    parts = [
        f"{what} {subject_id}" + (f" at {platforms}" if platforms else ""),
        *(f"{about} {other}" for other in others if what == "refund" or other != subject_id),
        _number(numbers["callback"], "callback", "callbacks"),
        _number(numbers["redelivery"], "redelivery", "redeliveries") if numbers["redelivery"] else None,
    ]
    return ", ".join(part for part in parts if part)


def _number(number: int, one: str, several: str) -> str:
    return f"{number} {one if number == 1 else several}"


def _cells(told: Told, number: int) -> tuple[object, ...]:
    line = _line(told)
    parts = " · ".join(part for part in line.parts if part)
    time = f"{_time(told.at)}.{told.at.microsecond // 1000:03}"
    return time, number, Text(line.what, _STYLES.get(line.what, "")), parts


def _line(told: Told) -> _Line:  # noqa: PLR0911  (one for each kind)
    match told:
        case CallbackTold():
            who = told.account if told.account == told.source else f"{told.account} ({told.source})"
            stored = "not dispatched yet" if told.state == "stored" else None
            ambiguous = "ambiguous: perhaps a repeat" if told.ambiguous else None
            return _Line("callback", (told.topic or "no topic", who, told.envelope_id, ambiguous, stored))
        case RedeliveryTold():
            same = "the same bytes" if told.same_bytes else "the same message, another push time"
            return _Line("redelivery", (same,))
        case EventTold():
            return _Line(
                "event", (told.event, told.refund_id and f"refund {told.refund_id}", _of(told), _standing(told))
            )
        case UnaskedTold():
            return _Line("unasked", ("no handler asked for it",))
        case UnreadableTold():
            return _Line("unreadable", (told.error,))
        case ReplayTold():
            what = None if told.delivery_id is None else _delivery(told.delivery_id)
            return _Line("replay", (told.handler, f"by {told.by}", _times(told.replays), what))
        case AttemptTold():
            return _Line("attempt", (told.handler, _outcome(told), _delivery(told.delivery_id)))
        case EffectTold():
            return _Line("effect", (told.handler, _effect(told), told.note, _delivery(told.delivery_id)))
        case DecisionTold():
            return _decision(told)


def _decision(told: DecisionTold) -> _Line:
    waiting = None
    if told.held_by is not None:
        waiting = f"held by {_delivery(told.held_by)}, the head of its lane"
    elif told.due_at is not None:
        waiting = f"due {_time(told.due_at)}"
    parts = (
        told.handler,
        "uncertain: nobody can tell whether it is old news" if told.uncertain else None,
        None if told.older_than is None else f"older than {_delivery(told.older_than)}",
        waiting,
        told.error,
        _delivery(told.delivery_id),
    )
    return _Line("waiting" if told.state == "due" else told.state, parts)


def _outcome(told: AttemptTold) -> str:
    text = f"number {told.number} {told.outcome}"
    if told.duration is not None:
        text += f" after {told.duration.total_seconds():.3f} s"
    return text if told.error is None else f"{text}: {told.error}"


def _of(told: EventTold) -> str | None:
    return f"of {_delivery(-told.number)}" if told.number < 0 else None


def _effect(told: EffectTold) -> str:
    return f"{told.purpose} {told.state}, by attempt {told.attempt}"


def _standing(told: EventTold) -> str | None:
    """What it is told older and newer by."""
    if not told.tells_state:
        return None
    stage = None if told.stage is None else f"stage {told.stage}"
    occurred = None if told.occurred_at is None else f"occurred {_time(told.occurred_at)}"
    return ", ".join(part for part in (stage, occurred) if part) or "of unknown stage and time"


def _times(replays: int) -> str | None:
    return f"{replays} times so far" if replays > 1 else None


def _delivery(delivery_id: int) -> str:
    return f"delivery {delivery_id}"


def _time(moment: datetime) -> str:
    return moment.astimezone().strftime("%m-%d %H:%M:%S")
