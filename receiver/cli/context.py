"""What every command starts from: the configuration, read when it is first asked for, and an open store."""

import contextlib
import getpass
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import typer

from receiver.cli import output
from receiver.errors import SettingsError, StoreError
from receiver.settings import Settings, load
from receiver.store.sqlite import SqliteStore


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
def open_store(context: typer.Context) -> Iterator[SqliteStore]:
    """The store, beside whatever process runs on it. A store that is not there yet is an error that says so."""
    settings = configured(context).settings
    path = settings.store.path
    if path is None:
        output.fail("PostgreSQL is not supported yet; set store.url to sqlite:///…")
    if not path.exists():
        output.fail(f"no store at {path} yet: `yizhan run` or `yizhan migrate` makes it", output.FOUND_WANTING)
    store: SqliteStore | None = None
    try:
        store = SqliteStore(path)
        store.check_schema()
        yield store
    except StoreError as error:
        output.fail(str(error), output.FOUND_WANTING)
    finally:
        if store is not None:
            store.close()


def who() -> str:
    """The person at the keyboard, for the record of a replay."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # no such user in this container
        return "unknown"
