"""``serve`` and ``work``: the two halves of the service, for many machines."""

import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from receiver import logs, plugins, serving
from receiver.cli import addresses, output
from receiver.cli.context import configured
from receiver.cli.running import Host, Port, by_name, listen, print_urls
from receiver.cli.tallies import tallies
from receiver.errors import RoutingError, SettingsError, StoreError, TracesMissing
from receiver.pulses import Pulses
from receiver.serve import serve as serve_one
from receiver.settings import Settings
from receiver.sources import SOURCES
from receiver.supervise import supervise
from receiver.traces import traced
from receiver.work import work as work_one


def add_to(app: typer.Typer) -> None:
    for command in (serve, work):
        app.command()(command)


def serve(
    context: typer.Context,
    host: Host = None,
    port: Port = None,
    workers: Annotated[
        int | None, typer.Option(help="Processes that share the port", show_default="web.workers, else 1")
    ] = None,
) -> None:
    """Run the web process alone: verify, commit, acknowledge. It needs PostgreSQL, and `yizhan work` beside it."""
    options = {"web.host": host, "web.port": port, "web.workers": workers}
    settings = configured(context).with_options(options)
    logs.configure(level=settings.log.level, style=settings.log.format)
    _want_postgresql(settings, "serve")
    if not settings.accounts:
        output.fail("no account is configured: add [[accounts]] to yizhan.toml")
    listener = listen(settings)
    print(f"yizhan serves on {addresses.of(*addresses.listening(listener))}. Callback URLs to register:")
    print_urls(settings, settings.accounts, listener)

    def run(_index: int, shared: Path | None) -> None:
        serve_one(
            store_url=settings.store.url,
            accounts=by_name(settings.accounts),
            listener=listener,
            max_body=settings.web.max_body,
            drain=settings.web.drain,
            shared=shared,
        )

    _run_all(settings, settings.web.workers, run, listener)


def work(  # noqa: PLR0917  (options)
    context: typer.Context,
    processes: Annotated[
        int | None, typer.Option(help="Worker processes", show_default="work.processes, else 1")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Handlers at a time, a process", show_default="work.threads, else 8")
    ] = None,
    queues: Annotated[
        str | None, typer.Option(help="Only handlers of these queues, with commas between", show_default="all")
    ] = None,
    host: Annotated[
        str | None, typer.Option(help="Address of /healthz and /metrics", show_default="work.host, else 0.0.0.0")
    ] = None,
    port: Annotated[
        int | None, typer.Option(help="Port of /healthz and /metrics", show_default="work.port, else 9100")
    ] = None,
) -> None:
    """Run the worker processes alone: handlers and timers. They need PostgreSQL, and Redis or RabbitMQ."""
    settings = configured(context).with_options(
        {
            "work.processes": processes,
            "work.threads": threads,
            "work.queues": queues.split(",") if queues else None,
            "work.host": host,
            "work.port": port,
        }
    )
    logs.configure(level=settings.log.level, style=settings.log.format)
    _want_postgresql(settings, "work")
    if settings.broker.url == "memory://":
        output.fail("work needs a broker that processes share: set broker.url to redis://… or amqp://…")
    try:
        listener = serving.listen(settings.work.host, settings.work.port, "work.port")
    except SettingsError as error:
        output.fail(str(error), output.FOUND_WANTING)
    pulses = Pulses(settings.work.processes)
    print(f"yizhan works; it is watched at {addresses.of(*addresses.listening(listener))}/healthz and /metrics")
    sys.stdout.flush()

    def run(index: int, shared: Path | None) -> None:
        # Here, not before the fork: what a team's modules open when they are imported must not be two processes'.
        router = plugins.load_routers(settings.handlers.routers, settings.folder, settings.handler_tables)
        known = {route.queue for route in router}
        for queue in settings.work.queues:
            if queue not in known:
                output.fail(f"work.queues: no handler is of queue {queue}; known: {', '.join(sorted(known))}")
        pulses.beat(index)
        work_one(
            store_url=settings.store.url,
            broker_url=settings.broker.url,
            accounts=settings.accounts,
            sources=SOURCES,
            router=router,
            queues=settings.work.queues or sorted(known),
            listener=listener,
            threads=settings.work.threads,
            grace=settings.work.grace,
            keep_payloads=settings.retention.payloads,
            shared=shared,
            pulse=lambda: pulses.beat(index),
            alive=pulses.fresh,
        )

    _run_all(settings, settings.work.processes, run, listener)


def _want_postgresql(settings: Settings, command: str) -> None:
    if settings.store.path is not None:
        output.fail(
            f"{command} needs PostgreSQL, since SQLite belongs to one process: set store.url to postgresql://…,"
            " or use `yizhan run`"
        )


def _run_all(settings: Settings, count: int, run: Callable[[int, Path | None], None], listener: socket.socket) -> None:
    """In this process if it is one, else in as many under its supervision."""

    def run_one(index: int, shared: Path | None) -> None:
        try:
            with traced(settings.traces.endpoint):
                run(index, shared)
        except (RoutingError, TracesMissing) as error:
            output.fail(str(error))
        except StoreError as error:
            output.fail(str(error), output.FOUND_WANTING)

    if count == 1:
        with listener:
            run_one(0, None)
        return
    with tallies() as folder:

        def child(index: int) -> None:
            try:
                run_one(index, folder)
            except typer.Exit as wanted:  # which only typer itself knows
                sys.exit(wanted.exit_code)

        code = supervise(count, child, listener)
    raise typer.Exit(code)
