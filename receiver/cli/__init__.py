"""The ``yizhan`` command, one module for each group of commands, imported when one of them is asked for.

Together they import all there is, which takes a second: `yizhan inbox list` needs a third of it.
"""

from collections.abc import Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from receiver.cli.context import Configured

#: In the order of ``yizhan --help``: the module whose ``add_to`` adds it.
_COMMANDS = {
    "run": "running",
    "migrate": "running",
    "serve": "machines",
    "work": "machines",
    "dev": "dev",
    "check": "checking",
    "events": "events",
    "api": "api",
    "simulate": "simulating",
    "order": "order",
    "prune": "pruning",
    "sandbox": "sandbox",
    "new": "creating",
}
#: The module whose ``app`` it is, and those that add to it.
_GROUPS = {
    "handlers": ("handlers", "trying"),
    "inbox": ("inbox", "replaying", "drift"),
    "deliveries": ("deliveries",),
}


class _Commands(Mapping[str, Any]):
    def __getitem__(self, name: str) -> Any:
        return _command(name)

    def __iter__(self) -> Iterator[str]:
        yield from _COMMANDS
        yield from _GROUPS

    def __len__(self) -> int:
        return len(_COMMANDS) + len(_GROUPS)


@cache
def _command(name: str) -> Any:
    """Raises ``KeyError`` if there is none."""
    app = typer.Typer()
    if name in _COMMANDS:
        _module(_COMMANDS[name]).add_to(app)
    else:
        first, *more = map(_module, _GROUPS[name])
        for each in more:
            each.add_to(first.app)
        app.add_typer(first.app, name=name)
    return typer.main.get_group(app).commands[name]


def _module(name: str) -> Any:
    return import_module(f"{__name__}.{name}")


class _Group(TyperGroup):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.commands = _Commands()  # type: ignore[assignment]  # looked up in, never added to


app = typer.Typer(
    name="yizhan",
    cls=_Group,
    help="The callback URL for Taobao / 1688 purchasing platforms: every message verified, committed, acknowledged in"
    " time, and handed to your Python handlers.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


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
