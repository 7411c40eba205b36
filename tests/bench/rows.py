"""What is compared: each row is a server, started anew for each number of connections."""

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import preloading
from bench import stored
from bench.bodies import ACCOUNT, PATH
from bench.needs import Needs
from bench.served import Served
from processes import free_port

_HERE = Path(__file__).parent
SERVERS = _HERE / "servers"
IMPORTS = f"{_HERE.parent.parent}:{_HERE.parent}"
FSYNC_DELAY_US = 2_000


class NotRun(Exception):
    """The row cannot be measured here: why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    key: str
    title: str
    #: In this folder, with what the machine offers.
    serve: Callable[[Path, Needs], Served]
    #: Each request counts once: one sent again would be a redelivery.
    once: bool = True
    #: It works on after it has acknowledged; the next slice waits until that is done.
    works_on: bool = False
    #: The URL of the store where it keeps what it has acknowledged: looked at in the end.
    store: Callable[[Path, Needs], str] | None = None


def _served(folder: Path, command: list[str], environment: Mapping[str, str] | None = None, port: int = 0) -> Served:
    port = port or free_port()
    given = {"PYTHONPATH": IMPORTS, "PORT": str(port), **(environment or {})}
    return Served(command, folder, port=port, path=PATH, environment=given)


def _ours(script: str, *arguments: str) -> Callable[[Path, Needs], Served]:
    return lambda folder, _needs: _served(folder, [sys.executable, str(SERVERS / script), *arguments])


def _run(folder: Path, _needs: Needs) -> Served:
    port = free_port()
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "yizhan.toml").write_text(
        f'[web]\nport = {port}\n[handlers]\nrouters = "handlers.journal:router"\n[log]\nformat = "json"\n'
        f'[[accounts]]\nname = "{ACCOUNT.name}"\nsource = "{ACCOUNT.source}"\n'
        f'access_key = "{ACCOUNT.access_key}"\naccess_secret = "{ACCOUNT.secrets[0]}"\n'
    )
    return _served(folder, [sys.executable, "-m", "receiver", "run"], port=port)


def _slow_disk(folder: Path, _needs: Needs) -> Served:
    if reason := preloading.missing():
        raise NotRun(reason)
    folder.mkdir(parents=True, exist_ok=True)
    library = preloading.compiled(_HERE / "slow_fsync.c", folder)
    slow = {"LD_PRELOAD": str(library), "FSYNC_DELAY_US": str(FSYNC_DELAY_US)}
    return _served(folder, [sys.executable, str(SERVERS / "web_alone.py")], slow)


def _usual(app: str, **addresses: Callable[[Needs], str]) -> Callable[[Path, Needs], Served]:
    def serve(folder: Path, needs: Needs) -> Served:
        if not needs.usual:
            raise NotRun("fastapi and celery are not installed: `make bench` does it")
        found = {name: address(needs) for name, address in addresses.items()}
        port = free_port()
        command = [
            *(sys.executable, "-m", "uvicorn", app, "--app-dir", str(SERVERS), "--port", str(port)),
            *("--no-access-log", "--log-level", "warning", "--loop", "uvloop", "--http", "httptools"),
        ]
        return _served(folder, command, found, port)

    return serve


def _redis(needs: Needs) -> str:
    if needs.redis_url is None:
        raise NotRun("no redis-server: apt install redis-server")
    return needs.redis_url


def _postgres(needs: Needs) -> str:
    if needs.postgres_url is None:
        raise NotRun("no PostgreSQL at $BENCH_POSTGRES_URL")
    return needs.postgres_url


def _on_postgres(folder: Path, needs: Needs) -> Served:
    if find_spec("receiver.store.postgresql") is None:
        raise NotRun("this version has no store on PostgreSQL")
    stored.empty(_postgres(needs))
    return _served(folder, [sys.executable, str(SERVERS / "web_alone.py"), _postgres(needs)])


def _file(name: str) -> Callable[[Path, Needs], str]:
    return lambda folder, _needs: f"sqlite:///{folder / name}"


ROWS = (
    Row(key="a", title="bare Starlette, `POST` -> 200, body unread", serve=_ours("bare.py", "unread"), once=False),
    Row(key="a2", title="the same, body read", serve=_ours("bare.py", "read"), once=False),
    Row(
        key="b",
        title="yizhan, the web process, SQLite `synchronous=FULL`",
        serve=_ours("web_alone.py"),
        store=_file("yizhan.db"),
    ),
    Row(
        key="b2",
        title="`yizhan run`, handlers running in the same process",
        serve=_run,
        works_on=True,
        store=_file(".yizhan/yizhan.db"),
    ),
    Row(key="b3", title="as b, every fsync 2 ms slower", serve=_slow_disk, store=_file("yizhan.db")),
    Row(
        key="c",
        title="yizhan, PostgreSQL `synchronous_commit=on`",
        serve=_on_postgres,
        store=lambda _folder, needs: _postgres(needs),
    ),
    Row(
        key="d",
        title="FastAPI, HMAC, `task.delay()` to Celery on Redis (AOF everysec)",
        serve=_usual("fastapi_celery:app", REDIS_URL=_redis),
    ),
    Row(
        key="e",
        title="FastAPI, HMAC, one PostgreSQL insert, `actor.send()` of Dramatiq on Redis",
        serve=_usual("fastapi_dramatiq:app", REDIS_URL=_redis, POSTGRES_URL=_postgres),
    ),
)
