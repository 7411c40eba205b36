"""``yizhan inbox replay``: after an upgrade, what could not be read is dispatched again."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Annotated, Literal

import typer

from receiver.cli import filters, inbox, output, pacing
from receiver.cli.context import open_store, who
from receiver.deliveries import Filters
from receiver.envelope import StoredEnvelope
from receiver.store.base import Store

#: How many rows a dry run shows.
_SHOWN = 10


def add_to(app: typer.Typer) -> None:
    app.command()(replay)


def replay(
    context: typer.Context,
    ids: Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids, as `inbox list` tells them.")] = None,
    *,
    state: Annotated[
        Literal["unreadable"] | None, typer.Option("--state", help="All that are unreadable: there is no other choice.")
    ] = None,
    account: filters.Account = None,
    source: filters.Source = None,
    platform: filters.Platform = None,
    topic: filters.Topic = None,
    since: filters.Since = None,
    until: filters.Until = None,
    rate: filters.Rate = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be replayed.")] = False,
) -> None:
    """Dispatch unreadable envelopes again, after an upgrade: those named, or all that the filters choose.

    Who replayed, and when, is kept. What has been dispatched already is replayed delivery by delivery, with
    `yizhan deliveries replay`.

    Example: yizhan inbox replay --source pandapon --since 2d --dry-run
    """
    chosen = Filters(
        account=account, source=source, platform=platform, topic=topic, state=state, since=since, until=until
    )
    if ids and chosen != Filters():
        output.fail("give ids or filters, not both")
    if not ids and chosen == Filters():
        output.fail("nothing chosen: give ids, or filters such as --state unreadable, --topic or --since")
    filters.check_rate(rate)
    with open_store(context) as store:
        if ids:
            named = _known(store, ids)
            unread = [envelope.id for envelope in named if envelope.state == "unreadable"]
            left = len(named) - len(unread)
        else:
            unread, left = store.envelope_ids(replace(chosen, state="unreadable")), 0
        if dry_run:
            typer.echo(f"would replay {len(unread)}")
            inbox.table(_known(store, unread[:_SHOWN]))
        else:
            again = partial(store.replay_envelopes, by=who())
            replayed = pacing.in_chunks("replaying", unread, again, rate=rate)
            typer.echo(f"replayed {replayed}")
            left += len(unread) - replayed
    if left:
        output.fail(
            f"{left} of those chosen cannot be replayed: not unreadable; `yizhan deliveries replay` makes what they"
            " became due again",
            output.FOUND_WANTING,
        )


def _known(store: Store, ids: Sequence[str]) -> list[StoredEnvelope]:
    """The envelopes of these ids, in the order of acceptance. Says which there are none of, and ends."""
    found = {envelope_id: store.envelope(envelope_id) for envelope_id in sorted(set(ids))}
    unknown = [envelope_id for envelope_id, envelope in found.items() if envelope is None]
    if unknown:
        more = f" and {len(unknown) - _SHOWN} more" if len(unknown) > _SHOWN else ""
        output.fail(f"no envelope {', '.join(unknown[:_SHOWN])}{more}", output.FOUND_WANTING)
    return [envelope for envelope in found.values() if envelope is not None]
