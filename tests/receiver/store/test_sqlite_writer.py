"""The one writer of an SQLite store."""

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import apsw
import pytest

from receiver.errors import StoreUnavailable
from receiver.store.sqlite import connecting, query
from receiver.store.sqlite.writer import Writer


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def writer(path: Path) -> Iterator[Writer]:
    connection = connecting.connect(path)
    connection.execute("CREATE TABLE item (name TEXT PRIMARY KEY) STRICT")
    writer = Writer(connection)
    yield writer
    writer.close()


def add(connection: apsw.Connection, name: str) -> str:
    connection.execute("INSERT INTO item VALUES (?)", (name,))
    return name


def names(path: Path) -> list[str]:
    """As another process sees them: committed."""
    reader = connecting.connect_to_read(path)
    try:
        return [name for (name,) in query.rows(reader, "SELECT name FROM item ORDER BY rowid")]
    finally:
        reader.close()


def test_a_job_is_committed_when_run_returns(writer: Writer, path: Path) -> None:
    assert writer.run(lambda c: add(c, "a")) == "a"
    assert names(path) == ["a"]


def test_a_job_asked_for_on_an_event_loop_is_committed_when_it_returns(writer: Writer, path: Path) -> None:
    assert asyncio.run(writer.run_async(lambda c: add(c, "a"))) == "a"
    assert names(path) == ["a"]


def test_a_job_that_raises_takes_nothing_with_it(writer: Writer, path: Path) -> None:
    """All in one transaction: a gate holds the first job until the others are queued."""
    gate = threading.Event()

    def hold(_connection: apsw.Connection) -> None:
        gate.wait(5)

    with ThreadPoolExecutor(8) as threads:
        first = threads.submit(writer.run, hold)
        good = [threads.submit(writer.run, lambda c, n=n: add(c, n)) for n in ("a", "b", "c")]
        bad = threads.submit(writer.run, lambda c: (add(c, "x"), add(c, "x")))
        gate.set()
        first.result(5)
        assert sorted(job.result(5) for job in good) == ["a", "b", "c"]
        with pytest.raises(StoreUnavailable, match="Constraint"):
            bad.result(5)
    assert sorted(names(path)) == ["a", "b", "c"]


def test_a_foreign_exception_of_a_job_reaches_its_caller_as_it_is(writer: Writer) -> None:
    def fail(_connection: apsw.Connection) -> None:
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        writer.run(fail)
    assert writer.run(lambda c: add(c, "after")) == "after"


def test_an_asynchronous_write_that_raises_leaves_nothing_and_the_writer_goes_on(writer: Writer, path: Path) -> None:
    def fail(connection: apsw.Connection) -> None:
        with query.transaction(connection):
            add(connection, "half")
            raise LookupError("mine")

    async def write() -> None:
        with pytest.raises(LookupError):
            await writer.run_async(fail)
        await writer.run_async(lambda c: add(c, "after"))

    asyncio.run(write())
    assert names(path) == ["after"]


def test_asynchronous_writes_and_jobs_share_the_connection_without_loss(writer: Writer, path: Path) -> None:
    """Many turns against eight busy threads: nothing is lost, nothing waits for ever."""

    async def hurried() -> None:
        for number in range(200):
            await writer.run_async(partial(add, name=f"hurried-{number}"))

    with ThreadPoolExecutor(8) as threads:
        jobs = [threads.submit(writer.run, lambda c, n=n: add(c, f"job-{n}")) for n in range(800)]
        asyncio.run(asyncio.wait_for(hurried(), 30))
        for job in jobs:
            job.result(30)
    assert len(names(path)) == 1000


def test_another_process_that_writes_is_waited_for_off_the_loop(writer: Writer, path: Path) -> None:
    """While another connection holds the file, the loop turns; then the write goes through."""
    other = connecting.connect(path)
    other.execute("BEGIN IMMEDIATE")
    turns = 0

    async def write() -> None:
        nonlocal turns
        pending = asyncio.create_task(writer.run_async(lambda c: add(c, "a")))
        for _ in range(20):
            await asyncio.sleep(0.005)
            turns += 1
        assert not pending.done()
        other.execute("COMMIT")
        assert await asyncio.wait_for(pending, 5) == "a"

    asyncio.run(write())
    other.close()
    assert turns == 20
    assert names(path) == ["a"]


def test_a_full_disk_fails_what_waits_and_heals_when_there_is_room(writer: Writer, path: Path) -> None:
    pages = writer.run(lambda c: query.value(c, "PRAGMA page_count"))
    writer._connection.execute(f"PRAGMA max_page_count = {pages + 2}")

    def fill(connection: apsw.Connection) -> None:
        for number in range(1000):
            add(connection, f"{number}-{'x' * 1000}")

    with pytest.raises(StoreUnavailable, match="Full"):
        writer.run(fill)

    async def write(name: str) -> str:
        return await writer.run_async(lambda c: add(c, name))

    with pytest.raises(StoreUnavailable, match="Full"):
        asyncio.run(write("y" * 9000))
    before = names(path)
    writer._connection.execute("PRAGMA max_page_count = 1000000")
    assert asyncio.run(write("after")) == "after"
    assert names(path) == [*before, "after"]


def test_a_cancelled_asynchronous_write_harms_nobody(writer: Writer, path: Path) -> None:
    async def write() -> None:
        cancelled = asyncio.create_task(writer.run_async(lambda c: add(c, "a")))
        await asyncio.sleep(0)
        cancelled.cancel()
        await writer.run_async(lambda c: add(c, "b"))

    asyncio.run(write())
    assert names(path) == ["a", "b"]


def test_what_is_queued_at_the_end_is_committed_and_later_writes_are_refused(path: Path) -> None:
    connection = connecting.connect(path)
    connection.execute("CREATE TABLE item (name TEXT PRIMARY KEY) STRICT")
    writer = Writer(connection)
    with ThreadPoolExecutor(4) as threads:
        jobs = [threads.submit(writer.run, lambda c, n=n: add(c, str(n))) for n in range(50)]
        for job in jobs:
            job.result(5)
    writer.close()
    assert len(names(path)) == 50
    with pytest.raises(StoreUnavailable, match="closed"):
        writer.run(lambda c: add(c, "late"))


def test_a_loop_that_is_gone_costs_nobody_else_the_writer(writer: Writer, path: Path) -> None:
    """The process was told twice to end: the commit comes when nobody can be told any more."""
    other = connecting.connect(path)
    other.execute("BEGIN IMMEDIATE")
    loop = asyncio.new_event_loop()
    pending = loop.create_task(writer.run_async(lambda c: add(c, "a")))
    loop.run_until_complete(asyncio.sleep(0.01))
    pending.cancel()
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    other.execute("COMMIT")
    other.close()
    assert writer.run(lambda c: add(c, "b")) == "b"
    assert names(path) == ["a", "b"]
