"""How envelopes, deliveries, attempts and effects look: in tables for people, one JSON object a line for programs."""

import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import typer

from receiver.cli import output
from receiver.cli.output import Column
from receiver.deliveries import Attempt, Delivery
from receiver.effects import Effect

_DELIVERY = (
    Column("id"),
    Column("created"),
    Column("account"),
    Column("event"),
    Column("order / refund"),
    Column("handler"),
    Column("state"),
    Column("attempts"),
    Column("due"),
    Column("error", fold=True),
)
_ATTEMPT = (
    Column("delivery"),
    Column("attempt"),
    Column("started"),
    Column("outcome"),
    Column("duration"),
    Column("error", fold=True),
)
_EFFECT = (Column("effect"), Column("state"), Column("attempt"), Column("known"), Column("note", fold=True))


def json_lines(rows: Iterable[object]) -> None:
    """Flushed here, where a reader that has gone (``| head``) still ends the command quietly."""
    for row in rows:
        output.json_line(row)
    sys.stdout.flush()


def described(values: Mapping[str, object]) -> None:
    """One thing, a line for each value that it has."""
    for name, value in values.items():
        if value is not None:
            shown = value.astimezone().isoformat(" ", "seconds") if isinstance(value, datetime) else value
            typer.echo(f"{name:<13}{shown}")


def delivery(delivery: Delivery) -> None:
    """One, in full."""
    described(
        {
            "delivery": delivery.id,
            "envelope": delivery.envelope_id,
            "account": delivery.account,
            "source": delivery.source,
            "platform": delivery.platform,
            "topic": delivery.topic,
            "event": delivery.event,
            "of": f"delivery {-delivery.number}" if delivery.number < 0 else None,
            "order": delivery.order_id,
            "refund": delivery.refund_id,
            "handler": delivery.handler,
            "state": delivery.state,
            "attempts": delivery.attempts,
            "created": delivery.created_at,
            "due": delivery.due_at,
            "ended": delivery.ended_at,
            "error": delivery.error,
            "uncertain": "nobody can tell whether this was old news" if delivery.uncertain else None,
            "older than": None if delivery.older_than is None else f"delivery {delivery.older_than}",
            "replayed": replayed(delivery.replays, delivery.replayed_by),
            "replayed at": delivery.replayed_at,
        }
    )


def deliveries(rows: Iterable[Delivery]) -> None:
    output.table(
        _DELIVERY,
        (
            (
                row.id,
                row.created_at,
                row.account,
                row.event,
                subject(row.order_id, row.refund_id),
                row.handler,
                row.state,
                row.attempts,
                row.due_at,
                row.error if row.older_than is None else f"older than {row.older_than}",
            )
            for row in rows
        ),
    )


def attempts(histories: Mapping[int, Sequence[Attempt]]) -> None:
    """The attempts of each delivery; nothing where none has begun."""
    cells = [
        (
            delivery_id,
            attempt.number,
            attempt.started_at,
            attempt.outcome,
            None if attempt.duration is None else f"{attempt.duration.total_seconds():.3f} s",
            attempt.error,
        )
        for delivery_id, history in histories.items()
        for attempt in history
    ]
    if cells:
        typer.echo()
        output.table(_ATTEMPT, cells)


def effects(rows: Sequence[Effect]) -> None:
    """Follow-ups that cannot be taken back; nothing where there is none."""
    if rows:
        typer.echo()
        output.table(_EFFECT, ((row.purpose, row.state, row.attempt, row.known_at, row.note) for row in rows))


def replayed(replays: int, by: str | None) -> str | None:
    if not replays:
        return None
    return f"{'once' if replays == 1 else f'{replays} times'}, last by {by}"


def subject(order_id: str | None, refund_id: str | None) -> str:
    return " / ".join(name for name in (order_id, refund_id) if name is not None)
