"""A PostgreSQL for handlers that keep something."""

from collections.abc import Iterator

import pytest
import services


@pytest.fixture(scope="session")
def postgresql_url() -> Iterator[str]:
    with services.postgresql() as url:
        yield url
