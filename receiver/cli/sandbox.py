"""``yizhan sandbox``: a fake of PandaPon's platform on this machine."""

import signal
import threading
from collections import Counter
from dataclasses import asdict
from typing import Annotated

import typer

from receiver.accounts import Account
from receiver.cli import output, telling
from receiver.cli.context import configured
from receiver.sandbox.admin import PATHS, shown
from receiver.sandbox.operations import operations
from receiver.sandbox.push import Manner
from receiver.sandbox.running import Sandbox
from receiver.sandbox.stories import STORIES, play
from receiver.settings import Settings, demo_accounts


def add_to(app: typer.Typer) -> None:
    app.command()(sandbox)


def sandbox(
    context: typer.Context,
    *,
    host: Annotated[str, typer.Option(help="Address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port to listen on; 0 is any")] = 8001,
    callbacks: Annotated[
        str | None,
        typer.Option(
            metavar="URL", help="Where callbacks go: http://HOST, or a whole URL", show_default="web.host and web.port"
        ),
    ] = None,
    account: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Serve this one", show_default="all of source pandapon")
    ] = None,
    stories: Annotated[
        list[str] | None, typer.Option("--play", metavar="STORY", help="Play it once it is up; `all` plays each")
    ] = None,
    pace: Annotated[float, typer.Option(metavar="SECONDS", min=0, help="Between two steps of a story")] = 1.0,
    half_hour: Annotated[
        float, typer.Option(metavar="SECONDS", min=0.01, help="How long half an hour takes, for retries")
    ] = 30.0,
    seed: Annotated[int, typer.Option(metavar="N", help="Decides ids and faults")] = 0,
) -> None:
    """Run a fake of the platform: it answers API calls, holds orders and refunds, and pushes their callbacks.

    Point an account's API at it to try handlers that call back. It forgets
    everything at its end. Nothing but /sandbox/… is unsigned.
    """
    accounts = _accounts(configured(context).settings, account or [])
    chosen = list(STORIES) if stories == ["all"] else stories or []
    for name in chosen:
        if name not in STORIES:
            output.fail(f"--play: no story {name}; expected all, or some of {', '.join(STORIES)}")
    urls = _urls(callbacks, configured(context).settings, accounts)
    running = Sandbox(accounts, host=host, port=port, callbacks=urls, seed=seed, manner=Manner(half_hour=half_hour))
    stop = threading.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, lambda *_: stop.set())
    try:
        running.start()
    except OSError as error:
        output.fail(f"cannot listen on {host}:{port}: {error.strerror}", output.FOUND_WANTING)
    try:
        _introduce(running, urls)
        _play(running, chosen, pace, stop)
        stop.wait()
    finally:
        running.stop()


def _play(running: Sandbox, names: list[str], pace: float, stop: threading.Event) -> None:
    for name in names:
        if stop.is_set():
            return
        print(f"story {name}: {STORIES[name].title} ({STORIES[name].platform})", flush=True)
        first = len(running.pusher.pushes)
        cast = play(name, running, pace=pace, stop=stop)
        running.settle(5.0)
        thread = running.state.refunds.get(cast.refund_id).thread if cast.refund_id else ()
        telling.show([shown(push) for push in running.pusher.pushes[first:]], [asdict(post) for post in thread])


def _introduce(running: Sandbox, urls: dict[str, str]) -> None:
    served = Counter(operation.where for operation in operations())
    print(f"yizhan sandbox listens on {running.url}: a fake of PandaPon's platform, nothing is real.")
    print(
        f"  {served.total()} operations: {served['page']} as documented, {served['inferred']} at a path that a sibling"
        f" suggests, {served['sandbox']} at a path of the sandbox's own (GET /sandbox/operations)"
    )
    for name in running.accounts:
        print(f"  account {name}: callbacks to {urls[name]}")
    for path in PATHS:
        print(f"  {path}")
    print(f"  stories: {', '.join(STORIES)}", flush=True)


def _accounts(settings: Settings, names: list[str]) -> list[Account]:
    known = [each for each in settings.accounts or demo_accounts() if each.source == "pandapon"]
    for name in names:
        if name not in {each.name for each in known}:
            output.fail(f"--account: no account {name} of source pandapon")
    chosen = [each for each in known if not names or each.name in names]
    if not chosen:
        output.fail("no account of source pandapon is configured: it is PandaPon's platform")
    return chosen


def _urls(base: str | None, settings: Settings, accounts: list[Account]) -> dict[str, str]:
    root = (base or f"http://{settings.web.host}:{settings.web.port}").rstrip("/")
    if "/callbacks/" in root and len(accounts) > 1:
        output.fail("--callbacks: a whole URL is of one account: choose it by --account")
    return {each.name: root if "/callbacks/" in root else f"{root}/callbacks/{each.name}" for each in accounts}
