"""One process on one machine, ``yizhan run``: its store an SQLite file on a disk that can be filled."""

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import apsw
from machines import ACCOUNT, SHOP, told
from processes import Yizhan, wait_until
from soak import clock, shop
from soak.clock import Clock
from soak.site import Fault, nothing
from soak.volume import Volume

#: Seconds until a full disk shows: what SQLite has of its log is used up before.
_PATIENCE = 60.0


@dataclass(frozen=True, slots=True)
class SqliteFile:
    path: Path

    def run(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
        with contextlib.closing(apsw.Connection(str(self.path), flags=apsw.SQLITE_OPEN_READONLY)) as connection:
            connection.set_busy_timeout(5_000)
            return list(connection.execute(statement.replace("%s", "?"), bindings))


@dataclass(frozen=True, slots=True)
class Alone:
    process: Yizhan
    database: SqliteFile
    volume: Volume

    def ports(self) -> list[int]:
        return [self.process.port]

    def runs(self) -> list[list[str]]:
        return told(self.process.folder)

    def store_version(self) -> str:
        return f"SQLite {apsw.sqlite_lib_version()}"


@contextlib.contextmanager
def alone(folder: Path, disk: Volume) -> Iterator[Alone]:
    """It runs; its log and what handlers tell are on another disk."""
    path = disk.data / "yizhan.db"
    settings = f'[store]\nurl = "sqlite:///{path}"\n[handlers]\nrouters = ["shop:router"]\n'
    (folder / "shop.py").write_text(SHOP + shop.SHOP)
    with Yizhan(folder, (ACCOUNT,), settings=settings) as process:
        yield Alone(process, SqliteFile(path), disk)


def kill(site: Alone) -> None:
    site.process.kill()
    site.process.start()


def fill_disk(site: Alone) -> None:
    log = site.process.log
    before = log.stat().st_size

    def is_full() -> bool:
        return b"FullError" in log.read_bytes()[before:]

    with site.volume.full():
        wait_until(is_full, seconds=_PATIENCE, what="the store has no room")
        time.sleep(3)


def set_clock_back(site: Alone) -> None:
    """What came and was attempted in the hours that had not come yet is not left to wait for them."""
    wrong = Clock(site.process.folder)
    wrong.set(hours=8)
    site.process.kill()
    site.process.start(wrong.environment)
    time.sleep(3)
    site.process.kill()
    site.process.start()


def set_clock_back_under_it(site: Alone) -> None:
    """The process goes on, and nothing of it ends."""
    wrong = Clock(site.process.folder)
    wrong.set(hours=8)
    site.process.kill()
    site.process.start(wrong.environment)
    time.sleep(3)
    wrong.set(hours=0)


FAULTS_ALONE: tuple[Fault[Alone], ...] = (
    Fault("none", nothing),
    Fault("killed (SIGKILL), and started", kill),
    Fault("killed with its clock eight hours ahead, and started with it set back", set_clock_back, clock.missing),
    Fault("its clock set back by eight hours while it runs", set_clock_back_under_it, clock.missing),
    Fault("disk full for the store", fill_disk, lambda site: site.volume.unlimited),
)
