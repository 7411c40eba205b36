"""``yizhan simulate`` against a small receiver that verifies as the real one does."""

import asyncio
import json
import os
import signal
import socket
import threading
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
import typer
import uvicorn
from starlette.types import Receive, Scope, Send
from typer.testing import CliRunner, Result

from receiver.cli import simulating
from receiver.cli.context import Configured
from receiver.envelope import Callback, Envelope
from receiver.errors import CallbackRejected
from receiver.settings import demo_accounts
from receiver.sources import SOURCES

ACCOUNTS = {account.name: (account, SOURCES[account.source]) for account in demo_accounts()}
#: What a run of all faults asks for.
FAULTS = tuple(f"--{name}=0.3" for name in ("duplicate", "reorder", "late", "forge", "corrupt"))

Simulate = Callable[..., Result]


@dataclass
class Receiver:
    """An ASGI application: 200 for what a source opens, else the refusal's status."""

    port: int = 0
    envelopes: list[Envelope] = field(default_factory=list)
    arrivals: list[float] = field(default_factory=list)
    #: Runs before each answer, and may give another one.
    before: Callable[[], Awaitable[int | None]] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body, more = b"", True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = message.get("more_body", False)
        self.arrivals.append(perf_counter())
        status = await self.before() if self.before else None
        status = status or self._open(scope["path"], Callback(scope["headers"], body))
        await send({"type": "http.response.start", "status": status, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body", "body": b""})

    def _open(self, path: str, callback: Callback) -> int:
        account, source = ACCOUNTS[path.removeprefix("/callbacks/")]
        try:
            self.envelopes.append(source.open_callback(callback, account))
        except CallbackRejected as refusal:
            return refusal.status
        return 200


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    found = Receiver()
    listener = socket.create_server(("127.0.0.1", 0))
    found.port = listener.getsockname()[1]
    config = uvicorn.Config(found, ws="none", lifespan="off", log_config=None, timeout_graceful_shutdown=1)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([listener],))
    thread.start()
    yield found
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture
def simulate(tmp_path: Path) -> Simulate:
    """The command, where no account is configured unless the file says so."""
    app = typer.Typer()

    @app.callback()
    def _configured(context: typer.Context) -> None:
        context.obj = Configured(file)

    simulating.add_to(app)
    file = tmp_path / "yizhan.toml"
    file.touch()
    return lambda *arguments: CliRunner().invoke(app, ["simulate", *map(str, arguments)], catch_exceptions=False)


def row(result: Result) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def test_all_samples_of_every_account_are_acknowledged_one_line_each(simulate: Simulate, receiver: Receiver) -> None:
    result = simulate("--url", receiver.url)
    assert result.exit_code == 0
    *lines, summary = result.stdout.splitlines()
    assert len(lines) == len(receiver.envelopes) == len({envelope.identity.key for envelope in receiver.envelopes})
    assert {envelope.account for envelope in receiver.envelopes} == set(ACCOUNTS)
    assert summary.startswith(f"sent {len(lines)} · acknowledged {len(lines)} · refused 0 · ack ms p50 ")
    assert summary.endswith("as expected")


def test_a_line_names_status_account_topic_order_and_kind(simulate: Simulate, receiver: Receiver) -> None:
    result = simulate("ORDER_CREATE", "--url", receiver.url, "--forge", 1)
    lines = [line.split() for line in result.stdout.splitlines()[:-1]]
    assert sorted((line[0], line[3], line[4], line[5], line[7]) for line in lines) == [
        ("200", "pandapon/pandapon", "ORDER_CREATE", "order", "genuine"),
        ("401", "pandapon/pandapon", "ORDER_CREATE", "order", "forged"),
    ]
    assert receiver.envelopes[0].order_ids[0] in result.stdout


def test_every_fault_is_answered_as_expected_and_counted(simulate: Simulate, receiver: Receiver) -> None:
    result = simulate("--url", receiver.url, "--count", 200, *FAULTS, "--seed", 3, "--json")
    assert result.exit_code == 0
    found = row(result)
    kinds = {kind: count["sent"] for kind, count in found["kinds"].items()}
    assert all(count["sent"] == count["as_expected"] for count in found["kinds"].values())
    assert kinds["genuine"] == len({envelope.identity.key for envelope in receiver.envelopes}) == 200
    assert found["acknowledged"] == len(receiver.envelopes) == 200 + kinds["duplicate"] + kinds["late"]
    assert found["refused"] == {"401": kinds["forged"] + kinds["corrupt"]}
    assert found["failed"] == found["unexpected"] == 0
    assert found["sent"] == len(receiver.arrivals)


def test_what_is_said_of_one_order_arrives_in_its_order(simulate: Simulate, receiver: Receiver) -> None:
    simulate("--url", receiver.url, "--account", "alibaba1688", "--count", 30, "--concurrency", 16)
    numbers = defaultdict[str, list[int]](list)
    for envelope in receiver.envelopes:
        numbers[envelope.order_ids[0]].append(int(envelope.payload.partition(b"msgId%22%3A")[2][:16]))
    assert len(numbers) < 30
    assert all(in_order == sorted(in_order) for in_order in numbers.values())


def test_a_run_without_seed_prints_the_one_that_repeats_it(simulate: Simulate, receiver: Receiver) -> None:
    seed = row(simulate("--url", receiver.url, "--count", 5, "--json"))["seed"]
    simulate("--url", receiver.url, "--count", 5, "--seed", seed)
    first, second = receiver.envelopes[:5], receiver.envelopes[5:]
    assert {envelope.subjects for envelope in first} == {envelope.subjects for envelope in second}


def test_a_run_with_seed_repeats_its_bytes(simulate: Simulate, receiver: Receiver) -> None:
    for _ in range(2):
        simulate("--url", receiver.url, "--count", 5, "--seed", 9)
    assert len(receiver.envelopes) == 10
    assert len({envelope.payload for envelope in receiver.envelopes}) == 5


def test_a_whole_callback_url_names_its_account(simulate: Simulate, receiver: Receiver) -> None:
    result = simulate("--url", f"{receiver.url}/callbacks/dajisaas")
    assert result.exit_code == 0
    assert [envelope.account for envelope in receiver.envelopes] == ["dajisaas"]


def test_configured_accounts_and_address_are_used(simulate: Simulate, receiver: Receiver, tmp_path: Path) -> None:
    (tmp_path / "yizhan.toml").write_text(
        f'[web]\nhost = "0.0.0.0"\nport = {receiver.port}\n'
        '[[accounts]]\nname = "pandapon"\nsource = "pandapon"\naccess_key = "demo"\naccess_secret = "demo-secret"\n'
    )
    result = simulate("--count", 3)
    assert result.exit_code == 0
    assert [envelope.account for envelope in receiver.envelopes] == ["pandapon"] * 3


def test_a_rate_paces_posts_evenly(simulate: Simulate, receiver: Receiver) -> None:
    """None comes before its time, however busy the machine is."""
    began = perf_counter()
    simulate("--url", receiver.url, "--count", 11, "--rate", 50)
    assert all(arrival - began >= place / 50 for place, arrival in enumerate(receiver.arrivals))
    assert len(receiver.arrivals) == 11


def test_a_genuine_callback_refused_is_a_failure(simulate: Simulate, receiver: Receiver) -> None:
    async def refuse() -> int:
        return 503

    receiver.before = refuse
    result = simulate("--url", receiver.url, "--count", 3, "--json")
    assert result.exit_code == 1
    assert (row(result)["refused"], row(result)["unexpected"]) == ({"503": 3}, 3)


def test_a_fake_that_is_acknowledged_is_a_failure(simulate: Simulate, receiver: Receiver) -> None:
    async def believe() -> int:
        return 200

    receiver.before = believe
    result = simulate("--url", receiver.url, "--count", 3, "--forge", 1, "--json")
    assert result.exit_code == 1
    assert row(result)["failed"] == 3


def test_an_answer_after_a_second_is_none(simulate: Simulate, receiver: Receiver) -> None:
    async def dawdle() -> None:
        await asyncio.sleep(1.2)

    receiver.before = dawdle
    result = simulate("--url", receiver.url, "--count", 2, "--json")
    assert result.exit_code == 1
    assert (row(result)["timeout"], row(result)["acknowledged"], row(result)["ack_ms"]) == (2, 0, None)


def test_where_nobody_listens_callbacks_are_unreachable(simulate: Simulate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    result = simulate("--url", f"http://127.0.0.1:{port}", "--count", 2)
    assert result.exit_code == 1
    assert "unreachable 2" in result.stdout


def test_an_interrupt_ends_it_with_a_summary(simulate: Simulate, receiver: Receiver) -> None:
    async def interrupt() -> None:
        if len(receiver.arrivals) == 5:
            os.kill(os.getpid(), signal.SIGINT)

    receiver.before = interrupt
    result = simulate("--url", receiver.url, "--count", 100_000, "--json")
    assert result.exit_code == 0
    assert row(result)["interrupted"]
    assert 5 <= row(result)["sent"] < 100


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["NONSENSE"], "unknown story NONSENSE; expected one of"),
        (["--account", "nobody"], "no account nobody; expected one of pandapon, taobao_global"),
        (["--url", "http://127.0.0.1:1/callbacks/nobody"], "no account nobody"),
        (["--url", "127.0.0.1:8000"], "--url: expected http://HOST"),
        (["--url", "http://127.0.0.1:99999"], "--url: expected http://HOST"),
        (["--url", "ftp://127.0.0.1"], "--url: expected http://HOST"),
        (["ORDER_CREATE", "--count", "3"], "expected stories, or a count"),
        (["--late", "1.5"], "'--late'"),
        (["--count", "0"], "'--count'"),
        (["--rate", "0"], "'--rate'"),
        (["--concurrency", "0"], "'--concurrency'"),
    ],
)
def test_wrong_use_is_told_and_nothing_posted(simulate: Simulate, arguments: list[str], words: str) -> None:
    result = simulate(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr
    assert result.stdout == ""
