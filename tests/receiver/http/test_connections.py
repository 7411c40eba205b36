"""What a connection may cost before it has asked anything, and how many there may be."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from live import Connection, Journal, Site, request, serve, signed

from receiver import connections
from receiver.store.sqlite import SqliteStore

HEAD = request(signed()).partition(b"\r\n\r\n")[0]


@pytest.fixture(autouse=True)
def unharmed(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    yield
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


@pytest.fixture
def hasty(store: SqliteStore, path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site that waits half a second for a head."""
    monkeypatch.setattr(connections, "HEAD_WITHIN", 0.5)
    with serve(store, path, journal) as site:
        yield site


@pytest.fixture
def cramped(store: SqliteStore, path: Path, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    """A site with room for eight connections."""
    monkeypatch.setattr(connections, "MAX_CONNECTIONS", 8)
    with serve(store, path, journal) as site:
        yield site


def drip(connection: Connection, data: bytes) -> None:
    """A byte at a time, until the server says something."""
    for byte in data:
        try:
            connection.send(bytes([byte]))
        except ConnectionError:
            return
        if connection.readable(0.02):
            return
    raise AssertionError("the server took all of it")


def test_head_that_dribbles_in_is_408(hasty: Site) -> None:
    with hasty.connect() as connection:
        drip(connection, HEAD)
        answer = connection.answer()
        assert (answer.status, answer.body, answer.headers["connection"]) == (408, b'{"code":408}', "close")
        assert connection.ended()


def test_connection_that_says_nothing_is_hung_up_on(hasty: Site) -> None:
    with hasty.connect() as connection:
        assert connection.ended()


def test_kept_connection_is_waited_for_and_its_next_head_is_not(hasty: Site) -> None:
    with hasty.connect() as connection:
        for _ in range(2):
            connection.send(request(signed()))
            assert connection.answer().status == 200
            assert not connection.readable(0.8)
        drip(connection, HEAD)
        assert connection.answer().status == 408


def test_body_that_nobody_asked_for_is_not_taken_for_ever(hasty: Site) -> None:
    with hasty.connect() as connection:
        connection.send(request(method="GET", path="/healthz", headers={"content-length": "1000"}))
        assert connection.answer().status == 200
        drip(connection, b"x" * 999)
        assert connection.ended()


@pytest.mark.parametrize(
    ("begun", "piece"),
    [
        (b"", b"GET /" + b"a" * 1_000),
        (b"GET / HTTP/1.1\r\n", b"x: y\r\n" * 100),
        (b"GET / HTTP/1.1\r\nx: ", b"a" * 1_000),
        (b"GET /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", b"x: y\r\n" * 100),
        (b"GET /healthz HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x" * 1_000),
    ],
    ids=["path", "headers", "header", "trailers", "chunk-extension"],
)
def test_what_is_no_body_ends_somewhere(site: Site, begun: bytes, piece: bytes) -> None:
    """Line, headers, trailers and what stands beside the length of a piece: none of it is kept without a bound."""
    sent = 0
    with site.connect() as connection:
        connection.send(begun)
        try:
            while sent < 8 * 1024 * 1024:
                connection.send(piece)
                sent += len(piece)
        except ConnectionError:
            pass
    assert sent < 8 * 1024 * 1024
    assert site.get("/healthz").status == 200


def test_head_over_the_limit_is_431(site: Site) -> None:
    unended = request(headers={"x": "a" * 2 * connections.MAX_HEAD}).removesuffix(b"\r\n\r\n")
    assert site.ask(unended).status == 431
    assert site.ask(request(signed(), headers={"x": "a" * (connections.MAX_HEAD // 2)})).status == 200


def test_too_many_requests_at_once_are_hung_up_on(site: Site) -> None:
    """Each that waits for the answer before its own is kept."""
    with site.connect() as connection:
        connection.send(request(method="GET", path="/healthz") * 5_000)
        answers = 0
        try:
            while connection.answer(to="GET").status == 200:
                answers += 1
        except ConnectionError:
            pass
        assert answers < 5_000
    assert site.get("/healthz").status == 200


def test_over_the_limit_whoever_got_on_longest_ago_is_hung_up_on(cramped: Site) -> None:
    with contextlib.ExitStack() as stack:
        kept = [stack.enter_context(cramped.connect()) for _ in range(8)]
        for connection in (*kept, kept[0]):
            connection.send(request(signed()))
            assert connection.answer().status == 200
        assert cramped.ask(request(signed())).status == 200
        assert kept[1].ended()
        kept[0].send(request(signed()))
        assert kept[0].answer().status == 200


def test_hundreds_of_idle_connections_leave_room_for_callbacks(cramped: Site) -> None:
    with contextlib.ExitStack() as stack:
        for number in range(300):
            stack.enter_context(cramped.connect())
            if number % 30 == 0:
                assert cramped.ask(request(signed())).status == 200
