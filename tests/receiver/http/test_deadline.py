"""Every callback is answered in time, whatever the sender, the disk or another process does."""

import logging
from time import perf_counter

import pytest
from builders import message
from live import Connection, Site, request, signed

from receiver import allowances


def waiting(site: Site, body: bytes) -> Connection:
    """A callback that has got as far as it can: the answer to a later request shows that it was read."""
    connection = site.connect()
    connection.send(request(signed(body)))
    assert site.get("/healthz").status == 200
    return connection


def test_body_that_dribbles_in_is_cut_at_the_deadline(site: Site) -> None:
    callback = signed()
    with site.connect() as connection:
        began = perf_counter()
        connection.send(request(callback).removesuffix(callback.body))
        for byte in callback.body:
            connection.send(bytes([byte]))
            if connection.readable(0.05):
                break
        answer = connection.answer()
        assert 0.6 < perf_counter() - began < 1.5
        assert (answer.status, answer.body, answer.headers["connection"]) == (408, b'{"code":408}', "close")
    assert site.payloads() == []
    assert site.counted("body_too_slow") == 1


def test_body_shorter_than_declared_is_cut_at_the_deadline(site: Site) -> None:
    callback = signed()
    with site.connect() as connection:
        began = perf_counter()
        connection.send(request(callback, headers={"content-length": str(len(callback.body) + 1)}))
        assert connection.answer().status == 408
        assert 0.6 < perf_counter() - began < 1.5
    assert site.payloads() == []


def test_sender_that_hangs_up_is_no_fault(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    callback = signed()
    for headers in ({"content-length": "5000"}, {"transfer-encoding": "chunked"}):
        with site.connect() as connection:
            connection.send(request(callback, headers=headers).removesuffix(callback.body) + b"5\r\nabc")
            assert site.get("/healthz").status == 200
        assert site.get("/healthz").status == 200
    assert site.journal.wait_for("callback.abandoned")["account"] == "main"
    assert caplog.records == []
    assert site.payloads() == []
    assert site.journal.named("callback.refused") == []


def test_sender_that_hangs_up_before_the_answer_is_stored_all_the_same(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    body = message()
    with site.standing_still():
        waiting(site, body).close()
        assert site.get("/healthz").status == 200
    site.journal.wait_for("callback.acknowledged")
    assert site.payloads() == [body]
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_store_that_stands_still_is_answered_503_in_time_and_recovers(site: Site) -> None:
    body = message()
    with site.standing_still():
        began = perf_counter()
        with waiting(site, body) as connection:
            assert site.get("/healthz").status == 200
            assert perf_counter() - began < 0.6
            answer = connection.answer()
            assert 0.6 < perf_counter() - began < 1.0
            assert (answer.status, answer.body) == (503, b'{"code":503}')
            assert answer.headers["retry-after"] == "1"
        assert site.get("/healthz").status == 200
    assert site.journal.wait_for("callback.refused")["reason"] == "deadline"
    assert site.ask(request(signed(body))).status == 200
    assert site.payloads() == [body]


def test_callback_refused_before_its_batch_began_is_not_stored(site: Site) -> None:
    begun, queued, after = message(), message(), message()
    with site.standing_still(), waiting(site, begun) as first, waiting(site, queued) as second:
        assert (first.answer().status, second.answer().status) == (503, 503)
    assert site.ask(request(signed(after))).status == 200
    assert site.payloads() == [begun, after]
    assert site.ask(request(signed(queued))).status == 200
    assert site.redeliveries() == [0, 0, 0]


def test_full_buffer_is_503_at_once_and_free_again_afterwards(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(allowances, "MAX_WAITING", 2)
    with site.standing_still():
        held = [waiting(site, message()) for _ in range(3)]
        began = perf_counter()
        assert site.ask(request(signed())).status == 503
        assert perf_counter() - began < 0.3
        for connection in held:
            with connection:
                assert connection.answer().status == 503
    assert [line["reason"] for line in site.journal.named("callback.refused")] == ["buffer_full", *["deadline"] * 3]
    assert site.ask(request(signed())).status == 200
    assert site.counted("buffer_full") == 1
