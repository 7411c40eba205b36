"""Configuration: read once by the composition roots, which pass values on. Every fault is one line that names the key.

A value comes from an option, else the environment, else the file, else the default. No fault holds a value, because any
value may be a secret in the wrong place. Not pydantic-settings: it cannot say where a value was read, reads no
environment but the process's own, and lets a misspelt variable pass.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from receiver.errors import SettingsError
from receiver.settings import layers
from receiver.settings.accounts import account, demo_accounts
from receiver.settings.handlers import HandlerTable, handler_table
from receiver.settings.model import (
    SECTIONS,
    BrokerSettings,
    HandlersSettings,
    LogSettings,
    RetentionSettings,
    Settings,
    StoreSettings,
    TracesSettings,
    WebSettings,
    WorkSettings,
    masked,
    validated,
)

__all__ = [
    "BrokerSettings",
    "HandlerTable",
    "HandlersSettings",
    "LogSettings",
    "RetentionSettings",
    "Settings",
    "StoreSettings",
    "TracesSettings",
    "WebSettings",
    "WorkSettings",
    "demo_accounts",
    "load",
    "masked",
    "read",
]


def load(
    config: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """The configuration. Raises the first ``SettingsError``; ``read`` gives all of them."""
    settings, faults = read(config, environ=environ, cwd=cwd, overrides=overrides)
    if settings is None:
        raise faults[0]
    return settings


def read(
    config: Path | None = None,
    *,
    environ: Mapping[str, str] = os.environ,
    cwd: Path | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> tuple[Settings | None, list[SettingsError]]:
    """The configuration, or else all that is wrong with it.

    ``overrides`` are options by dotted key (``{"web.port": 9000}``); ``None`` is an option that was not given.
    """
    cwd = Path.cwd() if cwd is None else cwd.absolute()
    named, by = layers.find_file(config, environ, cwd)
    file = cwd / named if named else None
    folder = file.parent if file else cwd
    written = str(named) if named else "default"
    document = layers.parse(file, written, by) if file else {}
    if isinstance(document, SettingsError):
        return None, [document]
    faults: list[SettingsError] = []
    in_file = layers.of_file(document, written, faults)
    in_environment = layers.of_environment(environ, in_file, faults)
    in_options = layers.of_options(overrides or {})
    tables = layers.stacked(layers.of_defaults(environ, cwd), in_file, in_environment, in_options)
    faults += layers.misspelt(environ, tables)

    found: dict[str, Any] = {}
    context = {"folder": folder, "environ": environ}
    for name, table in tables.items():
        values = {key: given.value for key, given in table.items() if given.value is not None}
        found[name], expected = _read(name, values, context)
        for key, wanted in expected.items():
            origin = table[key].origin if key in table else written
            faults.append(SettingsError(f"{name}.{layers.shown(key)}", origin, wanted))
    if faults:
        return None, faults
    sections = {name: found.pop(name) for name in SECTIONS}
    handler_tables = tuple(found.pop(name) for name in tables if name.startswith("handlers."))
    accounts = tuple(found.values())
    return Settings(**sections, handler_tables=handler_tables, accounts=accounts, folder=folder, file=file), []


def _read(name: str, values: Mapping[str, Any], context: Mapping[str, Any]) -> tuple[Any, dict[str, str]]:
    """A table, or else what is expected of which key."""
    if name in SECTIONS:
        return validated(SECTIONS[name], values, context)
    return handler_table(name, values, context) if name.startswith("handlers.") else account(values, context)
