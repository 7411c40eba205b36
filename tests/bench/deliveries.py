"""What a delivery costs: from an envelope in the store to an attempt that is recorded, beside a bare Dramatiq actor.

Both find their work waiting: the bare one as messages in its broker, ours as envelopes in its store, which its relay
has to dispatch and offer first. Taken is the time from the first handler to the last.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

import redis
from bench import bodies, noting, stored
from bench.needs import Needs
from bench.rows import IMPORTS, SERVERS, NotRun
from bench.table import rendered
from processes import free_port

from receiver.deliveries import Filters
from receiver.envelope import Callback
from receiver.sources import SOURCES
from receiver.store import open_store
from receiver.store.base import Store

THREADS = 8
#: Deliveries of a slice.
COUNT = 4_000
HEADINGS = ("broker, store", "processes x threads", "ratio", "of slices", "bare/s", "deliveries/s")
_PATIENCE = 60.0
_BATCH = 250


@dataclass(frozen=True, slots=True)
class Setting:
    broker: str
    processes: int

    @property
    def title(self) -> str:
        store = "SQLite" if self.broker == "memory" else "PostgreSQL"
        return f"{self.broker.capitalize() if self.broker != 'rabbitmq' else 'RabbitMQ'}, {store}"


#: SQLite belongs to one process.
SETTINGS = (
    Setting("memory", 1),
    Setting("redis", 1),
    Setting("redis", 2),
    Setting("rabbitmq", 1),
    Setting("rabbitmq", 2),
)


def measured(folder: Path, needs: Needs, *, slices: int) -> str:
    """The table: ours and the bare one by turns."""
    lines = []
    for setting in SETTINGS:
        threads = f"{setting.processes} x {THREADS}"
        pairs = []
        try:
            for _ in range(slices):
                plain = bare(setting, folder / "bare", needs, COUNT)
                pairs.append((plain, ours(setting, folder / "ours", needs, COUNT)))
        except NotRun as error:
            lines.append((setting.title, threads, f"not run: {error}", "", "", ""))
            continue
        ratios = sorted(mine / plain for plain, mine in pairs)
        lines.append(
            (
                setting.title,
                threads,
                f"{median(ratios):.2f}",
                f"{ratios[0]:.2f}-{ratios[-1]:.2f}",
                f"{median(plain for plain, _ in pairs):.0f}",
                f"{median(mine for _, mine in pairs):.0f}",
            )
        )
    return rendered(lines, HEADINGS)


def broker_url(setting: Setting, needs: Needs) -> str:
    """Raises ``NotRun`` where it is not here."""
    if setting.broker == "memory":
        return "memory://"
    if needs.postgres_url is None:
        raise NotRun("no PostgreSQL at $BENCH_POSTGRES_URL")
    url = needs.doorbell_url if setting.broker == "redis" else needs.rabbitmq_url
    if url is None:
        raise NotRun(
            "no redis-server: apt install redis-server"
            if setting.broker == "redis"
            else "no RabbitMQ at $BENCH_RABBITMQ_URL, or no right to make a virtual host in it"
        )
    return url


def store_url(setting: Setting, folder: Path, needs: Needs) -> str:
    return f"sqlite:///{folder / 'yizhan.db'}" if setting.broker == "memory" else needs.postgres_url or ""


def configure(setting: Setting, folder: Path, needs: Needs, port: int) -> None:
    """Write a ``yizhan.toml`` with the handler that notes."""
    account = bodies.ACCOUNT
    (folder / "yizhan.toml").write_text(
        f'[store]\nurl = "{store_url(setting, folder, needs)}"\n[broker]\nurl = "{broker_url(setting, needs)}"\n'
        f'[web]\nport = {port}\n[work]\nport = {port + 1}\nhost = "127.0.0.1"\nthreads = {THREADS}\n'
        f'processes = {setting.processes}\n[handlers]\nrouters = ["bench.shop:router"]\n[log]\nformat = "json"\n'
        f'[[accounts]]\nname = "{account.name}"\nsource = "{account.source}"\n'
        f'access_key = "{account.access_key}"\naccess_secret = "{account.secrets[0]}"\n'
    )


@contextlib.contextmanager
def emptied(setting: Setting, folder: Path, needs: Needs) -> Iterator[Store]:
    """The store, without anything in it; the broker, too."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    url = store_url(setting, folder, needs)
    stored.empty(url)
    if setting.broker == "redis":
        with redis.Redis.from_url(needs.doorbell_url or "") as client:
            client.flushdb()
    with contextlib.closing(open_store(url)) as store:
        yield store


