"""``yizhan inbox``: what arrived. Payloads are personal data, so they are shown only where they are asked for."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Annotated, Any

import typer

from receiver.cli import filters, output, rows
from receiver.cli.context import open_store
from receiver.cli.output import Column
from receiver.deliveries import Filters
from receiver.envelope import StoredEnvelope

app = typer.Typer(help="What arrived: the envelopes, newest first.", no_args_is_help=True)

_COLUMNS = (
    Column("received"),
    Column("id"),
    Column("account"),
    Column("topic"),
    Column("order / refund"),
    Column("state"),
    Column("redeliveries"),
    Column("note", fold=True),
)


@app.command("list")
def list_(
    context: typer.Context,
    *,
    account: filters.Account = None,
    source: filters.Source = None,
    platform: filters.Platform = None,
    topic: filters.Topic = None,
    order: filters.Order = None,
    refund: filters.Refund = None,
    state: filters.OfEnvelopes = None,
    since: filters.Since = None,
    until: filters.Until = None,
    limit: filters.Limit = 20,
    json: filters.Json = False,
) -> None:
    """List what arrived, the newest first. No payloads.

    Example: yizhan inbox list --order 3300104050607080 --since 3d
    """
    chosen = Filters(
        account=account,
        source=source,
        platform=platform,
        topic=topic,
        order_id=order,
        refund_id=refund,
        state=state,
        since=since,
        until=until,
    )
    with open_store(context) as store:
        envelopes = store.envelopes(chosen, limit)
    if json:
        rows.json_lines(map(_row, envelopes))
    else:
        table(envelopes)


@app.command()
def show(
    context: typer.Context,
    envelope_id: Annotated[str, typer.Argument(metavar="ID", help="The envelope's id, as `inbox list` tells it.")],
    *,
    payload: Annotated[
        bool,
        typer.Option("--payload", help="The body instead, byte for byte as it was received. It is personal data."),
    ] = False,
    json: filters.Json = False,
) -> None:
    """Show one envelope, its deliveries and their attempts; with --payload, its body.

    Example: yizhan inbox show 01a2f5c3-7d1c-7000-9c2f-3f6b2a0d5e11 --payload > body.json
    """
    with open_store(context) as store:
        envelope = store.envelope(envelope_id)
        if envelope is None:
            output.fail(f"no envelope {envelope_id}", output.FOUND_WANTING)
        owed = store.deliveries(Filters(envelope_id=envelope_id), 1_000_000)[::-1]
        histories = {delivery.id: store.attempts(delivery.id) for delivery in owed}
    if payload and envelope.pruned_at is not None:
        output.fail(f"the payload of {envelope_id} was pruned on {envelope.pruned_at:%Y-%m-%d}", output.FOUND_WANTING)
    if json:
        deliveries = [{**asdict(delivery), "history": histories[delivery.id]} for delivery in owed]
        body = {"payload": envelope.payload} if payload else {}
        rows.json_lines([{**_row(envelope), "deliveries": deliveries, **body}])
    elif payload:
        typer.echo(envelope.payload, nl=False)
    else:
        rows.described(
            {
                "envelope": envelope.id,
                "received": envelope.received_at,
                "account": envelope.account,
                "source": envelope.source,
                "platform": envelope.platform,
                "topic": envelope.topic,
                "order": envelope.order_id,
                "refund": envelope.refund_id,
                "state": envelope.state,
                "redeliveries": envelope.redeliveries,
                "replayed": rows.replayed(envelope.replays, envelope.replayed_by),
                "replayed at": envelope.replayed_at,
                "payload pruned": envelope.pruned_at,
                "note": _note(envelope),
            }
        )
        if owed:
            typer.echo()
            rows.deliveries(owed)
        rows.attempts(histories)


def table(envelopes: Iterable[StoredEnvelope]) -> None:
    output.table(_COLUMNS, map(_cells, envelopes))


def _row(envelope: StoredEnvelope) -> dict[str, Any]:
    row = asdict(envelope)
    del row["payload"]
    return row


def _cells(envelope: StoredEnvelope) -> tuple[object, ...]:
    return (
        envelope.received_at,
        envelope.id,
        envelope.account,
        envelope.topic,
        rows.subject(envelope.order_id, envelope.refund_id),
        envelope.state,
        envelope.redeliveries,
        _note(envelope),
    )


def _note(envelope: StoredEnvelope) -> str | None:
    """What a person should know of it: why it is unreadable, or that nobody can tell whether it is a repeat."""
    return envelope.error or ("ambiguous" if envelope.ambiguous else None)
