"""The pytest plug-in: fixtures ``yizhan``, ``yizhan_router`` and ``sandbox``.

Every run of pytest loads it, so it imports nothing but pytest until a fixture is asked for.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from receiver.routing import Router
    from receiver.sandbox.running import Sandbox
    from receiver.testing.site import Yizhan


@pytest.fixture
def yizhan_router() -> "Router":
    """The handlers that ``yizhan`` runs: those of all installed packages. Override it to run others."""
    from receiver.plugins import load_routers

    return load_routers((), Path.cwd())


@pytest.fixture
def yizhan(yizhan_router: "Router", tmp_path: Path) -> "Iterator[Yizhan]":
    """A whole yizhan in this process. Follow-up calls are recorded, and answered by ``yizhan.api``."""
    from receiver.testing.site import Yizhan

    with Yizhan(tmp_path, yizhan_router) as running:
        yield running


@pytest.fixture
def sandbox(yizhan: "Yizhan") -> "Iterator[Sandbox]":
    """The fake platform: it answers the calls of ``yizhan``, and pushes its callbacks there."""
    from receiver.sandbox.push import Manner
    from receiver.sandbox.running import Sandbox

    with Sandbox([yizhan.account], manner=Manner(half_hour=0.05)) as running:
        yizhan.connect(running)
        yield running
