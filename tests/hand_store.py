"""A store whose commits end when the test says so, and what tests of the inbox do with it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

import pytest
from builders import envelope

from receiver.envelope import Envelope, Receipt
from receiver.errors import NotCommitted
from receiver.inbox import Inbox


class HandStore:
    def __init__(self) -> None:
        self.begun: asyncio.Queue[list[Envelope]] = asyncio.Queue()
        self.batches: list[list[Envelope]] = []
        self._ends: asyncio.Queue[Exception | None] = asyncio.Queue()

    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]:
        self.batches.append(list(batch))
        self.begun.put_nowait(list(batch))
        error = await self._ends.get()
        try:
            if error is not None:
                raise error
        finally:
            del error  # else it and this frame, and so the batch, would hold each other
        return [receipt_of(each) for each in batch]

    def end(self, error: Exception | None = None) -> None:
        self._ends.put_nowait(error)


def receipt_of(each: Envelope) -> Receipt:
    return Receipt(each.order_ids[0], redelivery=False, ambiguous=False)


@contextlib.asynccontextmanager
async def opened(store: HandStore) -> AsyncIterator[Inbox]:
    inbox = Inbox(store)
    yield inbox
    for _ in range(20):  # more than any test has batches
        store.end()
    await inbox.close()


class Waiter:
    """One who waits for his envelope to be committed."""

    def __init__(self, each: Envelope) -> None:
        self.envelope = each
        self.outcome: asyncio.Future[Receipt] = asyncio.get_running_loop().create_future()

    def told(self, outcome: Receipt | NotCommitted) -> None:
        if self.outcome.done():
            return
        if isinstance(outcome, NotCommitted):
            self.outcome.set_exception(outcome)
        else:
            self.outcome.set_result(outcome)


async def commit(inbox: Inbox, each: Envelope) -> Receipt:
    """Put it in and wait. Cancelling gives up."""
    waiter = Waiter(each)
    inbox.put(waiter)
    try:
        return await waiter.outcome
    except asyncio.CancelledError:
        inbox.withdraw(waiter)
        raise


async def put(inbox: Inbox, *envelopes: Envelope) -> list[asyncio.Task[Receipt]]:
    """Put in and waiting."""
    tasks = [asyncio.create_task(commit(inbox, each)) for each in envelopes]
    await asyncio.sleep(0)
    return tasks


async def standing(inbox: Inbox, store: HandStore) -> asyncio.Task[Receipt]:
    """A commit is under way, and stays so."""
    [first] = await put(inbox, envelope())
    await store.begun.get()
    return first


async def give_up(task: asyncio.Task[Receipt]) -> None:
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
