"""Callbacks answered on their connection, among requests that go the long way: nobody who sends can tell."""

from builders import message
from live import Site, request, signed


def test_answers_come_in_the_order_of_their_requests_whichever_way_each_went(site: Site) -> None:
    wrong = request(signed(), headers={"authorization": "00"})
    callbacks = [request(signed()) for _ in range(30)]
    with site.connect() as connection:
        connection.send(b"".join([*callbacks[:20], wrong, request(method="GET", path="/readyz"), *callbacks[20:]]))
        statuses = [connection.answer().status for _ in range(32)]
    assert statuses == [200] * 20 + [401, 200] + [200] * 10
    assert site.held() == 30


def test_callback_in_two_pieces_is_the_same_as_in_one(site: Site) -> None:
    callback = signed()
    whole = request(callback)
    head = len(whole) - len(callback.body)
    with site.connect() as connection:
        for cut in (1, head - 1, head, head + 1, len(whole) - 1):
            connection.send(whole[:cut])
            assert not connection.readable(0.05)
            connection.send(whole[cut:])
            assert connection.answer().status == 200
    assert site.payloads() == [callback.body]
    assert site.redeliveries() == [4]


def test_who_asks_to_be_hung_up_on_is(site: Site) -> None:
    body = message()
    with site.connect() as connection:
        connection.send(request(signed(body), headers={"connection": "close"}))
        answer = connection.answer()
        assert (answer.status, answer.headers["connection"]) == (200, "close")
        assert connection.ended()
    assert site.payloads() == [body]
