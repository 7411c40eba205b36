"""``yizhan check``: whether all is as it must be."""

import contextlib
import sys
from functools import partial
from typing import Annotated

import typer

from receiver import logs, plugins
from receiver.broker import open_broker
from receiver.check import Finding
from receiver.check import check as findings_on
from receiver.cli import filters, output, rows
from receiver.cli.context import configured
from receiver.cli.online import probe_online
from receiver.settings import Settings, read
from receiver.store import open_store
from receiver.worker import MISSING_HANDLER_CURE


def add_to(app: typer.Typer) -> None:
    app.command()(check)


def check(
    context: typer.Context,
    *,
    online: Annotated[
        str | None,
        typer.Option("--online", metavar="ACCOUNT", help="Also make one harmless call: does its signature hold?"),
    ] = None,
    json: filters.Json = False,
) -> None:
    """Check configuration, store, broker, handlers and accounts: each fault with its cure. Exit 1 if there is any.

    It only looks: nothing is created or changed, and nothing sent unless --online asks for it.
    """
    settings, faults = read(configured(context).config)
    with contextlib.redirect_stdout(sys.stderr):  # whatever a plug-in prints when it is imported
        probe = None if settings is None or _not_made_yet(settings) else partial(_probe, settings)
        ask_broker = None if settings is None else partial(_probe_broker, settings.broker.url)
        findings = findings_on(settings, faults, store_probe=probe, broker_probe=ask_broker)
        if settings is not None and probe is not None and all(finding.ok for finding in findings):
            findings += _missing(settings)
    if settings is not None and online is not None:
        logs.configure(level=settings.log.level, style=settings.log.format)
        findings.append(probe_online(online, settings.accounts))
    if json:
        rows.json_lines(findings)
    else:
        for finding in findings:
            _tell(finding)
        sys.stdout.flush()
    if not all(finding.ok for finding in findings):
        raise typer.Exit(output.FOUND_WANTING)


def _missing(settings: Settings) -> list[Finding]:
    """Handlers that something is owed to and that are not there: renamed, or no longer configured."""
    router, _ = plugins.find_routers(settings.handlers.routers, settings.folder, settings.handler_tables)
    with contextlib.closing(open_store(settings.store.url, look_only=True)) as store:
        waiting = store.open_of_others([route.name for route in router])
    return [
        Finding(
            ok=False, what=f"handlers: {name} is not there, {count} deliveries wait for it", cure=MISSING_HANDLER_CURE
        )
        for name, count in waiting.items()
    ]


def _not_made_yet(settings: Settings) -> bool:
    """A file is made by whoever runs first."""
    return settings.store.path is not None and not settings.store.path.exists()


def _probe(settings: Settings) -> None:
    """Raises ``StoreUnavailable`` unless the store can be read and its schema is of this version."""
    with contextlib.closing(open_store(settings.store.url, look_only=True)) as store:
        store.check_schema()


def _probe_broker(url: str) -> None:
    broker = open_broker(url)
    try:
        broker.ping()
    finally:
        broker.close()


def _tell(finding: Finding) -> None:
    mark = "✗" if not finding.ok else "!" if finding.cure else "✓"
    typer.echo(f"{mark} {finding.what}" + (f" — {finding.cure}" if finding.cure else ""))
