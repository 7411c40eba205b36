"""The memory of each process under a steady load, and whether it goes on growing."""

import contextlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import linear_regression

from bench.bodies import ACCOUNT
from bench.growth.stores import Kind
from bench.needs import Needs
from bench.served import answers
from processes import free_port

#: Callbacks a second: of all kinds that the source sends, of made-up orders.
RATE = 100
#: Seconds.
_LOOK = 2.0
_PATIENCE = 30.0
#: Of the time: until then caches fill and pools grow.
_SETTLED = 1 / 3
_PAGE = os.sysconf("SC_PAGE_SIZE")
_BENCH = Path(__file__).parents[1]
_ENVIRONMENT = {**os.environ, "PYTHONPATH": f"{_BENCH.parents[1]}:{_BENCH.parent}"}


@dataclass(frozen=True, slots=True)
class Grown:
    process: str
    #: MB, at the first look and at the last.
    first: float
    last: float
    #: MB an hour, fitted to the looks after the first third.
    slope: float


@dataclass(frozen=True, slots=True)
class Watched:
    minutes: float
    acknowledged: int
    processes: tuple[Grown, ...]


def watched(kind: Kind, folder: Path, needs: Needs, minutes: float) -> Watched:
    """``yizhan run`` on SQLite; ``serve`` and ``work`` on PostgreSQL with Redis. Handlers log what they are given."""
    ports = {"run": free_port()} if kind == "sqlite" else {"serve": free_port(), "work": free_port()}
    folder.mkdir(parents=True)
    _configure(folder, kind, needs, ports)
    subprocess.run(_command("migrate"), cwd=folder, env=_ENVIRONMENT, check=True, stdout=subprocess.DEVNULL)
    looks: dict[str, list[tuple[float, float]]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        pids = {word: stack.enter_context(_running(folder, word, port)) for word, port in ports.items()}
        began = time.monotonic()
        count = str(round(RATE * minutes * 60))
        with subprocess.Popen(
            _command("simulate", "--count", count, "--rate", str(RATE), "--json"),
            cwd=folder,
            env=_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as load:
            try:
                while load.poll() is None:
                    for word, pid in pids.items():
                        looks[word].append((time.monotonic() - began, _megabytes(pid)))
                    time.sleep(_LOOK)
            finally:
                load.kill()
            told, _ = load.communicate()
        seconds = time.monotonic() - began
    if load.returncode:
        raise RuntimeError(f"not all was acknowledged in time: {told.decode()}")
    return Watched(
        minutes=seconds / 60,
        acknowledged=json.loads(told)["acknowledged"],
        processes=tuple(grown(word, each, seconds) for word, each in looks.items()),
    )


def grown(word: str, looks: Sequence[tuple[float, float]], seconds: float) -> Grown:
    settled = [look for look in looks if look[0] > seconds * _SETTLED]
    slope, _ = linear_regression([at / 3600 for at, _ in settled], [megabytes for _, megabytes in settled])
    return Grown(f"`yizhan {word}`", looks[0][1], looks[-1][1], slope)


def _configure(folder: Path, kind: Kind, needs: Needs, ports: dict[str, int]) -> None:
    many = f'[store]\nurl = "{needs.postgres_url}"\n[broker]\nurl = "{needs.redis_url}"\n'
    (folder / "yizhan.toml").write_text(
        f"{many if kind == 'postgresql' else ''}[web]\nport = {ports.get('run') or ports['serve']}\n"
        f'[work]\nhost = "127.0.0.1"\nport = {ports.get("work", 9100)}\n'
        '[handlers]\nrouters = "handlers.journal:router"\n[log]\nformat = "json"\n'
        f'[[accounts]]\nname = "{ACCOUNT.name}"\nsource = "{ACCOUNT.source}"\n'
        f'access_key = "{ACCOUNT.access_key}"\naccess_secret = "{ACCOUNT.secrets[0]}"\n'
    )


@contextlib.contextmanager
def _running(folder: Path, word: str, port: int) -> Iterator[int]:
    """The process's id, once it is alive."""
    log = folder / f"{word}.log"
    with log.open("wb") as out, subprocess.Popen(
        _command(word), cwd=folder, env=_ENVIRONMENT, stdout=out, stderr=out
    ) as process:  # fmt: skip
        try:
            deadline = time.monotonic() + _PATIENCE
            while not answers(port, "/healthz"):
                if process.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"yizhan {word} did not start:\n{log.read_text()[-2000:]}")
                time.sleep(0.05)
            yield process.pid
        finally:
            process.terminate()


def _megabytes(pid: int) -> float:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1e6


def _command(*words: str) -> list[str]:
    return [sys.executable, "-m", "receiver", *words]
