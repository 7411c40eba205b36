"""The ``yizhan`` command, one module for each group of commands."""

from pathlib import Path
from typing import Annotated

import typer

from receiver.cli import checking, deliveries, events, inbox, running, sandbox, simulating
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
checking.add_to(app)
events.add_to(app)
simulating.add_to(app)
sandbox.add_to(app)
app.add_typer(inbox.app, name="inbox")
app.add_typer(deliveries.app, name="deliveries")


@app.callback()
def _configured(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option("--config", help="Configuration file", show_default="$YIZHAN_CONFIG, else ./yizhan.toml"),
    ] = None,
) -> None:
    context.obj = Configured(config)