@contextlib.contextmanager
def running(commands: Sequence[Sequence[str]], folder: Path) -> Iterator[None]:
    """These programs; whatever they said is told where something fails."""
    environment = {**os.environ, "PYTHONPATH": IMPORTS, "BENCH_NOTES": str(folder)}
    with contextlib.ExitStack() as stack:
        log = stack.enter_context((folder / "log").open("wb"))
        processes = [
            subprocess.Popen([sys.executable, *command], cwd=folder, env=environment, stdout=log, stderr=log)
            for command in commands
        ]
        try:
            yield
        except RuntimeError as error:
            raise RuntimeError(f"{error}:\n{(folder / 'log').read_text()[-2000:]}") from error
        finally:
            for process in processes:
                process.terminate()
            for process in processes:
                try:
                    process.wait(_PATIENCE)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()


def bare(setting: Setting, folder: Path, needs: Needs, count: int) -> float:
    """Messages a second."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    command = [str(SERVERS / "bare_dramatiq.py"), broker_url(setting, needs), str(count), str(THREADS)]
    if setting.broker != "memory":
        subprocess.run(
            [sys.executable, *command, "fill"], check=True, env={**os.environ, "PYTHONPATH": IMPORTS}, cwd=folder
        )
    with running([command] * setting.processes, folder):
        return _rate(folder, setting.processes, count)


def ours(setting: Setting, folder: Path, needs: Needs, count: int) -> float:
    """Deliveries a second. Raises ``RuntimeError`` unless each has succeeded at its first attempt."""
    with emptied(setting, folder, needs) as store:
        _fill(store, count)
    port = free_port()
    configure(setting, folder, needs, port)
    command = "run" if setting.broker == "memory" else "work"
    with running([["-m", "receiver", command]], folder):
        rate = _rate(folder, setting.processes, count)
    with contextlib.closing(open_store(store_url(setting, folder, needs))) as store:
        _check(store, count)
    return rate


def _fill(store: Store, count: int) -> None:
    source = SOURCES[bodies.ACCOUNT.source]
    made = bodies.bodies(bodies.SIZES[0], seed=1)
    envelopes = [
        source.open_callback(Callback(signed.headers, signed.body), bodies.ACCOUNT)
        for signed in (source.sign(body, bodies.ACCOUNT) for body in islice(made, count))
    ]

    async def put() -> None:
        for first in range(0, count, _BATCH):
            await store.put(envelopes[first : first + _BATCH])

    asyncio.run(put())


def _rate(folder: Path, processes: int, count: int) -> float:
    noting.go(folder, processes)
    deadline = time.monotonic() + _PATIENCE
    while len(times := noting.noted(folder)) < count:
        if time.monotonic() > deadline:
            raise RuntimeError(f"{len(times)} of {count} have begun within {_PATIENCE:g} s")
        time.sleep(0.2)
    return (count - 1) / (max(times.values()) - min(times.values()))


def _check(store: Store, count: int) -> None:
    done = store.deliveries(Filters(state="succeeded"), count + 1)
    if len(done) != count or any(each.attempts != 1 for each in done):
        raise RuntimeError(f"{len(done)} of {count} deliveries have succeeded, or some not at once")
