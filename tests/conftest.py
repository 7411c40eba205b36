"""What most tests start from."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brokers
import databases
import pytest
import services
import structlog
from brokers import BrokerServer
from builders import Clock
from databases import Database, Templates

from receiver.store.base import Store
from receiver.store.postgresql import PostgresStore
from receiver.store.sqlite import SqliteStore


@pytest.fixture(autouse=True)
def _logging_ends_with_the_test(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A command that runs in this process sets up logging for all of it; what it caches, stays."""
    configure, root = structlog.configure, logging.getLogger()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()

    def uncached(**how: Any) -> None:
        configure(**how | {"cache_logger_on_first_use": False})

    monkeypatch.setattr(structlog, "configure", uncached)
    yield
    configure(**before)
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(request: pytest.FixtureRequest) -> Store:
    """SQLite's, unless the test is ``on_every_store``."""
    found: Store = request.getfixturevalue(f"{getattr(request, 'param', 'sqlite')}_store")
    return found


@pytest.fixture
def sqlite_store(tmp_path: Path, clock: Clock) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "yizhan.db", clock=clock)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def postgresql_store(templates: Templates, clock: Clock) -> Iterator[PostgresStore]:
    with templates.copy(templates.clocked) as database:
        database.set_clock(clock.now)
        clock.on_set = database.set_clock
        store = PostgresStore(database.url)
        yield store
        store.close()


@pytest.fixture
def database(templates: Templates) -> Iterator[Database]:
    """Migrated and empty, at the server's own time."""
    with templates.copy(templates.plain) as database:
        yield database


@pytest.fixture
def postgres(database: Database) -> Iterator[PostgresStore]:
    """A store on it."""
    store = PostgresStore(database.url)
    yield store
    store.close()


@pytest.fixture(scope="session")
def templates() -> Iterator[Templates]:
    with services.postgresql() as url, databases.templates(url) as made:
        yield made


@pytest.fixture(scope="session")
def redis_server() -> Iterator[BrokerServer]:
    with brokers.redis_server() as server:
        yield server


@pytest.fixture(scope="session")
def rabbitmq_server() -> Iterator[BrokerServer]:
    with brokers.rabbitmq_server() as server:
        yield server


@pytest.fixture(params=["redis", "rabbitmq"])
def broker_server(request: pytest.FixtureRequest) -> BrokerServer:
    """Each of them, with nothing in it."""
    found: BrokerServer = request.getfixturevalue(f"{request.param}_server")
    return found
