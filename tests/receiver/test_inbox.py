"""The inbox: group commit, where each waits for himself."""

import asyncio
import contextlib
from pathlib import Path

import apsw
import pytest
from builders import envelope
from hand_store import HandStore, commit, give_up, opened, put, receipt_of, standing

from receiver import inbox as inboxes
from receiver.inbox import Inbox
from receiver.store.sqlite import SqliteStore

pytestmark = pytest.mark.anyio


async def test_what_queued_while_a_commit_ran_is_exactly_the_next_batch() -> None:
    store = HandStore()
    async with opened(store) as inbox:
        first = await standing(inbox, store)
        waiting = [envelope() for _ in range(7)]
        tasks = await put(inbox, *waiting)
        store.end()
        assert await store.begun.get() == waiting
        assert await first
        later = envelope()
        [last] = await put(inbox, later)
        store.end()
        assert await asyncio.gather(*tasks) == [receipt_of(each) for each in waiting]
        assert await store.begun.get() == [later]
        store.end()
        assert await last == receipt_of(later)


async def test_one_who_gives_up_before_his_batch_begins_takes_his_envelope_along() -> None:
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        waiting = [envelope() for _ in range(3)]
        tasks = await put(inbox, *waiting)
        await give_up(tasks[1])
        store.end()
        assert await store.begun.get() == [waiting[0], waiting[2]]
        store.end()
        assert await tasks[0] == receipt_of(waiting[0])
        assert await tasks[2] == receipt_of(waiting[2])


async def test_one_who_gives_up_after_his_batch_has_begun_cancels_nobody() -> None:
    """His own may be committed: a redelivery of it is recognised."""
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        waiting = [envelope() for _ in range(3)]
        tasks = await put(inbox, *waiting)
        store.end()
        assert await store.begun.get() == waiting
        await give_up(tasks[0])
        store.end()
        assert await asyncio.gather(*tasks[1:]) == [receipt_of(each) for each in waiting[1:]]


async def test_deadline_is_a_way_of_giving_up() -> None:
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await commit(inbox, envelope())
        store.end()
    assert len(store.batches) == 1


async def test_batch_that_all_gave_up_is_never_begun(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an outage, in which everybody gives up, would end in as many empty commits as it had batches."""
    monkeypatch.setattr(inboxes, "MAX_BATCH", 2)
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        for _ in range(5):
            for task in await put(inbox, *[envelope() for _ in range(6)]):
                await give_up(task)
        last = envelope()
        [task] = await put(inbox, last)
        store.end()
        assert await store.begun.get() == [last]
        store.end()
        assert await task == receipt_of(last)


async def test_batches_are_never_larger_than_the_maximum() -> None:
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        waiting = [envelope() for _ in range(inboxes.MAX_BATCH * 2 + 1)]
        tasks = await put(inbox, *waiting)
        for _ in range(14):
            store.end()
        assert await asyncio.gather(*tasks) == [receipt_of(each) for each in waiting]
    sizes = [len(batch) for batch in store.batches]
    assert sizes[1] == inboxes.MAX_BATCH
    assert max(sizes) == inboxes.MAX_BATCH
    assert sum(sizes) == 1 + len(waiting)


async def test_of_many_half_are_committed_first() -> None:
    """Else all are answered at once, and store and event loop stand still by turns."""
    store = HandStore()
    async with opened(store) as inbox:
        await standing(inbox, store)
        waiting = [envelope() for _ in range(2 * inboxes.ALL_AT_ONCE)]
        await put(inbox, *waiting)
        store.end()
        assert await store.begun.get() == waiting[: inboxes.ALL_AT_ONCE]
        store.end()
        assert await store.begun.get() == waiting[inboxes.ALL_AT_ONCE :]


async def test_two_thousand_at_once_each_get_their_own_receipt(store: SqliteStore, tmp_path: Path) -> None:
    inbox = Inbox(store)
    envelopes = [envelope() for _ in range(2_000)]
    receipts = await asyncio.gather(*(commit(inbox, each) for each in envelopes))
    await inbox.close()
    with contextlib.closing(apsw.Connection(str(tmp_path / "yizhan.db"))) as other:
        stored = {row[0]: row[1] for row in other.execute("SELECT payload, id FROM envelope")}
    assert [stored[each.payload] for each in envelopes] == [receipt.envelope_id for receipt in receipts]
    assert len(stored) == 2_000


async def test_one_who_gives_up_is_not_stored_by_sqlite_and_its_redelivery_is(
    store: SqliteStore, tmp_path: Path
) -> None:
    inbox = Inbox(store)
    with contextlib.closing(apsw.Connection(str(tmp_path / "yizhan.db"))) as other:
        other.execute("BEGIN IMMEDIATE")
        begun, waiting, gone = envelope(), envelope(), envelope()
        tasks = await put(inbox, begun)
        await asyncio.sleep(0)
        tasks += await put(inbox, waiting, gone)
        await give_up(tasks.pop())
        other.execute("ROLLBACK")
        receipts = await asyncio.gather(*tasks)
        stored = other.execute("SELECT payload FROM envelope ORDER BY seq").fetchall()
    assert stored == [(begun.payload,), (waiting.payload,)]
    assert not any(receipt.redelivery for receipt in receipts)
    assert not (await commit(inbox, gone)).redelivery
    assert (await commit(inbox, gone)).redelivery
    await inbox.close()
