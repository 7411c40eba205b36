"""Secrets and personal data are planted wherever they may come from, and looked for wherever they may come out."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from builders import account, callback, message, new_order_id
from platform_server import Answering, Asked, answer, data, platform
from processes import ENVIRONMENT, Yizhan, wait_until
from typer.testing import CliRunner

from receiver.cli import app
from receiver.envelope import Callback

PERSONAL = {
    "buyerName": "王小明",
    "buyerPhone": "13800138000",
    "toArea": "文三路 90 号",
    "email": "planted@example.com",
}
SECRETS = {
    "account": "PLANTED-account-secret",
    "old": "PLANTED-old-account-secret",
    "handler": "PLANTED-handler-secret",
    "database": "PLANTED-database-password",
    "broker": "PLANTED-broker-password",
}
#: In each way it may be written: as it is, escaped in JSON, in a URL, as the bytes of a repr.
PLANTED = [
    written
    for value in (*PERSONAL.values(), *SECRETS.values())
    for written in {value, json.dumps(value)[1:-1], quote(value), repr(value.encode())[2:-1]}
]
MAIN = account("pandapon", name="main", secrets=(SECRETS["account"], SECRETS["old"]))

SHOP = """
import asyncio, gc, pathlib, threading
import dramatiq
from pydantic import BaseModel
from receiver import Context, Router
from receiver.events import OrderEvent

class Settings(BaseModel):
    secret: str

def create(settings: Settings) -> Router:
    router = Router()

    def told(ctx: Context[OrderEvent]) -> str:
        return f"{ctx.event.raw} {ctx.event!r} {settings.secret}"

    @router.on(OrderEvent, name="shop.fails", max_attempts=2)
    def fails(ctx: Context[OrderEvent]) -> None:
        messages = [each.encode() for each in gc.get_objects() if isinstance(each, dramatiq.Message)]
        pathlib.Path("messages.txt").write_bytes(b"\\n".join(messages))
        try:
            {}[told(ctx)]
        except KeyError as error:
            raise ValueError(told(ctx)) from error

    @router.on(OrderEvent, name="shop.fails_async", max_attempts=1)
    async def fails_async(ctx: Context[OrderEvent]) -> None:
        async def fail() -> None:
            raise ValueError(told(ctx))
        asyncio.create_task(fail())
        await asyncio.sleep(0)
        raise ExceptionGroup(told(ctx), [ValueError(told(ctx))])

    @router.on(OrderEvent, name="shop.fails_aside", max_attempts=1)
    def fails_aside(ctx: Context[OrderEvent]) -> None:
        def fail() -> None:
            raise ValueError(told(ctx))
        aside = threading.Thread(target=fail, name="aside")
        aside.start()
        aside.join()

    @router.on(OrderEvent, name="shop.asks", max_attempts=1)
    def asks(ctx: Context[OrderEvent]) -> None:
        raise RuntimeError(repr(ctx.api.order_detail(ctx.event.order_id)))

    return router
"""

SETTINGS = """
[log]
level = "debug"
[store]
url = "{store}"
[handlers]
routers = ["handlers:router"]
[handlers.shop]
router = "shop:create"
secret_env = "SHOP_SECRET"
"""
API = """
user_id = "2100007341207"
[accounts.api]
url = "{url}"
[accounts.operations]
"1688.order.detail" = {{method = "GET", path = "/order/{{orderId}}"}}
"""


def of_the_platform() -> list[Answering]:
    """What it answers in turn, all of it about the buyer."""
    text = json.dumps(PERSONAL)
    return [
        data(PERSONAL),
        answer(json.dumps({"code": 500, "msg": text, "data": None}).encode()),
        answer(json.dumps({"code": text, "msg": text}).encode()),
        answer(text.encode(), status="403 Forbidden", headers=f"x-buyer: {quote(text)}\r\n"),
        answer(f"<html>{text}".encode()),
        lambda connection, _: connection.sendall(f"HTTP/1.1 {quote(text)}\r\n\r\n".encode()),
    ]


@pytest.fixture
def answers() -> Iterator[tuple[str, int]]:
    """The platform's URL, and how many answers it has."""
    waiting = of_the_platform()
    count = len(waiting)

    def answer_next(connection: socket.socket, asked: Asked) -> object:
        return waiting.pop(0)(connection, asked)

    with platform(answer_next) as found:
        yield found.url, count
    assert waiting == []


