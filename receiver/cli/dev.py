"""``yizhan dev``: everything in one process, for trying out, with the sandbox as the platform."""

import secrets
import socket
import sys
import threading
from pathlib import Path
from typing import Annotated

import typer

from receiver import logs, plugins
from receiver.cli import addresses, demo
from receiver.cli.context import configured
from receiver.cli.running import Host, Port, keep_running, listen, print_urls
from receiver.errors import RoutingError, WrongCall
from receiver.exchange import Request, Response, Send
from receiver.reloading import Reloading, tell_faults
from receiver.routing import Router
from receiver.sandbox.connecting import connected
from receiver.sandbox.push import Manner
from receiver.sandbox.running import Sandbox
from receiver.settings import HandlerTable, Settings, demo_accounts, read
from receiver.transport import Transport

#: How many seconds half an hour takes, for redeliveries.
HALF_HOUR = 5.0
#: What runs besides, when nothing is configured and nobody's handlers are there: one answer to a seller.
DEMO_RULE = HandlerTable(
    "aftersales",
    "handlers.aftersales:create",
    {
        "rules": [
            {
                "name": "ask-why",
                "on": "refund.rejected",
                "text": {"zh": "您好，请问拒绝退款的原因是什么？退款编号：{refund_id}"},
            }
        ]
    },
)


def add_to(app: typer.Typer) -> None:
    app.command()(dev)


def dev(
    context: typer.Context,
    host: Host = None,
    port: Port = None,
    demo_wanted: Annotated[
        bool, typer.Option("--demo", help="Have the sandbox tell its stories, and show what comes of them")
    ] = False,
    reload: Annotated[
        bool, typer.Option("--reload", help="Load handlers anew when their files, or yizhan.toml's [handlers], change")
    ] = False,
) -> None:
    """Run everything in one process for trying out, with a fake of PandaPon as the platform that handlers call.

    Each callback, event, handler and follow-up call is shown as it happens. The
    sandbox listens on the next port; what it holds is kept beside the store.
    Without a configuration there is one account for each source, with key `demo`
    and secret `demo-secret`, and without handlers of yours one rule that answers
    a rejected refund.
    A file of handlers that cannot be loaded is named, and the others run; what
    comes before it was ever loaded is not owed to its handlers.
    """
    settings = configured(context).with_options({"web.host": host, "web.port": port})
    # For reading along, also through a pipe, unless the configuration says otherwise.
    logs.configure(level="debug", style="pretty" if settings.log.format == "auto" else settings.log.format)
    accounts = settings.accounts or demo_accounts()
    handlers = _Handlers(configured(context).config, settings)
    router, faults = handlers.load()
    tell_faults(faults)
    listener = listen(settings)
    here = addresses.from_here(*addresses.listening(listener))
    sandbox = Sandbox(
        accounts,
        port=_next_port(addresses.listening(listener)[1]),
        callbacks={account.name: f"{here}/callbacks/{account.name}" for account in accounts},
        seed=secrets.randbelow(2**32),
        manner=Manner(half_hour=HALF_HOUR),
        file=(settings.store.path or settings.folder / ".yizhan" / "yizhan.db").with_name("sandbox.db"),
    )
    sandbox.start()

    def on_ready() -> None:
        print(f"yizhan dev listens on {addresses.of(*addresses.listening(listener))}. Callback URLs to register:")
        print_urls(settings, accounts, listener)
        print(
            f"Follow-up calls go to the sandbox at {sandbox.url}, a fake of PandaPon, and nowhere else: "
            f"{sandbox.url}/sandbox/state shows all it holds."
        )
        print(f"Have it tell a story: yizhan simulate refund-rejected --sandbox {sandbox.url}")
        sys.stdout.flush()
        if demo_wanted:
            threading.Thread(target=demo.tell_all, args=(accounts, here, sandbox), name="demo", daemon=True).start()

    reloading = Reloading(router, handlers.load, handlers.packages, settings.folder)
    if reload:
        reloading.start()
    try:
        calling = [connected(account, sandbox.url) for account in accounts]
        keep_running(settings, calling, listener, on_ready, send=_only(sandbox.url), router=router)
    finally:
        if reload:
            reloading.stop()
        sandbox.stop()


class _Handlers:
    """As the files say when they are asked for."""

    def __init__(self, config: Path | None, settings: Settings) -> None:
        self._config = config
        self._settings = settings

    def load(self) -> tuple[Router, list[RoutingError]]:
        """Those that can be loaded, and what is amiss. While yizhan.toml is, what it said before holds."""
        settings, faults = read(self._config)
        self._settings = settings or self._settings
        names, folder = self._settings.handlers.routers, self._settings.folder
        router, errors = plugins.find_routers(names, folder, self._tables())
        return router, [*(RoutingError(f"yizhan.toml: {fault}") for fault in faults), *errors]

    def packages(self) -> set[str]:
        return plugins.packages(self._settings.handlers.routers, self._tables())

    def _tables(self) -> tuple[HandlerTable, ...]:
        told = self._settings.handler_tables
        own = plugins.packages(self._settings.handlers.routers) - {"handlers"}
        return told if self._settings.accounts or told or own else (DEMO_RULE,)


def _next_port(port: int) -> int:
    """The next, where `yizhan simulate` looks for the sandbox; if it is taken, any other."""
    try:
        socket.create_server(("127.0.0.1", port + 1)).close()
    except (OSError, OverflowError):
        return 0
    return port + 1


def _only(url: str) -> Send:
    """What is tried out must not reach a real seller."""
    transport = Transport([url])

    def send(request: Request, seconds: float) -> Response:
        if not request.url.startswith(f"{url}/"):
            raise WrongCall("yizhan dev calls nobody but its sandbox, which is PandaPon's; for others use yizhan run")
        return transport.send(request, seconds)

    return send
