"""The pieces of ``make bench``: they send what they say, and count it once. How fast is no test's claim."""

import asyncio
from itertools import islice
from pathlib import Path

import pytest
from bench import bodies, stored, table
from bench.load import Slice
from bench.rows import ROWS

from receiver.envelope import Callback
from receiver.sources import SOURCES
from receiver.store import open_store


def parsed(request: bytes) -> Callback:
    """A request as the server sees it."""
    head, _, body = request.partition(b"\r\n\r\n")
    fields = [line.partition(b": ") for line in head.split(b"\r\n")[1:]]
    headers = tuple((name, value) for name, _, value in fields)
    assert int(dict(headers)[b"content-length"]) == len(body)
    return Callback(headers, body)


@pytest.mark.parametrize("size", bodies.SIZES)
def test_each_callback_is_genuine_of_its_size_and_news(size: int) -> None:
    """Else refusals or redeliveries would be measured."""
    source = SOURCES[bodies.ACCOUNT.source]
    callbacks = [parsed(request) for request in islice(bodies.requests(size, seed=1), 50)]
    envelopes = [source.open_callback(callback, bodies.ACCOUNT) for callback in callbacks]
    assert all(abs(len(callback.body) - size) < size / 10 for callback in callbacks)
    assert len({envelope.identity.key for envelope in envelopes}) == 50
    assert len({envelope.order_ids for envelope in envelopes}) == 50
    assert all(envelope.topic and envelope.order_ids for envelope in envelopes)


def test_requests_can_be_read_back_one_by_one(tmp_path: Path) -> None:
    """As ``load.lua`` reads them: eight digits of length, and so many bytes."""
    file = tmp_path / "requests"
    bodies.write(file, bodies.SIZES[0], 3, seed=1)
    data = file.read_bytes()
    found = []
    while data:
        length = int(data[:8])
        found.append(data[8 : 8 + length])
        data = data[8 + length :]
    assert found == list(islice(bodies.requests(bodies.SIZES[0], seed=1), 3))


def measured(rate: float, refused: int = 0) -> Slice:
    return Slice(rate=rate, p50=1.0, p99=2.0, p999=3.0, processor=40.0, acknowledged=100, refused=refused)


def test_the_ratio_is_the_median_of_slices_that_were_measured_side_by_side() -> None:
    """The machine became twice as slow in the last slice, for both: the ratio does not move."""
    bare = [measured(rate) for rate in (1000, 1000, 500)]
    ours = [measured(600, refused=2), measured(500), measured(300, refused=1)]
    line = table.line(ROWS[0], ours, bare, 50_000_000)
    assert line[-1] == "3"
    assert line[:5] == ("a", ROWS[0].title, "0.60", "0.50-0.60", "500")


def test_a_row_that_could_not_be_measured_says_why_in_its_table() -> None:
    drawn = table.rendered([table.not_run(ROWS[0], "no wrk")])
    assert "not run: no wrk" in drawn
    assert len({len(line) for line in drawn.splitlines()}) == 1


def test_the_page_keeps_what_is_written_by_hand() -> None:
    page = "before\n<!-- measured -->\nold\n<!-- end -->\nafter\n"
    written = table.page(page, {"A title": "| a |"})
    assert written.startswith("before\n")
    assert written.endswith("<!-- end -->\nafter\n")
    assert "### A title\n\n| a |" in written
    assert "old" not in written
    assert table.page(written, {"A title": "| a |"}) == written


def test_a_page_without_its_place_is_not_overwritten() -> None:
    with pytest.raises(ValueError, match="measured"):
        table.page("by hand", {})


def test_the_page_of_this_repository_has_its_place() -> None:
    page = (Path(__file__).parent.parent / "docs" / "benchmarks.md").read_text()
    assert "A title" in table.page(page, {"A title": "| a |"})


def test_a_store_that_lacks_what_was_acknowledged_fails_the_run_and_so_does_a_redelivery(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'yizhan.db'}"
    source = SOURCES[bodies.ACCOUNT.source]
    [request] = islice(bodies.requests(bodies.SIZES[0], seed=1), 1)
    envelope = source.open_callback(parsed(request), bodies.ACCOUNT)
    store = open_store(url, make=True)
    store.migrate()
    asyncio.run(store.put([envelope]))
    stored.check(url, 1)
    with pytest.raises(RuntimeError, match="2 acknowledged, 1 stored"):
        stored.check(url, 2)
    asyncio.run(store.put([envelope]))
    store.close()
    with pytest.raises(RuntimeError, match="1 redelivered"):
        stored.check(url, 1)
