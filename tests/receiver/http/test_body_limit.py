"""What is longer than ``max_body`` is refused so that its sender can read it, and costs no memory."""

import logging
from time import perf_counter

import pytest
from builders import message
from live import Site, request, signed

KIB = 1024
MIB = 1024 * KIB
LIMIT = 64 * KIB


def of_size(size: int) -> bytes:
    empty = message(note="")
    return message(note="x" * (size - len(empty)))


def chunked(body: bytes, size: int = 16 * KIB) -> bytes:
    """An unsigned request that does not declare its length."""
    head = request(headers={"transfer-encoding": "chunked", "content-length": ""})
    pieces = [body[start : start + size] for start in range(0, len(body), size)]
    return head + b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def test_body_of_just_the_limit_is_acknowledged(small: Site) -> None:
    body = of_size(LIMIT)
    assert len(body) == LIMIT
    assert small.ask(request(signed(body))).status == 200
    assert small.payloads() == [body]


def test_body_over_the_limit_is_413(small: Site) -> None:
    body = of_size(LIMIT + 1)
    for asked in (request(signed(body)), chunked(body), chunked(body[: LIMIT + 1], LIMIT + 1)):
        with small.connect() as connection:
            connection.send(asked)
            answer = connection.answer()
            assert (answer.status, answer.body) == (413, b'{"code":413}')
            assert answer.headers["connection"] == "close"
            assert connection.ended()
    assert small.payloads() == []
    assert small.counted("body_too_large") == 3
    assert small.journal.wait_for("callback.refused")["status"] == 413


def test_sender_that_writes_before_it_reads_sees_the_refusal(site: Site) -> None:
    """Hung up on while it writes, it would see a reset connection, fifty times out of fifty."""
    asked = request(signed(b"x" * 2 * MIB), headers={"connection": "close"})
    for _ in range(50):
        assert site.ask(asked).status == 413


def test_sender_that_writes_without_declaring_sees_the_refusal(site: Site) -> None:
    asked = chunked(b"x" * 2 * MIB)
    for _ in range(20):
        assert site.ask(asked).status == 413


def test_sender_of_far_too_much_is_hung_up_on(small: Site, caplog: pytest.LogCaptureFixture) -> None:
    body = b"x" * 16 * MIB
    for asked in (request(signed(body)), chunked(body)):
        began = perf_counter()
        with small.connect() as connection:
            try:
                connection.send(asked)
                assert connection.answer().status == 413
            except ConnectionError:
                pass  # it wrote on after the server had closed
        assert perf_counter() - began < 1.5
    assert small.counted("body_too_large") == 2
    assert small.get("/healthz").status == 200
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_sender_that_asks_first_is_told_at_once(small: Site) -> None:
    with small.connect() as connection:
        began = perf_counter()
        connection.send(request(signed(b""), headers={"expect": "100-continue", "content-length": str(2 * MIB)}))
        assert connection.answer().status == 413
        assert perf_counter() - began < 0.6, "not at the deadline"
        assert connection.ended()


def test_sender_that_stops_writing_what_is_too_long_reads_413_at_the_deadline(small: Site) -> None:
    """Not 408: it is refused for its length, however slow it is."""
    undeclared = chunked(b"x" * 2 * LIMIT).removesuffix(b"0\r\n\r\n")
    for asked in (request(signed(b"x"), headers={"content-length": str(LIMIT + 1)}), undeclared):
        with small.connect() as connection:
            began = perf_counter()
            connection.send(asked)
            assert connection.answer().status == 413
            assert 0.6 < perf_counter() - began < 1.5


def test_sender_that_hangs_up_while_it_is_refused_is_counted(small: Site, caplog: pytest.LogCaptureFixture) -> None:
    with small.connect() as connection:
        connection.send(request(signed(b"x"), headers={"content-length": str(2 * LIMIT)}))
    assert small.journal.wait_for("callback.refused")["reason"] == "body_too_large"
    assert caplog.records == []


def test_long_body_of_any_method_is_refused(small: Site) -> None:
    for method in ("GET", "PUT", "HEAD"):
        asked = request(signed(b"x" * 2 * LIMIT), method=method)
        assert small.ask(asked, to=method).status == 413
