"""``yizhan handlers``: which event runs which handler, and what one would have done."""

import contextlib
import sys

import typer

from receiver import plugins
from receiver.cli import filters, output, rows
from receiver.cli.context import configured
from receiver.cli.output import Column

app = typer.Typer(invoke_without_command=True)

_COLUMNS = (
    Column("event"),
    Column("handler"),
    Column("platform"),
    Column("timeout"),
    Column("max attempts"),
    Column("stale"),
)


@app.callback()
def list_(context: typer.Context, *, json: filters.Json = False) -> None:
    """List which event runs which handler, in the order in which they are defined; or try one on what is stored."""
    if context.invoked_subcommand is not None:
        return
    settings = configured(context).settings
    with contextlib.redirect_stdout(sys.stderr):
        router, faults = plugins.find_routers(settings.handlers.routers, settings.folder, settings.handler_tables)
    if json:
        rows.json_lines(
            {
                "event": route.event_type.type,
                "handler": route.name,
                "platform": route.platform,
                "timeout": route.timeout,
                "max_attempts": route.max_attempts,
                "stale": route.stale,
                "queue": route.queue,
            }
            for route in router
        )
    else:
        output.table(
            _COLUMNS,
            (
                (
                    route.event_type.type,
                    route.name,
                    route.platform or "any",
                    f"{route.timeout.total_seconds():g} s",
                    route.max_attempts,
                    route.stale,
                )
                for route in router
            ),
        )
    if faults:
        output.fail("\nyizhan: ".join(map(str, faults)), output.FOUND_WANTING)
