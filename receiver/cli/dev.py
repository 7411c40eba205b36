"""``yizhan dev``: everything in one process, for trying out, with the sandbox as the platform."""

import dataclasses
import secrets
import socket
import sys
import threading
from collections.abc import Iterable
from typing import Annotated

import typer

from receiver import logs, operations
from receiver.accounts import Account, Completed, Recipe
from receiver.cli import addresses, demo
from receiver.cli.context import configured
from receiver.cli.running import Host, Port, keep_running, listen, print_urls
from receiver.errors import WrongCall
from receiver.sandbox.operations import operations as sandbox_operations
from receiver.sandbox.push import Manner
from receiver.sandbox.running import Sandbox
from receiver.settings import HandlerTable, demo_accounts
from receiver.transport import Request, Response, Send, Transport

#: How many seconds half an hour takes, for redeliveries.
HALF_HOUR = 5.0
#: For whom follow-up calls are made, where the account does not say.
USER = "2100007341207"
#: What runs besides, when nothing is configured: one answer to a seller.
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
) -> None:
    """Run everything in one process for trying out, with a fake of PandaPon as the platform that handlers call.

    Each callback, event, handler and follow-up call is shown as it happens. The
    sandbox listens on the next port; what it holds is kept beside the store.
    Without a configuration there is one account for each source, with key `demo`
    and secret `demo-secret`, and one rule that answers a rejected refund.
    """
    settings = configured(context).with_options({"web.host": host, "web.port": port})
    # For reading along, also through a pipe, unless the configuration says otherwise.
    logs.configure(level="debug", style="pretty" if settings.log.format == "auto" else settings.log.format)
    accounts = settings.accounts or demo_accounts()
    if not settings.accounts and not settings.handler_tables:
        settings = settings.model_copy(update={"handler_tables": (DEMO_RULE,)})
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
        sys.stdout.flush()
        if demo_wanted:
            threading.Thread(target=demo.tell_all, args=(accounts, here, sandbox), name="demo", daemon=True).start()

    try:
        keep_running(settings, _sandboxed(accounts, sandbox.url), listener, on_ready, send=_only(sandbox.url))
    finally:
        sandbox.stop()


def _next_port(port: int) -> int:
    """The next, where `yizhan simulate` looks for the sandbox; if it is taken, any other."""
    try:
        socket.create_server(("127.0.0.1", port + 1)).close()
    except (OSError, OverflowError):
        return 0
    return port + 1


def _sandboxed(accounts: Iterable[Account], url: str) -> list[Account]:
    """The accounts, with the sandbox for their API: at its address, with its recipe and its paths."""
    return [
        dataclasses.replace(
            account,
            user_id=account.user_id or USER,
            api=dataclasses.replace(account.api, url=url, recipe=Recipe()),
            operations=_completed(),
        )
        if account.source == "pandapon"
        else account
        for account in accounts
    ]


def _completed() -> tuple[Completed, ...]:
    """Where the sandbox serves what is publicly documented by name alone."""
    served = {(row.platform, row.version, row.group, row.name): row for row in sandbox_operations()}
    return tuple(
        Completed(operation=operation.name, method=found.method, path=found.path)
        for operation in operations.of_source("pandapon")
        if not operation.callable
        and (found := served.get((operation.platform, operation.version, operation.group, operation.name_en)))
    )


def _only(url: str) -> Send:
    """What is tried out must not reach a real seller."""
    transport = Transport([url])

    def send(request: Request, seconds: float) -> Response:
        if not request.url.startswith(f"{url}/"):
            raise WrongCall("yizhan dev calls nobody but its sandbox, which is PandaPon's; for others use yizhan run")
        return transport.send(request, seconds)

    return send
