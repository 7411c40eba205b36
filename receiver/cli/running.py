"""``run``, ``migrate``: what makes the service go on one machine."""

import contextlib
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated

import typer

from receiver import embedded, logs, plugins, serving
from receiver.accounts import Account
from receiver.cli import addresses, output
from receiver.cli.context import configured
from receiver.errors import RoutingError, SettingsError, StoreError, TracesMissing
from receiver.exchange import Send
from receiver.routing import Router
from receiver.settings import Settings, masked
from receiver.sources import SOURCES
from receiver.sources.base import Source
from receiver.store import open_store
from receiver.traces import traced

Host = Annotated[str | None, typer.Option(help="Address to listen on", show_default="web.host, else 127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port to listen on", show_default="web.port, else 8000")]


def add_to(app: typer.Typer) -> None:
    for command in (run, migrate):
        app.command()(command)


def run(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Run everything in one process: web, worker, timers. No other service is needed."""
    settings = configured(context).with_options({"web.host": host, "web.port": port})
    logs.configure(level=settings.log.level, style=settings.log.format)
    if not settings.accounts:
        output.fail("no account is configured: add [[accounts]] to yizhan.toml, or try `yizhan dev`")
    listener = listen(settings)

    def on_ready() -> None:
        print(f"yizhan listens on {addresses.of(*addresses.listening(listener))}. Callback URLs to register:")
        print_urls(settings, settings.accounts, listener)

    keep_running(settings, settings.accounts, listener, on_ready)


def migrate(context: typer.Context) -> None:
    """Create the store's schema, or bring it to this version. `run` and `dev` do so by themselves."""
    url = configured(context).settings.store.url
    try:
        # The process before would not know by what this version recognises what is sent again.
        with contextlib.closing(open_store(url, make=True, alone=True)) as store:
            ran = store.migrate()
    except StoreError as error:
        output.fail(str(error), output.FOUND_WANTING)
    for name in ran:
        print(f"ran {name}")
    print(f"{masked(url)} is up to date")


def keep_running(
    settings: Settings,
    accounts: Iterable[Account],
    listener: socket.socket,
    on_ready: Callable[[], None],
    *,
    send: Send | None = None,
    router: Router | None = None,
) -> None:
    """Everything in this process, until it is asked to stop. ``send`` takes the place of the network for calls.

    ``router`` is that of the configuration, of which nothing may be amiss, unless another is given.
    """
    try:
        if router is None:
            router = plugins.load_routers(settings.handlers.routers, settings.folder, settings.handler_tables)
        with traced(settings.traces.endpoint):
            embedded.run(
                store_url=settings.store.url,
                broker_url=settings.broker.url,
                accounts=by_name(accounts),
                sources=SOURCES,
                router=router,
                listener=listener,
                max_body=settings.web.max_body,
                threads=settings.work.threads,
                grace=settings.work.grace,
                keep_payloads=settings.retention.payloads,
                send=send,
                on_ready=on_ready,
            )
    except (RoutingError, TracesMissing) as error:
        output.fail(str(error))
    except StoreError as error:
        output.fail(str(error), output.FOUND_WANTING)
    finally:
        listener.close()


def by_name(accounts: Iterable[Account]) -> Mapping[str, tuple[Account, Source]]:
    return {account.name: (account, SOURCES[account.source]) for account in accounts}


def listen(settings: Settings) -> socket.socket:
    try:
        return serving.listen(settings.web.host, settings.web.port, "web.port")
    except SettingsError as error:
        output.fail(str(error), output.FOUND_WANTING)


def print_urls(settings: Settings, accounts: Iterable[Account], listener: socket.socket) -> None:
    base = settings.web.public_url or addresses.of(*addresses.listening(listener))
    for account in accounts:
        print(f"  {account.name:16} {base}/callbacks/{account.name}   ({account.source})")
    if settings.web.public_url is None:
        print("The platform cannot reach this address: set web.public_url to the HTTPS address in front of it.")
    sys.stdout.flush()
