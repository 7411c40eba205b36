"""``run``, ``dev``, ``serve``, ``work``, ``migrate``: what makes the service go."""

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, NoReturn

import typer

from receiver import embedded, logs, plugins
from receiver.accounts import Account
from receiver.cli import demo, output
from receiver.cli.context import configured
from receiver.errors import RoutingError, SettingsError, StoreError, WrongCall
from receiver.settings import Settings, demo_accounts, masked
from receiver.sources import SOURCES
from receiver.sources.base import Source
from receiver.store import open_store
from receiver.transport import Request, Send

Host = Annotated[str | None, typer.Option(help="Address to listen on", show_default="web.host, else 127.0.0.1")]
Port = Annotated[int | None, typer.Option(help="Port to listen on", show_default="web.port, else 8000")]


def add_to(app: typer.Typer) -> None:
    for command in (run, dev, migrate):
        app.command()(command)
    for later in (serve, work):  # whatever options they will have, they say what they wait for
        app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})(later)


def run(context: typer.Context, host: Host = None, port: Port = None) -> None:
    """Run everything in one process: web, worker, timers. No other service is needed."""
    settings = configured(context).with_options({"web.host": host, "web.port": port})
    logs.configure(level=settings.log.level, style=settings.log.format)
    if not settings.accounts:
        output.fail("no account is configured: add [[accounts]] to yizhan.toml, or try `yizhan dev`")
    listener = _listen(settings)

    def on_ready() -> None:
        print(f"yizhan listens on {_address(listener)}. Callback URLs to register:")
        _print_urls(settings, settings.accounts, listener)

    _run(settings, settings.accounts, listener, on_ready)


def dev(
    context: typer.Context,
    host: Host = None,
    port: Port = None,
    demo_wanted: Annotated[
        bool, typer.Option("--demo", help="Post sample callbacks and the life of one order to itself, and show them")
    ] = False,
) -> None:
    """Run everything in one process for trying out, showing each callback, event and handler as it happens.

    Without a configuration there is one account for each source, with key `demo` and secret `demo-secret`.
    """
    settings = configured(context).with_options({"web.host": host, "web.port": port})
    # For reading along, also through a pipe, unless the configuration says otherwise.
    logs.configure(level="debug", style="pretty" if settings.log.format == "auto" else settings.log.format)
    accounts = settings.accounts or demo_accounts()
    listener = _listen(settings)

    def on_ready() -> None:
        print(f"yizhan dev listens on {_address(listener)}. Callback URLs to register:")
        _print_urls(settings, accounts, listener)
        print("Follow-up calls to the platform are not made here yet: handlers read and log.")
        sys.stdout.flush()
        if demo_wanted:
            threading.Thread(target=demo.play, args=(accounts, _address(listener)), name="demo", daemon=True).start()

    _run(settings, accounts, listener, on_ready, send=_nowhere)


def serve(_context: typer.Context) -> None:
    """The web process alone, for many machines. Not available yet: it needs PostgreSQL; use `yizhan run`."""
    output.fail("serve needs PostgreSQL and a broker, which this version does not support yet; use `yizhan run`")


def work(_context: typer.Context) -> None:
    """The worker processes alone, for many machines. Not available yet: they need a broker; use `yizhan run`."""
    output.fail("work needs PostgreSQL and a broker, which this version does not support yet; use `yizhan run`")


def migrate(context: typer.Context) -> None:
    """Create the store's schema, or bring it to this version. `run` and `dev` do so by themselves."""
    url = configured(context).settings.store.url
    try:
        with contextlib.closing(open_store(url, make=True)) as store:
            ran = store.migrate()
    except StoreError as error:
        output.fail(str(error), output.FOUND_WANTING)
    for name in ran:
        print(f"ran {name}")
    print(f"{masked(url)} is up to date")


def _nowhere(_request: Request, _seconds: float) -> NoReturn:
    """What is tried out must not reach a real seller."""
    raise WrongCall("yizhan dev makes no follow-up calls yet; use yizhan run")


def _run(
    settings: Settings,
    accounts: Iterable[Account],
    listener: socket.socket,
    on_ready: Callable[[], None],
    send: Send | None = None,
) -> None:
    if settings.broker.url != "memory://":
        output.fail("broker.url: run and dev use memory://; Redis and RabbitMQ are not supported yet")
    table: Mapping[str, tuple[Account, Source]] = {
        account.name: (account, SOURCES[account.source]) for account in accounts
    }
    try:
        router = plugins.load_routers(settings.handlers.routers, settings.folder)
        embedded.run(
            store_url=settings.store.url,
            accounts=table,
            sources=SOURCES,
            router=router,
            listener=listener,
            max_body=settings.web.max_body,
            threads=settings.work.threads,
            send=send,
            on_ready=on_ready,
        )
    except RoutingError as error:
        output.fail(str(error))
    except StoreError as error:
        output.fail(str(error), output.FOUND_WANTING)
    finally:
        listener.close()


def _listen(settings: Settings) -> socket.socket:
    try:
        return embedded.listen(settings.web.host, settings.web.port)
    except SettingsError as error:
        output.fail(str(error), output.FOUND_WANTING)


def _address(listener: socket.socket) -> str:
    host, port = listener.getsockname()[:2]
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def _print_urls(settings: Settings, accounts: Iterable[Account], listener: socket.socket) -> None:
    base = settings.web.public_url or _address(listener)
    for account in accounts:
        print(f"  {account.name:16} {base}/callbacks/{account.name}   ({account.source})")
    if settings.web.public_url is None:
        print("The platform cannot reach this address: set web.public_url to the HTTPS address in front of it.")
    sys.stdout.flush()
