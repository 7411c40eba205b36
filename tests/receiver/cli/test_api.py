"""``yizhan api`` and ``check --online``, as commands of their own process, against a platform on a real port."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from platform_server import Platform, answer, data, platform
from typer.testing import Result

CONFIGURATION = """
[handlers]
routers = []
[[accounts]]
name = "main"
source = "pandapon"
access_key = "AK"
access_secret = "PLANTED"
user_id = "7"
api.url = "{url}"
[[accounts]]
name = "direct"
source = "taobao_global"
access_key = "AK"
access_secret = "PLANTED"
"""


@pytest.fixture
def server() -> Iterator[Platform]:
    with platform() as found:
        yield found


@pytest.fixture
def command(tmp_path: Path, server: Platform) -> Callable[..., subprocess.CompletedProcess[str]]:
    (tmp_path / "yizhan.toml").write_text(CONFIGURATION.format(url=server.url))

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [sys.executable, "-m", "receiver", *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONWARNINGS": "error"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert "PLANTED" not in done.stdout + done.stderr
        return done

    return run


def test_operations_are_listed_by_group(yizhan: Callable[..., Result]) -> None:
    found = yizhan("api")
    assert found.exit_code == 0
    assert "taobao after-sales" in found.stdout
    assert "not public" in found.stdout


def test_operations_are_listed_for_programs(yizhan: Callable[..., Result]) -> None:
    rows = [json.loads(line) for line in yizhan("api", "--json").stdout.splitlines()]
    assert len(rows) == 140
    assert list(rows[0]) == ["source", "platform", "group", "operation", "version", "method", "path", "evidence"]
    own = [json.loads(line) for line in yizhan("api", "main", "--json").stdout.splitlines()]
    assert own == [row for row in rows if row["source"] == "pandapon"]


def test_call_prints_its_data(command: Callable[..., subprocess.CompletedProcess[str]], server: Platform) -> None:
    server.answering = data({"refundId": 3305075341149134260, "note": "红"})
    done = command("api", "main", "1688.refund.query", "refundId=TQ1")
    assert (done.returncode, json.loads(done.stdout)) == (0, {"refundId": "3305075341149134260", "note": "红"})
    assert server.asked[0].json == {"refundId": "TQ1"}
    assert "api.called" in done.stderr


def test_parameters_that_are_no_text_are_given_as_json(
    command: Callable[..., subprocess.CompletedProcess[str]], server: Platform
) -> None:
    done = command("api", "main", "1688.v2.order.list", "page:=2", 'ids=["1"]', "word=a=b")
    assert done.returncode == 0, done.stderr
    assert server.asked[0].json == {"page": 2, "ids": ["1"], "word": "a=b"}


def test_what_cannot_be_taken_back_wants_a_yes(
    command: Callable[..., subprocess.CompletedProcess[str]], server: Platform
) -> None:
    call = ("api", "main", "taobao.refund.submit_message", "refundId=1", "refundMessage=why")
    done = command(*call)
    assert (done.returncode, server.asked) == (2, [])
    assert "--yes" in done.stderr
    assert command(*call, "--yes").returncode == 0
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        (("nobody",), 2, "no account 'nobody'; there are: main, direct"),
        (("main", "1688.order.detial"), 1, "did you mean 1688.order.detail?"),
        (("main", "taobao.order.detail"), 1, "[accounts.operations]"),
        (("direct", "anything"), 1, "no operation of taobao_global's API is documented"),
        (("main", "1688.order.detail", "orderId"), 2, "expected KEY=VALUE"),
        (("main", "1688.order.detail", "orderId:=x"), 2, "expected JSON"),
        (("main", "1688.order.detail", "orderId=1"), 1, "missing parameter 'webSite'"),
    ],
)
def test_wrong_call_is_one_line(
    command: Callable[..., subprocess.CompletedProcess[str]],
    server: Platform,
    arguments: tuple[str, ...],
    code: int,
    told: str,
) -> None:
    done = command("api", *arguments)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr
    assert done.stderr.count("\n") == 1
    assert server.asked == []


def test_refusal_is_told_by_its_code(
    command: Callable[..., subprocess.CompletedProcess[str]], server: Platform
) -> None:
    server.answering = answer(b'{"code": 10042, "msg": "PLANTED"}')
    done = command("api", "main", "1688.refund.query", "refundId=TQ1")
    assert (done.returncode, done.stdout) == (1, "")
    assert "ApiRefused: the platform refuses the call (code 10042)" in done.stderr


@pytest.mark.parametrize(
    ("answering", "code", "told"),
    [
        (data({}), 0, "answered, so key, secret and signature hold"),
        (answer(b"{}", status="401 No"), 1, "[accounts.api.recipe]"),
        (answer(b'{"code": 40001}'), 1, "refused with code 40001"),
        (answer(b"", status="503 Down"), 1, "says nothing about the signature"),
    ],
)
def test_check_online_says_whether_the_signature_holds(
    command: Callable[..., subprocess.CompletedProcess[str]], server: Platform, answering: object, code: int, told: str
) -> None:
    server.answering = answering  # type: ignore[assignment]
    done = command("check", "--online", "main")
    assert told in done.stdout
    assert done.returncode == code
    assert [(asked.method, asked.path) for asked in server.asked] == [("GET", "/v2/alibaba/cart/list")]


def test_check_online_of_who_cannot_be_asked_says_so(
    command: Callable[..., subprocess.CompletedProcess[str]], server: Platform
) -> None:
    assert "no operation of taobao_global's API is documented" in command("check", "--online", "direct").stdout
    done = command("check", "--online", "nobody")
    assert (done.returncode, "no such account" in done.stdout) == (1, True)
    assert command("check").returncode == 0
    assert server.asked == []
