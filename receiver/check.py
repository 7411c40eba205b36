"""What ``yizhan check`` finds: configuration, store, broker, handlers and accounts, each fault with its cure.

It only looks: nothing is created, migrated or sent. It prints no secret: URLs are masked, secrets counted.
"""

import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import apsw

from receiver import plugins
from receiver.accounts import Account
from receiver.errors import SettingsError, StoreError
from receiver.settings import Settings, masked

#: The first SQLite without the WAL-reset bug, which can corrupt a database: https://sqlite.org/wal.html#walresetbug
SOUND_SQLITE = (3, 51, 3)


@dataclass(frozen=True, slots=True)
class Finding:
    ok: bool
    what: str
    #: What to do about it. Also a fine finding may have one: a note.
    cure: str | None = None


def _fine(what: str, note: str | None = None) -> Finding:
    return Finding(ok=True, what=what, cure=note)


def _wrong(what: str, cure: str | None) -> Finding:
    return Finding(ok=False, what=what, cure=cure)


def check(
    settings: Settings | None,
    faults: Sequence[SettingsError],
    *,
    store_probe: Callable[[], None] | None = None,
    broker_probe: Callable[[], None] | None = None,
) -> list[Finding]:
    """All findings on what ``settings.read`` returned.

    ``store_probe`` raises ``StoreError`` unless the store is reachable and its schema is of this version;
    ``broker_probe`` raises anything unless the broker answers, and is not called for the one in memory. Without a
    configuration there is nothing to look at, so its faults are then the only findings.
    """
    if settings is None:
        return [_wrong(f"configuration: {fault}", f"correct {fault.key}") for fault in faults]
    return [
        _fine(f"configuration: {settings.file or 'no file, so the defaults'}"),
        *_store(settings, store_probe),
        *_broker(settings, broker_probe),
        *_handlers(settings),
        *_accounts(settings),
    ]


def sqlite_version(version: str) -> Finding:
    """Whether this SQLite may hold a store."""
    wanted = ".".join(map(str, SOUND_SQLITE))
    if tuple(map(int, version.split("."))) < SOUND_SQLITE:
        return _wrong(f"store: SQLite {version} has the WAL-reset bug", f"install apsw >= {wanted}.0")
    return _fine(f"store: SQLite {version}")


def _store(settings: Settings, probe: Callable[[], None] | None) -> Iterator[Finding]:
    path = settings.store.path
    if path is not None:
        yield sqlite_version(apsw.sqlite_lib_version())
        place = _place(path)
        yield place
        if not place.ok:
            return
    if probe is None:
        return
    try:
        probe()
    except StoreError as error:
        yield _wrong(f"store: {masked(settings.store.url)}: {error}", "start it, or run: yizhan migrate")
    else:
        yield _fine(f"store: {masked(settings.store.url)}")


def _place(file: Path) -> Finding:
    """Whether the database can be written, or made; its journal needs the folder, too."""
    cure = "give this user the right to write there, or set another store.url"
    try:
        folder = next(parent for parent in file.parents if parent.exists())
        with tempfile.TemporaryFile(dir=folder):
            exists = file.exists()
    except OSError as error:
        return _wrong(f"store: cannot write {file}: {error.strerror}", cure)
    # Not opened: closing it again would drop the locks that SQLite holds on it in this process.
    if exists and not (file.is_file() and os.access(file, os.W_OK)):
        return _wrong(f"store: cannot write {file}: not a file that this user may write", cure)
    return _fine(f"store: {file}" + ("" if exists else " will be created"))


def _broker(settings: Settings, probe: Callable[[], None] | None) -> Iterator[Finding]:
    url = masked(settings.broker.url)
    if url == "memory://":
        yield _fine("broker: in memory, for run and dev; serve and work need redis or amqp")
    elif probe is not None:
        try:
            probe()
        except Exception as error:  # noqa: BLE001  # each client has a tree of its own
            # The type alone: the text of a client's error may hold the URL.
            yield _wrong(f"broker: {url}: {type(error).__name__}", "start the broker, or correct broker.url")
        else:
            yield _fine(f"broker: {url}")


def _handlers(settings: Settings) -> Iterator[Finding]:
    router, errors = plugins.find_routers(settings.handlers.routers, settings.folder, settings.handler_tables)
    for problem in [*map(str, errors), *plugins.clashes(settings.folder)]:
        what, cure = problem.rsplit("; ", 1) if "; " in problem else (problem, None)
        yield _wrong(f"handlers: {what}", cure)
    for route in router:
        yield _fine(f"handlers: {route.event_type.__name__} -> {route.name}")


def _accounts(settings: Settings) -> Iterator[Finding]:
    if not settings.accounts:
        yield _wrong("accounts: none, so every callback is refused", "add [[accounts]] to yizhan.toml")
    for account in settings.accounts:
        yield _fine(_described(account, settings.web.public_url or ""))
    if settings.web.public_url is None:
        yield _fine(
            "accounts: the platform cannot reach these addresses as they stand",
            "set web.public_url to where the internet reaches this service",
        )


def _described(account: Account, public_url: str) -> str:
    secrets = "1 secret" if len(account.secrets) == 1 else f"{len(account.secrets)} secrets"
    base = f", signed over {' or '.join(account.signature_base)}" if account.source == "pandapon" else ""
    return f"account {account.name}: {account.source}, {secrets}, {public_url}/callbacks/{account.name}{base}"
