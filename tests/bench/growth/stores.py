"""Stores with so many envelopes in them, made when they are first asked for."""

import contextlib
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psycopg
from bench.growth import filling
from psycopg import conninfo

from receiver.store import open_store

Kind = Literal["sqlite", "postgresql"]
#: How a table names them.
NAMES: dict[Kind, str] = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
#: Bytes on the disk for each envelope and what became of it, measured.
BYTES_EACH = 1_200


@dataclass(frozen=True, slots=True)
class Filled:
    kind: Kind
    count: int
    url: str


class Stores:
    """In a folder, and in a PostgreSQL server. What is filled is found again, if it is kept."""

    def __init__(self, folder: Path, server: str | None) -> None:
        self._folder = folder
        self._server = server

    def filled(self, kind: Kind, count: int) -> Filled:
        """Raises ``RuntimeError`` where the disk has no room for it."""
        name = f"yizhan_growth_{count}"
        done = self._folder / f"{name}.{kind}"
        found = self._sqlite(count) if kind == "sqlite" else self._postgresql(count)
        if done.exists():
            return found
        if (room := shutil.disk_usage(self._folder).free) < 2 * count * BYTES_EACH:
            raise RuntimeError(f"{count} envelopes take {count * BYTES_EACH / 1e9:.0f} GB, and as much while they are"
                               f" filled in; the disk has {room / 1e9:.0f} GB")  # fmt: skip
        self.remove(found)
        if kind == "postgresql":
            self._administer(f"CREATE DATABASE {name}")
        with contextlib.closing(open_store(found.url, alone=True, make=True)) as store:
            store.migrate()
        if count:
            print(f"filling {NAMES[kind]} with {count} envelopes", flush=True)
            if kind == "sqlite":
                filling.sqlite(self._file(count), count)
            else:
                filling.postgresql(found.url, count)
        done.touch()
        return found

    @contextlib.contextmanager
    def empty(self, kind: Kind) -> Iterator[Filled]:
        """Anew for each that it is compared with."""
        (self._folder / f"yizhan_growth_0.{kind}").unlink(missing_ok=True)
        found = self.filled(kind, 0)
        try:
            yield found
        finally:
            self.remove(found)

    def remove(self, store: Filled) -> None:
        (self._folder / f"yizhan_growth_{store.count}.{store.kind}").unlink(missing_ok=True)
        if store.kind == "sqlite":
            shutil.rmtree(self._file(store.count).parent, ignore_errors=True)
        else:
            self._administer(f"DROP DATABASE IF EXISTS yizhan_growth_{store.count} WITH (FORCE)")

    def _sqlite(self, count: int) -> Filled:
        return Filled("sqlite", count, f"sqlite:///{self._file(count)}")

    def _postgresql(self, count: int) -> Filled:
        if self._server is None:
            raise RuntimeError("no PostgreSQL at $BENCH_POSTGRES_URL")
        return Filled("postgresql", count, conninfo_url(self._server, f"yizhan_growth_{count}"))

    def _file(self, count: int) -> Path:
        return self._folder.absolute() / f"yizhan_growth_{count}" / "yizhan.db"

    def _administer(self, statement: str) -> None:
        if self._server is None:
            raise RuntimeError("no PostgreSQL at $BENCH_POSTGRES_URL")
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())


def conninfo_url(server: str, database: str) -> str:
    """The same server's URL, of another database."""
    before, _, parameters = server.partition("?")
    conninfo.conninfo_to_dict(server)  # an error of its own where it cannot be read
    url = f"{before.rpartition('/')[0]}/{database}"
    return f"{url}?{parameters}" if parameters else url
