"""What most tests start from."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import Clock

from receiver.store.sqlite import SqliteStore


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(tmp_path: Path, clock: Clock) -> Iterator[SqliteStore]:
    store = SqliteStore(tmp_path / "yizhan.db", clock=clock)
    store.migrate()
    yield store
    store.close()
