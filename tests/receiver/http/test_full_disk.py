"""A disk without room refuses callbacks, and takes them as soon as there is room."""

import contextlib
import resource
from collections.abc import Iterator
from pathlib import Path

import apsw
from builders import message
from live import Site, request, signed


def room_for_pages(site: Site, pages: int) -> None:
    def set_limit(connection: apsw.Connection) -> None:
        connection.execute(f"PRAGMA max_page_count = {pages}")

    site.store._write.run(set_limit)


@contextlib.contextmanager
def files_end_at(size: int) -> Iterator[None]:
    """No file of this process may become longer: a write there fails, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_database_is_503_until_there_is_room(site: Site) -> None:
    assert site.ask(request(signed())).status == 200
    room_for_pages(site, 1)
    body = message(note="x" * 100_000)
    for _ in range(3):
        answer = site.ask(request(signed(body)))
        assert (answer.status, answer.body) == (503, b'{"code":503}')
    assert site.journal.wait_for("callback.refused")["reason"] == "store_unavailable"
    assert "FullError" in site.journal.wait_for("inbox.store_unavailable")["error"]
    assert site.counted("store_unavailable") == 3
    room_for_pages(site, 1_000_000)
    assert site.ask(request(signed(body))).status == 200
    assert site.payloads()[1:] == [body]


def test_commit_that_cannot_be_written_is_503_until_it_can(site: Site, path: Path) -> None:
    before, body = message(), message()
    assert site.ask(request(signed(before))).status == 200
    with files_end_at(Path(f"{path}-wal").stat().st_size):
        assert site.ask(request(signed(body))).status == 503
    assert site.payloads() == [before]
    assert site.ask(request(signed(body))).status == 200
    assert site.payloads() == [before, body]
