"""``yizhan simulate``: play a source against a receiver."""

import asyncio
import contextlib
import ipaddress
import secrets
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from time import perf_counter
from typing import Annotated, Any, NoReturn
from urllib.parse import urlsplit

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

from receiver.accounts import Account
from receiver.cli import addresses, output, telling
from receiver.cli.context import configured
from receiver.settings import Settings, demo_accounts
from receiver.simulator.faults import Faults
from receiver.simulator.plan import plan
from receiver.simulator.planned import PlanError
from receiver.simulator.post import Answer, post
from receiver.simulator.summary import Summary
from receiver.sources import SOURCES

#: Up to so many callbacks, each answer is a line of its own.
HANDFUL = 30


def _probability(text: str) -> Any:
    return typer.Option(metavar="P", min=0, max=1, rich_help_panel="Faults, by probability", help=text)


def add_to(app: typer.Typer) -> None:
    app.command()(simulate)


def simulate(
    context: typer.Context,
    stories: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="STORY",
            help="Topics, samples by name, or stories of the sandbox",
            show_default="all samples of the account's source",
        ),
    ] = None,
    *,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="http://HOST, or a whole callback URL", show_default="web.host and web.port"),
    ] = None,
    account: Annotated[
        str | None, typer.Option(metavar="NAME", help="For this one", show_default="for all in turn")
    ] = None,
    count: Annotated[
        int | None, typer.Option(metavar="N", min=1, help="Instead of stories: N different callbacks of made-up orders")
    ] = None,
    rate: Annotated[
        float | None,
        typer.Option(
            metavar="R",
            min=0.001,
            help="Posts, or steps of a story, a second",
            show_default="as fast as answered; 2 of a story",
        ),
    ] = None,
    concurrency: Annotated[int, typer.Option(metavar="N", min=1, help="Posts under way at a time")] = 8,
    duplicate: Annotated[float, _probability("Send it again soon after")] = 0.0,
    reorder: Annotated[float, _probability("Swap it with the next of its order, or of the stories")] = 0.0,
    late: Annotated[float, _probability("Send it again at the very end")] = 0.0,
    forge: Annotated[float, _probability("Add one signed with a wrong secret")] = 0.0,
    corrupt: Annotated[float, _probability("Add one whose bytes changed on the way")] = 0.0,
    seed: Annotated[int | None, typer.Option(metavar="N", help="Repeat a run", show_default="a new one")] = None,
    sandbox: Annotated[
        str | None,
        typer.Option(metavar="URL", help="Which sandbox tells its stories", show_default="web.port + 1, as of dev"),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the summary alone, as a JSON object")] = False,
) -> None:
    """Sign callbacks as a source would, post them, and count the answers.

    A story of the sandbox (`yizhan sandbox --help`) is played by a running dev
    or sandbox: what happens to an order there comes as callbacks, and handlers
    can ask and answer. The other options do not apply to it, but for --rate.

    The seed, which is printed, decides ids, order and faults. Given with --seed,
    it decides the times too, and a second run against the same store is nothing
    but redeliveries.

    Exits 1 if a genuine callback was not answered 200 within a second, or one
    that is forged or corrupt was.
    """
    settings = configured(context).settings
    if telling.are_stories(stories or []):
        if url or count or seed is not None or any((duplicate, reorder, late, forge, corrupt)):
            output.fail("stories of the sandbox take --sandbox, --account, --rate and --json alone")
        base = sandbox or addresses.from_here(settings.web.host, settings.web.port + 1)
        telling.tell(stories or [], base.rstrip("/"), account, pace=1 / (rate or telling.RATE), as_json=as_json)
        return
    target = _target(url, settings, account)
    summary = Summary(secrets.randbelow(2**32) if seed is None else seed)
    try:
        posts = plan(
            [(each, SOURCES[each.source]) for each in target.accounts],
            stories=stories or (),
            count=count,
            faults=Faults(duplicate=duplicate, reorder=reorder, late=late, forge=forge, corrupt=corrupt),
            seed=summary.seed,
            now=datetime.now(UTC) if seed is None else None,
        )
    except PlanError as error:
        output.fail(str(error))
    began = perf_counter()
    with _shown(count, as_json=as_json) as show:

        def note(answer: Answer) -> None:
            summary.add(answer)
            show(answer)

        ended = asyncio.run(post(posts, target.urls, concurrency=concurrency, rate=rate, on_answer=note))
    summary.elapsed = perf_counter() - began
    summary.interrupted = not ended
    if as_json:
        output.json_line(summary.to_json())
    else:
        typer.echo(str(summary))
    raise typer.Exit(output.FOUND_WANTING if summary.failed else output.DONE)


@dataclass(frozen=True)
class _Target:
    accounts: Sequence[Account]
    #: By account.
    urls: Mapping[str, str] = field(default_factory=dict)


def _target(url: str | None, settings: Settings, name: str | None) -> _Target:
    accounts = settings.accounts or demo_accounts()
    base = (url or _local(settings)).rstrip("/")
    parts = _parts(base)
    whole = "/callbacks/" in parts
    if name is None and whole and len(accounts) > 1:
        name = base.rpartition("/")[2]
    chosen = [account for account in accounts if name in (None, account.name)]
    if not chosen:
        known = ", ".join(account.name for account in accounts)
        output.fail(f"--account: no account {name}; expected one of {known}")
    return _Target(chosen, {each.name: base if whole else f"{base}/callbacks/{each.name}" for each in chosen})


def _local(settings: Settings) -> str:
    if not settings.web.port:
        output.fail("--url: expected, because web.port is 0")
    return addresses.from_here(settings.web.host, settings.web.port)


def _parts(base: str) -> str:
    """The path of a URL that can be posted to. Warns if that is not this machine."""
    try:
        parts = urlsplit(base)
        port, host = parts.port, parts.hostname
    except ValueError:
        _bad_url()
    if parts.scheme not in ("http", "https") or not host or port == 0 or parts.query or parts.fragment:
        _bad_url()
    if not _is_loopback(host):
        output.stderr.print(
            f"yizhan: {host} is not this machine; real callbacks go there", markup=False, soft_wrap=True
        )
    return parts.path


def _bad_url() -> NoReturn:
    output.fail("--url: expected http://HOST[:PORT] or https://HOST[:PORT], or a URL with /callbacks/ in it")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


@contextlib.contextmanager
def _shown(count: int | None, *, as_json: bool) -> Iterator[Callable[[Answer], None]]:
    """Show answers as they come: a line each for a handful, a bar for load, if somebody looks at it."""
    if not as_json and (count or 0) <= HANDFUL:
        console = Console(highlight=False, soft_wrap=True)
        yield lambda answer: _line(answer, console)
        return
    columns = (BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    hidden = not sys.stderr.isatty()
    with Progress(*columns, console=output.stderr, transient=True, disable=hidden) as progress:
        task = progress.add_task("", total=count)

        def advance(answer: Answer) -> None:
            if answer.planned.kind == "genuine":
                progress.advance(task)

        yield advance


def _line(answer: Answer, console: Console) -> None:
    planned = answer.planned
    about = f"order {planned.order_id}" if planned.order_id else ""
    about += f" refund {planned.refund_id}" if planned.refund_id else ""
    console.print(
        f"{answer.outcome:<11} {answer.seconds * 1000:6.1f} ms  {planned.source}/{planned.account}  {planned.topic}"
        f"  {about.strip()}  {planned.kind}",
        style=None if answer.as_expected else "red",
        markup=False,
    )
