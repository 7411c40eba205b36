"""The inbox: what it holds at most, and what no failure of the store can do to it."""

import asyncio
import dataclasses
from collections.abc import Sequence

import pytest
from builders import envelope
from hand_store import HandStore, commit, give_up, opened, put, receipt_of, standing
from structlog.testing import capture_logs

from receiver import allowances
from receiver.envelope import Envelope, Receipt
from receiver.errors import NotCommitted, StoreUnavailable
from receiver.inbox import Inbox

pytestmark = pytest.mark.anyio


async def test_buffer_holds_so_many_rows_and_is_free_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "MAX_WAITING", 3)
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        tasks = await put(inbox, *[envelope() for _ in range(3)])
        with pytest.raises(NotCommitted, match="buffer_full"):
            await commit(inbox, envelope())
        await give_up(tasks.pop())
        tasks += await put(inbox, envelope())
        with pytest.raises(NotCommitted, match="buffer_full"):
            await commit(inbox, envelope())
        store.end()
        await store.begun.get()
        tasks += await put(inbox, envelope())
        store.end()
        store.end()
        assert len(await asyncio.gather(*tasks)) == 4


async def test_buffer_holds_so_many_bytes_and_is_free_again_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    size = len(envelope().payload)
    monkeypatch.setattr(allowances, "MAX_WAITING_BYTES", 2 * size)
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        tasks = await put(inbox, envelope(), envelope())
        with pytest.raises(NotCommitted, match="buffer_full"):
            await commit(inbox, envelope())
        await give_up(tasks.pop())
        tasks += await put(inbox, envelope())
        store.end()
        await store.begun.get()
        tasks += await put(inbox, envelope())
        store.end()
        store.end()
        assert len(await asyncio.gather(*tasks)) == 3


async def test_account_that_fills_the_buffer_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "MAX_WAITING", 12)
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        greedy = [dataclasses.replace(envelope(), account="greedy") for _ in range(13)]
        tasks = await put(inbox, *greedy[:10])
        with pytest.raises(NotCommitted, match="buffer_share"):
            await commit(inbox, greedy[10])
        tasks += await put(inbox, envelope(), envelope())
        with pytest.raises(NotCommitted, match="buffer_full"):
            await commit(inbox, envelope())
        await give_up(tasks.pop())
        await give_up(tasks.pop(0))
        with pytest.raises(NotCommitted, match="buffer_share"):
            await asyncio.gather(*[commit(inbox, each) for each in greedy[11:]])
        for _ in range(5):
            store.end()
        await asyncio.gather(*tasks)


async def test_account_that_fills_the_buffer_s_bytes_leaves_room_for_others(monkeypatch: pytest.MonkeyPatch) -> None:
    greedy = [dataclasses.replace(envelope(), account="greedy", payload=b"x" * 1000) for _ in range(5)]
    monkeypatch.setattr(allowances, "MAX_WAITING_BYTES", 4_900)
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        tasks = await put(inbox, *greedy[:4])
        with pytest.raises(NotCommitted, match="buffer_share"):
            await commit(inbox, dataclasses.replace(greedy[4], payload=b"x"))
        tasks += await put(inbox, envelope())
        store.end()
        store.end()
        await asyncio.gather(*tasks)


async def test_payload_larger_than_the_buffer_gets_in_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """``max_body`` may be set beyond the buffer: such a callback must not be refused for ever."""
    monkeypatch.setattr(allowances, "MAX_WAITING_BYTES", 1)
    store = HandStore()
    store.end()
    async with opened(store) as inbox:
        each = envelope()
        assert await commit(inbox, each) == receipt_of(each)


async def test_store_that_cannot_commit_fails_that_batch_alone() -> None:
    store = HandStore()
    async with opened(store) as inbox:
        first = await standing(inbox, store)
        second = await put(inbox, envelope(), envelope())
        with capture_logs() as lines:
            store.end(StoreUnavailable("disk full"))
            with pytest.raises(NotCommitted, match="store_unavailable"):
                await first
        assert lines == [{"event": "inbox.store_unavailable", "rows": 1, "error": "disk full", "log_level": "warning"}]
        store.end()
        assert len(await asyncio.gather(*second)) == 2


async def test_fault_of_the_store_does_not_end_the_loop() -> None:
    store = HandStore()
    async with opened(store) as inbox:
        for error in (ValueError("a fault of ours"), KeyError(1), AssertionError()):
            store.end(error)
            with capture_logs() as lines, pytest.raises(NotCommitted, match="store_unavailable"):
                await commit(inbox, envelope())
            assert [line["event"] for line in lines] == ["inbox.commit_failed"]
        store.end()
        await commit(inbox, envelope())


async def test_receipts_that_are_too_few_do_not_end_the_loop() -> None:
    class Forgetful(HandStore):
        async def put(self, batch: Sequence[Envelope]) -> list[Receipt]:
            receipts = await super().put(batch)
            return receipts if len(self.batches) > 1 else []

    store = Forgetful()
    store.end()
    async with opened(store) as inbox:
        with capture_logs(), pytest.raises(NotCommitted):
            await commit(inbox, envelope())
        store.end()
        await commit(inbox, envelope())


async def test_fault_of_the_one_who_is_told_does_not_end_the_loop() -> None:
    def told(_rows: int) -> None:
        raise ValueError

    store = HandStore()
    inbox = Inbox(store, on_commit=told)
    for _ in range(2):
        store.end()
        with capture_logs(), pytest.raises(NotCommitted):
            await commit(inbox, envelope())
    await inbox.close()


async def test_each_commit_is_told_with_its_rows() -> None:
    told: list[int] = []
    store = HandStore()
    inbox = Inbox(store, on_commit=told.append)
    await standing(inbox, store)
    tasks = await put(inbox, *[envelope() for _ in range(4)])
    store.end()
    store.end()
    await asyncio.gather(*tasks)
    store.end(StoreUnavailable("disk full"))
    with capture_logs(), pytest.raises(NotCommitted):
        await commit(inbox, envelope())
    await inbox.close()
    assert told == [1, 4]


async def test_close_commits_what_waits_and_lets_nothing_more_in() -> None:
    store = HandStore()
    inbox = Inbox(store)
    first = await standing(inbox, store)
    waiting = [envelope() for _ in range(3)]
    tasks = await put(inbox, *waiting)
    closing = asyncio.create_task(inbox.close())
    await asyncio.sleep(0)
    with pytest.raises(NotCommitted, match="shutting_down"):
        await commit(inbox, envelope())
    store.end()
    store.end()
    await closing
    assert store.batches[1:] == [waiting]
    assert len(await asyncio.gather(first, *tasks)) == 4


async def test_close_of_an_idle_inbox_returns() -> None:
    await Inbox(HandStore()).close()
