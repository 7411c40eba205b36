"""The inbox as the web process sees it: group commit, bounded, without timers.

What was put in while the last commit ran is the next batch. Each waits for a future of his own, so that one sender who
hangs up cancels nobody else's commit (one shared by all would have to be shielded, at twice the cost). One who gives up
before his batch has begun takes his envelope along; after that it may still be committed, and the source's redelivery
of it is then recognised.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

import structlog

from receiver.allowances import Allowances
from receiver.envelope import Envelope, Receipt
from receiver.errors import NotCommitted, StoreUnavailable

log = structlog.stdlib.get_logger()

#: A batch is inserted in one go on the event loop, some ten microseconds a row.
MAX_BATCH = 512


class BatchStore(Protocol):
    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]: ...


class _Batch:
    """Envelopes that are committed together, each with the future of the one who waits for it."""

    __slots__ = ("envelopes", "futures")

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        #: What became of it; ``None``: it was not committed.
        self.futures: list[asyncio.Future[Receipt | None]] = []


class Inbox:
    """Made on the event loop; ``close()`` commits what waits."""

    def __init__(
        self,
        store: BatchStore,
        *,
        max_rates: Mapping[str, float] | None = None,
        on_commit: Callable[[int], None] = lambda _rows: None,
    ) -> None:
        """``max_rates``: callbacks a second, of the accounts that have such a limit."""
        self._store = store
        self._on_commit = on_commit
        self._loop = asyncio.get_running_loop()
        self._batches: deque[_Batch] = deque([_Batch()])
        self._allowances = Allowances(max_rates or {})
        self._arrived = asyncio.Event()
        self._closing = False
        self._committer = asyncio.create_task(self._commit_batches(), name="inbox")

    async def put(self, envelope: Envelope) -> Receipt:
        """Return once the envelope, or an earlier one of the same message, is committed.

        Raises ``NotCommitted`` when the buffer is full, the account has had its part of it, or the store cannot commit.
        Cancelling it gives up waiting.
        """
        if self._closing:
            raise NotCommitted("shutting_down")
        self._allowances.admit(envelope)
        batch = self._batches[-1]
        if len(batch.envelopes) >= MAX_BATCH:
            batch = _Batch()
            self._batches.append(batch)
        future: asyncio.Future[Receipt | None] = self._loop.create_future()
        batch.envelopes.append(envelope)
        batch.futures.append(future)
        self._arrived.set()
        try:
            receipt = await future
        except asyncio.CancelledError:
            self._withdraw(envelope, future, batch)
            if self._closing:  # not the sender's deadline: the process ends at once
                raise NotCommitted("shutting_down") from None
            raise
        if receipt is None:
            raise NotCommitted("store_unavailable")
        return receipt

    async def close(self) -> None:
        self._closing = True
        self._arrived.set()
        await self._committer

    def _withdraw(self, envelope: Envelope, future: asyncio.Future[Receipt | None], batch: _Batch) -> None:
        """Take an envelope back out, if its batch has not begun."""
        if batch not in self._batches:
            return
        place = batch.futures.index(future)
        del batch.envelopes[place], batch.futures[place]
        self._allowances.release(envelope)
        if not batch.envelopes and batch is not self._batches[-1]:
            self._batches.remove(batch)

    async def _commit_batches(self) -> None:
        while True:
            if not self._allowances.waiting:
                if self._closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._commit(self._begin())

    def _begin(self) -> _Batch:
        batch = self._batches.popleft()
        if not self._batches:
            self._batches.append(_Batch())
        for envelope in batch.envelopes:
            self._allowances.release(envelope)
        return batch

    async def _commit(self, batch: _Batch) -> None:
        ends: list[tuple[asyncio.Future[Receipt | None], Receipt | None]] = [(each, None) for each in batch.futures]
        try:
            receipts = await self._store.put(batch.envelopes)
            self._on_commit(len(batch.envelopes))
            ends = list(zip(batch.futures, receipts, strict=True))
        except StoreUnavailable as error:
            log.warning("inbox.store_unavailable", rows=len(batch.envelopes), error=str(error))
        except Exception:  # a fault of ours: it must not end the loop that acknowledges
            log.exception("inbox.commit_failed", rows=len(batch.envelopes))
        for future, receipt in ends:
            if not future.done():  # cancelled: he gave up
                future.set_result(receipt)
