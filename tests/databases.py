"""Fresh databases on a server, copied from one that was migrated once."""

import itertools
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest
from psycopg import conninfo, sql

from receiver.store.postgresql import PostgresStore

#: For tests whose claim is every store's: put it on them, and ask for ``store``.
on_every_store = pytest.mark.parametrize("store", ["sqlite", "postgresql"], indirect=True)

_numbers = itertools.count()

#: Stands for the server's clock in a database whose time a test sets.
_CLOCK = """
CREATE TABLE test_clock (ms bigint NOT NULL);
INSERT INTO test_clock VALUES (0);
CREATE OR REPLACE FUNCTION now_ms() RETURNS bigint LANGUAGE sql STABLE PARALLEL SAFE
  RETURN (SELECT ms FROM test_clock);
"""


@dataclass(frozen=True, slots=True)
class Database:
    url: str

    def run(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]:
        """On a connection beside the store's."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            found = connection.execute(statement.encode(), bindings or None)
            return found.fetchall() if found.description else []

    def set_clock(self, ms: int) -> None:
        self.run("UPDATE test_clock SET ms = %s", ms)


@dataclass(frozen=True, slots=True)
class Templates:
    """Migrated databases: one with the server's clock, and one whose clock is set."""

    server: str
    plain: str
    clocked: str

    @contextmanager
    def copy(self, template: str) -> Iterator[Database]:
        name = f"{template}_{next(_numbers)}"
        with _server(self.server) as server:
            _create(server, name, template)
        try:
            yield Database(_url(self.server, name))
        finally:
            with _server(self.server) as server:
                _drop(server, name)


@contextmanager
def templates(url: str) -> Iterator[Templates]:
    made = Templates(url, f"yizhan_{os.getpid()}", f"yizhan_{os.getpid()}_clocked")
    with _server(url) as server:
        _create(server, made.plain, "template0")
        _migrate(_url(url, made.plain))
        _create(server, made.clocked, made.plain)
        Database(_url(url, made.clocked)).run(_CLOCK)
    yield made
    with _server(url) as server:
        _drop(server, made.clocked)
        _drop(server, made.plain)


def _migrate(url: str) -> None:
    store = PostgresStore(url)
    store.migrate()
    store.close()


def _server(url: str) -> psycopg.Connection[tuple[Any, ...]]:
    return psycopg.connect(url, autocommit=True)


def _create(server: psycopg.Connection[tuple[Any, ...]], name: str, template: str) -> None:
    server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))


def _drop(server: psycopg.Connection[tuple[Any, ...]], name: str) -> None:
    server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


def _url(server: str, name: str) -> str:
    """A key-value string would do for libpq; a store's configuration takes URLs alone."""
    given = conninfo.conninfo_to_dict(server)
    user, host, port = (given.get(key) for key in ("user", "host", "port"))
    secret = f":{given['password']}" if given.get("password") else ""
    return f"postgresql://{user}{secret}@{host}:{port or 5432}/{name}"
