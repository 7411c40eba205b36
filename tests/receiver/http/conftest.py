"""A web process for each test, and its log."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Journal, Site, serve
from structlog.testing import capture_logs

from receiver.store.sqlite import SqliteStore


@pytest.fixture
def journal(caplog: pytest.LogCaptureFixture) -> Iterator[Journal]:
    caplog.set_level(logging.DEBUG, logger="receiver.endpoint")
    journal = Journal()
    with capture_logs(processors=[journal]):
        yield journal


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """The store's file."""
    return tmp_path / "yizhan.db"


@pytest.fixture
def site(store: SqliteStore, path: Path, journal: Journal) -> Iterator[Site]:
    with serve(store, path, journal) as site:
        yield site


@pytest.fixture
def small(store: SqliteStore, path: Path, journal: Journal) -> Iterator[Site]:
    """One whose ``max_body`` is 64 KiB."""
    with serve(store, path, journal, max_body=64 * 1024) as site:
        yield site
