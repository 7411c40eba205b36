"""The inbox as the web process sees it: group commit, bounded, without timers.

What was put in while the last commit ran is the next batch. Each is told of his own, so that one who gives up cancels
nobody else's commit. One who gives up before his batch has begun takes his envelope along; after that it may still be
committed, and the source's redelivery of it is then recognised.
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

#: Rows of a batch.
MAX_BATCH = 512
#: Of more, half are committed first. Else all who wait are answered at once, all send again at once, and the store
#: stands still while the event loop reads, the event loop while the store commits.
ALL_AT_ONCE = 8


class BatchStore(Protocol):
    async def put(self, batch: Sequence[Envelope]) -> list[Receipt]: ...


class Waiter(Protocol):
    """Who waits for an envelope to be committed."""

    envelope: Envelope

    def told(self, outcome: Receipt | NotCommitted) -> None:
        """On the event loop: it, or an earlier one of the same message, is committed; or it cannot be."""


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
        self._waiting: deque[Waiter] = deque()
        self._allowances = Allowances(max_rates or {})
        self._arrived = asyncio.Event()
        self._closing = False
        self._committer = asyncio.create_task(self._commit_batches(), name="inbox")

    def put(self, waiter: Waiter) -> None:
        """Commit his envelope with the next batch.

        Raises ``NotCommitted`` at once when the buffer is full or the account has had its part of it.
        """
        if self._closing:
            raise NotCommitted("shutting_down")
        self._allowances.admit(waiter.envelope)
        self._waiting.append(waiter)
        self._arrived.set()

    def withdraw(self, waiter: Waiter) -> None:
        """Take his envelope back out, if its batch has not begun; else he will still be told."""
        if waiter in self._waiting:
            self._waiting.remove(waiter)
            self._allowances.release(waiter.envelope)

    async def close(self) -> None:
        self._closing = True
        self._arrived.set()
        await self._committer

    async def _commit_batches(self) -> None:
        while True:
            if not self._waiting:
                if self._closing:
                    return
                self._arrived.clear()
                await self._arrived.wait()
                continue
            await self._commit(self._begin())

    def _begin(self) -> list[Waiter]:
        waiting = len(self._waiting)
        rows = waiting if waiting <= ALL_AT_ONCE else min(waiting // 2, MAX_BATCH)
        batch = [self._waiting.popleft() for _ in range(rows)]
        for waiter in batch:
            self._allowances.release(waiter.envelope)
        return batch

    async def _commit(self, batch: list[Waiter]) -> None:
        outcomes: Sequence[Receipt | NotCommitted] = [NotCommitted("store_unavailable")] * len(batch)
        try:
            receipts = await self._store.put([waiter.envelope for waiter in batch])
            self._on_commit(len(batch))
            if len(receipts) == len(batch):
                outcomes = receipts
            else:
                log.error("inbox.commit_failed", rows=len(batch), receipts=len(receipts))
        except StoreUnavailable as error:
            log.warning("inbox.store_unavailable", rows=len(batch), error=str(error))
        except Exception:  # a fault of ours: it must not end the loop that acknowledges
            log.exception("inbox.commit_failed", rows=len(batch))
        for waiter, outcome in zip(batch, outcomes, strict=True):
            try:
                waiter.told(outcome)
            except Exception:  # as above
                log.exception("inbox.telling_failed")
