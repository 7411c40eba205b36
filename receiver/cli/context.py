"""What every command starts from: the configuration, read when it is first asked for, and an open store."""

import contextlib
import getpass
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from receiver import store
from receiver.cli import output
from receiver.errors import SettingsError, StoreError
from receiver.settings import Settings, load
from receiver.store.base import Store


@dataclass
class Configured:
    """Behind ``typer.Context.obj``."""

    config: Path | None

    @cached_property
    def settings(self) -> Settings:
        return self.with_options({})

    def with_options(self, options: dict[str, Any]) -> Settings:
        """The settings, where options given on the command line (dotted keys) come first; ``None`` is not given."""
        try:
            return load(self.config, overrides={key: value for key, value in options.items() if value is not None})
        except SettingsError as error:
            output.fail(str(error))


def configured(context: typer.Context) -> Configured:
    found = context.find_object(Configured)
    if found is None:
        raise LookupError("a command outside of the yizhan application")
    return found


@contextlib.contextmanager
def open_store(context: typer.Context) -> Iterator[Store]:
    """The store, beside whatever process runs on it. A store that is not there yet is an error that says so."""
    try:
        with contextlib.closing(store.open_store(configured(context).settings.store.url)) as opened:
            opened.check_schema()
            yield opened
    except StoreError as error:
        output.fail(str(error), output.FOUND_WANTING)


def who() -> str:
    """The person at the keyboard, for the record of a replay."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown"
