"""The inbox as the web process sees it: group commit, bounded, without timers.

What was put in while the last commit ran is the next batch. All who wait for a batch share one future, shielded, so
that one sender who hangs up cancels nobody else's commit. One who gives up before his batch has begun takes his
envelope along; after that it may still be committed, and the source's redelivery of it is then recognised.
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
    """Envelopes that are committed together, and the one future of all who wait for them."""

    __slots__ = ("committed", "envelopes", "receipts")

    def __init__(self) -> None:
        self.envelopes: list[Envelope] = []
        self.receipts: dict[int, Receipt] = {}
        #: The end of it: whether it was committed.
        self.committed: asyncio.Future[bool] = asyncio.get_running_loop().create_future()


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
        batch.envelopes.append(envelope)
        self._arrived.set()
        try:
            committed = await asyncio.shield(batch.committed)
        except asyncio.CancelledError:
            self._withdraw(envelope, batch)
            if self._closing:  # not the sender's deadline: the process ends at once
                raise NotCommitted("shutting_down") from None
            raise
        if not committed:
            raise NotCommitted("store_unavailable")
        return batch.receipts[id(envelope)]

    async def close(self) -> None:
        self._closing = True
        self._arrived.set()
        await self._committer

    def _withdraw(self, envelope: Envelope, batch: _Batch) -> None:
        """Take an envelope back out, if its batch has not begun."""
        if batch not in self._batches:
            return
        batch.envelopes[:] = [other for other in batch.envelopes if other is not envelope]
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
        try:
            receipts = await self._store.put(batch.envelopes)
            batch.receipts = {
                id(envelope): receipt for envelope, receipt in zip(batch.envelopes, receipts, strict=True)
            }
            self._on_commit(len(batch.envelopes))
        except StoreUnavailable as error:
            log.warning("inbox.store_unavailable", rows=len(batch.envelopes), error=str(error))
            batch.committed.set_result(False)
        except Exception:  # a fault of ours: it must not end the loop that acknowledges
            log.exception("inbox.commit_failed", rows=len(batch.envelopes))
            batch.committed.set_result(False)
        else:
            batch.committed.set_result(True)
