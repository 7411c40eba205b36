"""A sandbox that runs, and a receiver that listens."""

from collections.abc import Iterator

import pytest
import sandboxes
from sandboxes import Listener

from receiver.sandbox.push import Manner
from receiver.sandbox.running import Sandbox


@pytest.fixture
def listener() -> Iterator[Listener]:
    with sandboxes.listening() as listener:
        yield listener


@pytest.fixture
def sandbox(listener: Listener) -> Iterator[Sandbox]:
    manner = Manner(half_hour=0.1)
    with Sandbox([sandboxes.ACCOUNT], callbacks={"main": listener.url}, manner=manner) as sandbox:
        yield sandbox
