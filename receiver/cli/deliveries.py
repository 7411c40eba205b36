"""``yizhan deliveries``: what became of each event, handler by handler, and what a person decides about it."""

from collections.abc import Sequence
from dataclasses import asdict, replace
from functools import partial
from typing import Annotated, Literal

import typer

from receiver.cli import filters, output, pacing, rows
from receiver.cli.context import open_store, who
from receiver.deliveries import Delivery, Filters
from receiver.store.base import Store

app = typer.Typer(help="What is owed to the handlers, and what became of it.", no_args_is_help=True)

_ENDED = ("succeeded", "skipped", "dead")
_LARGEST_ID = 2**63 - 1
#: How many rows a dry run shows, and ids a complaint names.
_SHOWN = 10

_Id = Annotated[int, typer.Argument(metavar="ID", help="The delivery's id, as `deliveries list` tells it.")]
_Ids = Annotated[list[int], typer.Argument(metavar="ID", help="Ids, as `deliveries list` tells them.")]


@app.command("list")
def list_(
    context: typer.Context,
    *,
    envelope: filters.EnvelopeId = None,
    account: filters.Account = None,
    source: filters.Source = None,
    platform: filters.Platform = None,
    topic: filters.Topic = None,
    event: filters.Event = None,
    order: filters.Order = None,
    refund: filters.Refund = None,
    handler: filters.Handler = None,
    state: filters.OfDeliveries = None,
    since: filters.Since = None,
    until: filters.Until = None,
    limit: filters.Limit = 20,
    json: filters.Json = False,
) -> None:
    """List deliveries, the newest first.

    Example: yizhan deliveries list --state dead --since 1d
    """
    chosen = Filters(
        envelope_id=envelope,
        account=account,
        source=source,
        platform=platform,
        topic=topic,
        event=event,
        order_id=order,
        refund_id=refund,
        handler=handler,
        state=state,
        since=since,
        until=until,
    )
    with open_store(context) as store:
        found = store.deliveries(chosen, limit)
    if json:
        rows.json_lines(found)
    else:
        rows.deliveries(found)


@app.command()
def show(context: typer.Context, delivery_id: _Id, *, json: filters.Json = False) -> None:
    """Show one delivery, its attempts, its effects, and who replayed it."""
    with open_store(context) as store:
        (delivery,) = _known(store, [delivery_id])
        history, effects = store.attempts(delivery_id), store.effects([delivery_id])
    if json:
        rows.json_lines([{**asdict(delivery), "history": history, "effects": effects}])
        return
    rows.delivery(delivery)
    rows.attempts({delivery.id: history})
    rows.effects(effects)


@app.command()
def replay(
    context: typer.Context,
    ids: Annotated[list[int] | None, typer.Argument(metavar="ID", help="Ids, as `deliveries list` tells them.")] = None,
    *,
    handler: filters.Handler = None,
    state: filters.OfEnded = None,
    event: filters.Event = None,
    account: filters.Account = None,
    order: filters.Order = None,
    refund: filters.Refund = None,
    since: filters.Since = None,
    until: filters.Until = None,
    rate: filters.Rate = None,
    stale: Annotated[
        Literal["skip", "run"], typer.Option("--stale", help="What to do with news older than what the handler knows.")
    ] = "skip",
    repeat_effects: Annotated[
        bool, typer.Option("--repeat-effects", help="Make follow-ups again that were made, or may have been.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be replayed.")] = False,
) -> None:
    """Make deliveries that have ended due again, in order: those named, or all that the filters choose.

    Filters without --state choose the dead ones. Attempts are counted anew; who replayed, and when, is kept. What is
    older than what its handler has succeeded with meanwhile is skipped again, unless you say --stale run.

    Example: yizhan deliveries replay --handler shop.update_stock --since 2d --dry-run
    """
    chosen = Filters(
        event=event,
        account=account,
        order_id=order,
        refund_id=refund,
        handler=handler,
        state=state,
        since=since,
        until=until,
    )
    if ids and chosen != Filters():
        output.fail("give ids or filters, not both")
    if not ids and chosen == Filters():
        output.fail("nothing chosen: give ids, or filters such as --handler, --order, --since or --state dead")
    filters.check_rate(rate)
    with open_store(context) as store:
        if ids:
            named = _known(store, ids)
            ended = [delivery.id for delivery in named if delivery.state in _ENDED]
            left = len(named) - len(ended)
        else:
            if state is None:
                output.stderr.print("only dead deliveries are chosen; --state chooses others")
            ended, left = store.delivery_ids(replace(chosen, state=state or "dead")), 0
        skipped = len(store.stale(ended)) if stale == "skip" else 0
        old = f", of which {skipped} are old news and will be skipped (--stale run runs them)" if skipped else ""
        if dry_run:
            typer.echo(f"would replay {len(ended)}{old}")
            rows.deliveries(_deliveries(store, ended[:_SHOWN]))
        else:
            again = partial(store.replay, by=who(), stale=stale == "run", repeat_effects=repeat_effects)
            replayed = pacing.in_chunks("replaying", ended, again, rate=rate)
            typer.echo(f"replayed {replayed}{old}")
            left += len(ended) - replayed
    if left:
        output.fail(
            f"{left} of those chosen cannot be replayed: they have not ended, or their payload was pruned",
            output.FOUND_WANTING,
        )


@app.command()
def bury(context: typer.Context, ids: _Ids) -> None:
    """Give deliveries up: dead now, not attempted again, still replayable. What is running ends by itself."""
    with open_store(context) as store:
        named = _known(store, ids)
        opened = [delivery.id for delivery in named if delivery.state not in (*_ENDED, "running")]
        by = who()
        buried = pacing.in_chunks("burying", opened, lambda chunk: store.bury(chunk, by))
        typer.echo(f"buried {buried}")
        left = [delivery for delivery in named if delivery.id not in set(opened)]
        if buried < len(opened):  # some went on meanwhile
            left += [delivery for delivery in _deliveries(store, opened) if delivery.state != "dead"]
    if left:
        states = _listed([f"{delivery.id} is {delivery.state}" for delivery in left])
        output.fail(f"cannot be buried: {states}", output.FOUND_WANTING)


def _known(store: Store, ids: Sequence[int]) -> list[Delivery]:
    """The deliveries of these ids, by id. Says which there are none of, and ends."""
    wanted = sorted(set(ids))
    found = _deliveries(store, [delivery_id for delivery_id in wanted if abs(delivery_id) <= _LARGEST_ID])
    unknown = sorted(set(wanted) - {delivery.id for delivery in found})
    if unknown:
        output.fail(f"no delivery {_listed([str(delivery_id) for delivery_id in unknown])}", output.FOUND_WANTING)
    return found


def _deliveries(store: Store, ids: Sequence[int]) -> list[Delivery]:
    return [
        delivery
        for chunk in pacing.chunks(ids, pacing.CHUNK)
        for delivery in reversed(store.deliveries(Filters(delivery_ids=tuple(chunk)), len(chunk)))
    ]


def _listed(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - _SHOWN} more" if len(texts) > _SHOWN else ""
    return ", ".join(texts[:_SHOWN]) + more
