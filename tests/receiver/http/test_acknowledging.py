"""What is answered 200, and what holds once it is."""

import asyncio
import json

import pytest
from builders import message
from live import PATIENCE, Site, request, signed


def test_acknowledgement_is_exactly_what_stops_redelivery(site: Site) -> None:
    answer = site.ask(request(signed()))
    assert answer.status == 200
    assert answer.body == b'{"code":200}'
    assert answer.headers == {"content-type": "application/json", "content-length": "12"}


def test_what_is_acknowledged_is_committed_byte_for_byte(site: Site) -> None:
    sent = [message(orderStatus="等待发货", note=f" {number}\t") for number in range(20)]
    for number, body in enumerate(sent, 1):
        assert site.ask(request(signed(body))).status == 200
        assert site.payloads() == sent[:number]
    assert site.counted("committed") == 20


def test_redelivery_is_acknowledged_and_counted(site: Site) -> None:
    again = request(signed())
    assert [site.ask(again).status for _ in range(3)] == [200, 200, 200]
    assert site.redeliveries() == [2]
    assert site.counted("committed") == 1
    assert site.counted("redelivery") == 2


def test_what_is_signed_and_not_understood_is_stored(site: Site) -> None:
    sent = [b"\xff\xfe\x00", b"{", b"[]", b'"text"', b"<xml/>", b"", b'{"messageType":{}}']
    assert [site.ask(request(signed(body))).status for body in sent] == [200] * 7
    assert site.payloads() == sent


def test_account_may_be_written_in_other_ways(site: Site) -> None:
    for number, path in enumerate(("/callbacks/m%61in", "/callbacks/main?from=console", "http://x/callbacks/main"), 1):
        assert site.ask(request(signed(), path=path)).status == 200
        assert len(site.payloads()) == number


def test_body_may_come_chunked_and_in_pieces(site: Site) -> None:
    body = message()
    head = request(signed(b""), headers={"transfer-encoding": "chunked"})
    signature = dict(signed(body).headers)[b"authorization"]
    head = head.replace(dict(signed(b"").headers)[b"authorization"], signature)
    with site.connect() as connection:
        connection.send(head)
        for piece in (body[:1], body[1:50], body[50:]):
            connection.send(b"%x\r\n%b\r\n" % (len(piece), piece))
        connection.send(b"0\r\n\r\n")
        assert connection.answer().status == 200
    assert site.payloads() == [body]


def test_sender_may_ask_before_it_sends_the_body(site: Site) -> None:
    callback = signed()
    with site.connect() as connection:
        whole = request(callback, headers={"expect": "100-continue"})
        connection.send(whole.removesuffix(callback.body))
        assert connection.answer().status == 100
        connection.send(callback.body)
        assert connection.answer().status == 200


def test_connection_is_kept_for_the_next_callback(site: Site) -> None:
    with site.connect() as connection:
        for callback in [signed() for _ in range(10)]:
            connection.send(request(callback))
            assert connection.answer().status == 200
    assert len(site.payloads()) == 10


def test_connection_is_kept_after_refusals(site: Site) -> None:
    with site.connect() as connection:
        for asked, status in (
            (request(signed(), path="/callbacks/nobody"), 404),
            (request(signed(), headers={"authorization": "wrong"}), 401),
            (request(signed(), method="PUT"), 405),
            (request(signed()), 200),
        ):
            connection.send(asked)
            assert connection.answer().status == status


def test_pipelined_callbacks_are_each_answered_in_order(site: Site) -> None:
    sent = [message() for _ in range(20)]
    with site.connect() as connection:
        forged = request(signed(), headers={"authorization": "wrong"})
        connection.send(b"".join(request(signed(body)) for body in sent) + forged)
        assert [connection.answer().status for _ in range(21)] == [200] * 20 + [401]
    assert site.payloads() == sent


def test_client_of_http_1_0_is_answered_and_hung_up_on(site: Site) -> None:
    with site.connect() as connection:
        connection.send(request(signed(), version="1.0").replace(b"host: callbacks.example.com\r\n", b""))
        answer = connection.answer()
        assert (answer.status, answer.body) == (200, b'{"code":200}')
        assert connection.ended()


@pytest.mark.parametrize(
    "offer",
    [
        {"connection": "Upgrade, HTTP2-Settings", "upgrade": "h2c", "http2-settings": "AAEAAEAAAAIAAAAB"},
        {"connection": "Upgrade", "upgrade": "TLS/1.2"},
        {"connection": "upgrade", "upgrade": "websocket"},
    ],
)
def test_offer_of_another_protocol_is_passed_over(site: Site, offer: dict[str, str]) -> None:
    """Java's clients make one in plain HTTP unless they are told not to. Whole, in pieces, and pipelined."""
    sent = [message() for _ in range(4)]
    first, second, third, last = (request(signed(body), headers=offer) for body in sent)
    with site.connect() as connection:
        connection.send(first)
        assert connection.answer().status == 200
        head = second.removesuffix(sent[1])
        for piece in (head[:100], head[100:], sent[1][:20], sent[1][20:]):
            connection.send(piece)
        assert connection.answer().status == 200
        connection.send(third + last + request(method="GET"))
        assert [connection.answer().status for _ in range(3)] == [200, 200, 200]
    assert site.payloads() == sent
    assert site.counted("probe") == 1


def test_tunnel_is_refused(site: Site) -> None:
    assert site.ask(b"CONNECT callbacks.example.com:443 HTTP/1.1\r\n\r\n").status == 400


def test_two_hundred_at_once_are_all_acknowledged(site: Site) -> None:
    sent = [message() for _ in range(200)]

    async def post(body: bytes) -> bytes:
        reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
        writer.write(request(signed(body), headers={"connection": "close"}))
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        return answer

    async def post_all() -> list[bytes]:
        async with asyncio.timeout(PATIENCE):
            return await asyncio.gather(*map(post, sent))

    answers = asyncio.run(post_all())
    assert {answer.partition(b"\r\n")[0] for answer in answers} == {b"HTTP/1.1 200 OK"}
    assert sorted(site.payloads()) == sorted(sent)


def test_acknowledgement_is_logged_with_what_it_is_about(site: Site) -> None:
    body = message(orderId="3305075341149134260")
    site.ask(request(signed(body)))
    line = site.journal.wait_for("callback.acknowledged")
    assert line["orders"] == ("3305075341149134260",)
    assert (line["account"], line["topic"], line["redelivery"]) == ("main", json.loads(body)["messageType"], False)
    assert line["envelope"]
