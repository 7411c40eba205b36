"""The console's *Verify* button, or a person's browser: answered 200, nothing stored."""

from dataclasses import replace

from live import Site, request, signed


def test_get_and_head_are_probes(site: Site) -> None:
    answer = site.get("/callbacks/main")
    assert (answer.status, answer.body) == (200, b'{"code":200}')
    with site.connect() as connection:
        connection.send(request(method="HEAD") + request(method="GET"))
        head = connection.answer(to="HEAD")
        assert (head.status, head.headers["content-length"]) == (200, "12")
        assert connection.answer(to="GET").body == b'{"code":200}'
    assert site.payloads() == []
    assert site.counted("probe") == 3
    assert site.counted("committed") == 0


def test_unsigned_post_without_a_topic_is_a_probe(site: Site) -> None:
    bodies = (b"", b" ", b"{}", b"null", b"[]", b'"x"', b"1", b'{"a":{"b":1}}', b"no json")
    for body in bodies:
        for headers in ({}, {"authorization": ""}, {"authorization": "  "}):
            assert site.ask(request(replace(signed(body), headers=()), headers=headers)).status == 200
    assert site.ask(request()).status == 200
    assert site.payloads() == []
    assert site.counted("probe") == 3 * len(bodies) + 1


def test_probe_is_logged_with_the_names_of_its_headers_alone(site: Site) -> None:
    headers = {"x-verify": "PLANTED", "content-length": "2", "authorization": ""}
    assert site.ask(request(replace(signed(b"{}"), headers=()), headers=headers)).status == 200
    line = site.journal.wait_for("callback.probe")
    assert line["headers"] == ["authorization", "content-length", "host", "x-verify"]
    assert (line["account"], line["method"]) == ("main", "POST")
    assert "PLANTED" not in str(site.journal)


def test_signed_post_without_a_topic_is_no_probe(site: Site) -> None:
    assert site.ask(request(signed(b"{}"))).status == 200
    assert site.payloads() == [b"{}"]
    assert site.ask(request(signed(b"{}"), headers={"authorization": "0" * 64})).status == 401
    assert site.counted("probe") == 0


def test_probe_is_answered_while_the_store_stands_still(site: Site) -> None:
    with site.standing_still():
        assert site.get("/callbacks/main").status == 200
