"""What the compared choices need: a Redis and a database of their own, and their own libraries."""

import contextlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit

import redis
from processes import free_port

_PATIENCE = 10.0
_DATABASE = "yizhan_bench"


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """``None``: it is not here."""

    redis_url: str | None
    #: Redis without persistence: a broker that may forget.
    doorbell_url: str | None
    #: A virtual host that nobody else is in.
    rabbitmq_url: str | None
    postgres_url: str | None
    #: FastAPI, Celery and what belongs to them can be imported.
    usual: bool


@contextlib.contextmanager
def found(folder: Path) -> Iterator[Needs]:
    with contextlib.ExitStack() as stack:
        yield Needs(
            redis_url=stack.enter_context(_redis(folder / "redis", "--appendonly", "yes", "--appendfsync", "everysec")),
            doorbell_url=stack.enter_context(_redis(folder / "doorbell")),
            rabbitmq_url=stack.enter_context(_rabbitmq()),
            postgres_url=stack.enter_context(_postgres()),
            usual=all(find_spec(name) for name in ("fastapi", "celery", "psycopg_pool")),
        )


@contextlib.contextmanager
def _redis(folder: Path, *keeping: str) -> Iterator[str | None]:
    """One of its own. Append-only, flushed every second is the usual way to have Redis keep what it was given."""
    server = shutil.which("redis-server")
    if server is None:
        yield None
        return
    folder.mkdir(parents=True)
    port = free_port()
    process = subprocess.Popen(
        [
            *(server, "--port", str(port), "--bind", "127.0.0.1", "--dir", str(folder), "--save", ""),
            *keeping,
        ],
        stdout=subprocess.DEVNULL,
    )
    try:
        deadline = time.monotonic() + _PATIENCE
        with redis.Redis(port=port) as client:
            while True:
                try:
                    client.ping()
                    break
                except redis.ConnectionError:
                    if time.monotonic() > deadline:
                        raise
                    time.sleep(0.05)
        yield f"redis://127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def _rabbitmq() -> Iterator[str | None]:
    """A virtual host of its own in the server at $BENCH_RABBITMQ_URL, which is on this machine; dropped at the end."""
    server = os.environ.get("BENCH_RABBITMQ_URL", "amqp://guest:guest@127.0.0.1:5672")
    user = urlsplit(server).username or "guest"
    if shutil.which("rabbitmqctl") is None or not _rabbitmqctl("add_vhost", _DATABASE):
        yield None
        return
    try:
        if _rabbitmqctl("set_permissions", "-p", _DATABASE, user, ".*", ".*", ".*"):
            yield f"{server.rstrip('/')}/{_DATABASE}"
        else:
            yield None
    finally:
        _rabbitmqctl("delete_vhost", _DATABASE)


def _rabbitmqctl(*words: str) -> bool:
    return subprocess.run(["rabbitmqctl", "--quiet", *words], capture_output=True, check=False).returncode == 0


@contextlib.contextmanager
def _postgres() -> Iterator[str | None]:
    """A database of its own in the server at $BENCH_POSTGRES_URL, dropped at the end."""
    server = os.environ.get("BENCH_POSTGRES_URL", "postgresql://postgres@127.0.0.1:5432/postgres")
    if find_spec("psycopg") is None:
        yield None
        return
    psycopg = import_module("psycopg")  # of the dependency group "bench": not everywhere
    try:
        connection = psycopg.connect(server, autocommit=True, connect_timeout=3)
    except psycopg.OperationalError:
        yield None
        return
    with connection:
        connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {_DATABASE}")
        try:
            yield f"{server.rpartition('/')[0]}/{_DATABASE}"
        finally:
            connection.execute(f"DROP DATABASE IF EXISTS {_DATABASE} WITH (FORCE)")
