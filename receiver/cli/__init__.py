"""The ``yizhan`` command, one module for each group of commands."""

from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from receiver.cli import (
    api,
    checking,
    creating,
    deliveries,
    dev,
    drift,
    events,
    handlers,
    inbox,
    machines,
    order,
    pruning,
    replaying,
    running,
    sandbox,
    simulating,
    trying,
)
from receiver.cli.context import Configured

app = typer.Typer(
    name="yizhan",
    help="The callback URL for Taobao / 1688 purchasing platforms: every message verified, committed, acknowledged in"
    " time, and handed to your Python handlers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
running.add_to(app)
machines.add_to(app)
dev.add_to(app)
checking.add_to(app)
events.add_to(app)
api.add_to(app)
simulating.add_to(app)
order.add_to(app)
pruning.add_to(app)
replaying.add_to(inbox.app)
drift.add_to(inbox.app)
sandbox.add_to(app)
creating.add_to(app)
trying.add_to(handlers.app)
app.add_typer(handlers.app, name="handlers")
app.add_typer(inbox.app, name="inbox")
app.add_typer(deliveries.app, name="deliveries")


def _version(wanted: bool) -> None:
    if wanted:
        print(f"yizhan {version('yizhan')}")
        raise typer.Exit


@app.callback()
def _configured(
    context: typer.Context,
    *,
    _: Annotated[bool, typer.Option("--version", callback=_version, is_eager=True, help="Tell the version")] = False,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Configuration file", show_default="$YIZHAN_CONFIG, else ./yizhan.toml"),
    ] = None,
) -> None:
    context.obj = Configured(config)