def run(folder: Path, *arguments: str) -> str:
    """What the command says on both of its outputs."""
    done = subprocess.run(
        [sys.executable, "-m", "receiver", *arguments],
        cwd=folder,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    return done.stdout + done.stderr


def found_in(said: str) -> list[str]:
    return [value for value in PLANTED if value in said]


def ask(folder: Path, *arguments: str) -> str:
    """The same, of a command that imports nothing of the team's, in this process."""
    done = CliRunner().invoke(app, ["--config", str(folder / "yizhan.toml"), *arguments])
    return f"{done.output}{done.exception!r}"


def listed(folder: Path, what: str) -> list[dict[str, Any]]:
    lines = ask(folder, what, "list", "--json", "--limit", "1000").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def told_of(folder: Path) -> str:
    """By every command that lists or shows, in both of its forms."""
    commands = [("inbox", "list"), ("inbox", "drift"), ("deliveries", "list"), ("events",), ("api",)]
    for envelope in listed(folder, "inbox")[:2]:
        commands += [("inbox", "show", envelope["id"]), ("order", envelope["order_id"])]
    commands += [("deliveries", "show", str(delivery["id"])) for delivery in listed(folder, "deliveries")[:5]]
    said = "".join(ask(folder, *command, *form) for command in commands for form in ((), ("--json",)))
    return said + run(folder, "check") + run(folder, "handlers")


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_nothing_planted_comes_out(
    kind: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    answers: tuple[str, int],
    request: pytest.FixtureRequest,
) -> None:
    """But where a person asks for a payload."""
    url, count = answers
    store = "sqlite:///planted.db"
    if kind == "postgresql":
        store = request.getfixturevalue("database").url.replace("@", f":{SECRETS['database']}@", 1)
    monkeypatch.setenv("SHOP_SECRET", SECRETS["handler"])
    (tmp_path / "shop.py").write_text(SHOP)
    running = Yizhan(tmp_path, (MAIN,), settings=SETTINGS.format(store=store))
    with (tmp_path / "yizhan.toml").open("a") as file:
        file.write(API.format(url=url))
    with running:
        for number in range(count):
            assert running.post(genuine(number), MAIN) == 200
        wait_until(lambda: ended(tmp_path, count), seconds=60, what="every delivery ends")
        said = metrics(running) + told_of(tmp_path) + (tmp_path / "messages.txt").read_text()
        assert running.stop() == 0
    said += running.log.read_text()
    assert found_in(said) == []
    for shown in ("shop.fails", "ValueError at", "thread.failed", "callback.acknowledged", "ApiUnexpectedAnswer"):
        assert shown in said, shown
    assert PERSONAL["buyerPhone"] in ask(tmp_path, "inbox", "show", listed(tmp_path, "inbox")[0]["id"], "--payload")


def genuine(number: int) -> Callback:
    return callback(message("ORDER_CREATE", orderId=new_order_id(), **PERSONAL, number=number), of=MAIN)


def ended(folder: Path, count: int) -> bool:
    states = [row["state"] for row in listed(folder, "deliveries")]
    return len(states) == 5 * count and {*states} <= {"succeeded", "dead"}


def metrics(running: Yizhan) -> str:
    connection = HTTPConnection("127.0.0.1", running.port, timeout=5)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return text


ACCOUNT = '[[accounts]]\nname = "other"\nsource = "pandapon"\naccess_key = "k"\n'
WRONG = {
    "server": f'[store]\nurl = "postgresql://u:{SECRETS["database"]}@127.0.0.1:1/d?sslpassword={SECRETS["database"]}"',
    "port": f'[store]\nurl = "postgresql://u:{SECRETS["database"]}@no port:x/d"',
    "broker": f'[broker]\nurl = "redis://:{SECRETS["broker"]}@127.0.0.1:1"',
    "scheme": f'[broker]\nurl = "http://:{SECRETS["broker"]}@127.0.0.1:1"',
    "handler-type": f'[handlers.shop]\nrouter = "wants:create"\nsecret = "{SECRETS["handler"]}"',
    "handler-key": f'[handlers.shop]\nrouter = "wants:create"\nsecret_env = "SHOP_SECRET"\n"{SECRETS["handler"]}" = 1',
    "handler-fails": '[handlers.shop]\nrouter = "wants:fails"\nsecret_env = "SHOP_SECRET"',
    "list": f'{ACCOUNT}access_secret = ["{SECRETS["old"]}", 5]',
    "file": f'{ACCOUNT}access_secret_file = "{SECRETS["old"]}"',
    "syntax": f'{ACCOUNT}access_secret = "{SECRETS["old"]}',
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG)
def test_no_secret_comes_out_of_a_configuration_that_is_wrong(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong: str
) -> None:
    """Whichever command meets it, and however it fails."""
    monkeypatch.setenv("SHOP_SECRET", SECRETS["handler"])
    (tmp_path / "wants.py").write_text(
        "from pydantic import BaseModel\nfrom receiver import Router\n"
        "class Settings(BaseModel):\n    secret: int\n"
        "class Text(BaseModel):\n    secret: str\n"
        "def create(settings: Settings) -> Router: ...\n"
        "def fails(settings: Text) -> Router: raise ValueError(settings.secret)\n"
    )
    known = '[[accounts]]\nname = "main"\nsource = "pandapon"\naccess_key = "k"\naccess_secret = "s"\n'
    (tmp_path / "yizhan.toml").write_text(f"{known}{wrong}\n")
    said = run(tmp_path, "check")
    assert "✗" in said
    assert found_in(said + run(tmp_path, "run")) == []
