"""The broker of one process: its messages die with it, and the store puts them back at the next start."""

from collections.abc import Sequence

from dramatiq import Message
from dramatiq.brokers.stub import StubBroker


class MemoryBroker(StubBroker):
    errors: tuple[type[Exception], ...] = ()

    def __init__(self) -> None:
        super().__init__(middleware=[])

    def enqueue_many(self, messages: Sequence[Message[None]]) -> None:
        for message in messages:
            self.enqueue(message)

    def ping(self) -> None:
        """It is always there."""

    def remembers(self) -> bool:
        """It loses nothing but with the process."""
        return True
