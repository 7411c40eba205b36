"""``yizhan handlers try``: what a handler would have done with what is stored. Nothing is sent, nothing written."""

import contextlib
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

import typer

from receiver import logs
from receiver.cli import filters, output, rows
from receiver.cli.context import configured, open_store
from receiver.deliveries import Filters
from receiver.errors import RoutingError
from receiver.find import find
from receiver.routing import Route
from receiver.settings import Settings
from receiver.sources import SOURCES
from receiver.store.base import Store
from receiver.testing.rehearse import Told, rehearse, told_by
from receiver.testing.running import Ran
from receiver.transport import Transport

_GOOD = {"succeeded", "skipped"}


def add_to(app: typer.Typer) -> None:
    app.command("try")(try_)


def try_(
    context: typer.Context,
    handler: Annotated[
        str,
        typer.Argument(metavar="HANDLER", help="As `yizhan handlers` names it, module:function, or file.py:function"),
    ],
    *,
    since: filters.Since = None,
    until: filters.Until = None,
    event: filters.Event = None,
    envelope: filters.EnvelopeId = None,
    limit: filters.Limit = 100,
    against: Annotated[
        str | None,
        typer.Option(
            "--against", metavar="OLD", help="Another handler, named as HANDLER; show only where they differ."
        ),
    ] = None,
    online: Annotated[
        bool, typer.Option("--online", help="Make the handler's reads at the accounts' API. Nothing else is ever sent.")
    ] = False,
    json: filters.Json = False,
) -> None:
    """Run stored events through a handler, the newest --limit of them in their order, and tell what it would have done.

    Calls through ctx.api are recorded, not sent; ctx.once is recorded, not had; the store is not written. What the
    handler does by itself, such as a database or HTTP client of its own, CANNOT be held back: it happens.

    What is shown holds what would have been sent, which may be personal data. Exit 1 if a run does not succeed, or,
    with --against, where the two differ in outcome, calls or effects.

    Example: yizhan handlers try shop.ask_why --since 3d --against old_shop.py:ask_why
    """
    settings = configured(context).settings
    logs.configure(level="warning", style=settings.log.format)
    with contextlib.redirect_stdout(sys.stderr):  # whatever a plug-in prints when it is imported
        new, old = _find(handler, settings), None if against is None else _find(against, settings)
    chosen = Filters(envelope_id=envelope, since=since, until=until)
    with open_store(context) as store:
        history = _history(store, chosen, new, event, limit)
    wanting = 0
    with _sending(settings, online=online) as send:
        accounts = {account.name: account for account in settings.accounts}
        runs = [rehearse(route, history, accounts, send) for route in (new, old) if route is not None]
        counts: Counter[str] = Counter()
        for told in history:
            with contextlib.redirect_stdout(sys.stderr):  # whatever a handler prints
                ran, *before = (next(run) for run in runs)
            counts.update([ran.outcome, *(["call"] * len(ran.calls)), *(["effect"] * len(ran.effects))])
            differs = any(_done(each) != _done(ran) for each in before)
            counts["different"] += differs
            wanting += differs if before else ran.outcome not in _GOOD
            if differs or not before:
                _show(told, ran, before, json=json)
    if not json:
        _sum_up(len(history), counts, compared=old is not None)
    if wanting:
        raise typer.Exit(output.FOUND_WANTING)


def _find(name: str, settings: Settings) -> Route:
    try:
        return find(name, settings)
    except RoutingError as error:
        output.fail(str(error))


def _history(store: Store, chosen: Filters, route: Route, event: str | None, limit: int) -> list[Told]:
    """The newest events that the handler runs for, in the order of acceptance."""
    found: list[Told] = []
    for envelope_id in reversed(store.envelope_ids(chosen)):
        envelope = store.envelope(envelope_id)
        events = () if envelope is None else told_by(envelope)
        found += [told for told in reversed(events) if route.matches(told.event) and event in (None, told.event.type)]
        if len(found) >= limit:
            break
    return found[:limit][::-1]


@contextlib.contextmanager
def _sending(settings: Settings, *, online: bool) -> Iterator[Any]:
    if not online:
        yield None
        return
    callings = [(account, SOURCES[account.source].calling) for account in settings.accounts]
    urls = {account.api.url or calling.url for account, calling in callings if calling is not None}
    transport = Transport(urls)
    try:
        yield transport.send
    finally:
        transport.close()


def _done(ran: Ran) -> tuple[Any, ...]:
    """What there is to see of a run from outside."""
    return ran.outcome, ran.calls, ran.effects


def _show(told: Told, ran: Ran, before: Sequence[Ran], *, json: bool) -> None:
    envelope, event = told.envelope, told.event
    if json:
        where = {
            "envelope_id": envelope.id,
            "received_at": envelope.received_at,
            "event": event.type,
            "order_id": event.order_id,
            "refund_id": event.refund_id,
        }
        rows.json_lines([{**where, **_row(ran), **({"against": _row(before[0])} if before else {})}])
        return
    at = envelope.received_at.astimezone().strftime("%m-%d %H:%M:%S")
    typer.echo(f"{at}  {event.type}  {rows.subject(event.order_id, event.refund_id)}  envelope {envelope.id}")
    for mark, each in [("-", row) for row in before] + [("+" if before else " ", ran)]:
        for line in _lines(each):
            typer.echo(f"  {mark} {line}")


def _lines(ran: Ran) -> Iterator[str]:
    yield f"{ran.handler} {ran.outcome}" + (f": {ran.reason}" if ran.reason else "")
    for call in ran.calls:
        yield f"would call {call.operation} {' '.join(f'{name}={value!r}' for name, value in call.parameters.items())}"
    for purpose in ran.effects:
        yield f"would have, once: {purpose}"
    for line in ran.logs:
        said = {name: value for name, value in line.items() if name not in {"event", "level"}}
        yield f"{line['level']}: {line['event']}" + "".join(f" {name}={value}" for name, value in said.items())


def _row(ran: Ran) -> dict[str, Any]:
    return {
        "handler": ran.handler,
        "outcome": ran.outcome,
        "retry_in": ran.retry_in,
        "reason": ran.reason,
        "calls": [call._asdict() for call in ran.calls],
        "effects": ran.effects,
        "logs": [
            {name: value if name in {"event", "level"} else str(value) for name, value in line.items()}
            for line in ran.logs
        ],
    }


def _sum_up(events: int, counts: Counter[str], *, compared: bool) -> None:
    outcomes = ", ".join(
        f"{counts[name]} {name}" for name in ("succeeded", "failed", "dead", "skipped") if counts[name]
    )
    differ = f"; {counts['different']} different" if compared else ""
    typer.echo(
        f"{events} events{f': {outcomes}' if outcomes else ''}; would make {counts['call']} calls, have"
        f" {counts['effect']} effects{differ}. Nothing was sent or stored."
    )
