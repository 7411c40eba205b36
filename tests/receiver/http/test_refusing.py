"""What is refused: with its status and no word more; the operator's log says why."""

import logging
from dataclasses import replace
from pathlib import Path

import pytest
from builders import account, message
from live import ACCOUNT, Journal, Site, request, serve, signed

from receiver.store.sqlite import SqliteStore

#: The name of an account as a sender may write it, none of which is one.
ODD_NAMES = (
    "nobody",
    "MAIN",
    "main%20",
    "main%0A",
    "main%00",
    "main%2F",
    "main/",
    "main/x",
    "%2e%2e",
    "..",
    "",
    "main;x=1",
    "%22%7D%0Ayizhan_x%201",
    "%F0%9F%98%80",
    "%FF",
    "%zz",
    "{account}",
    "__class__",
    "x" * 5_000,
)


def refused(site: Site, data: bytes, status: int, *, to: str = "POST") -> None:
    answer = site.ask(data, to=to)
    assert answer.status == status
    assert answer.body == (b"" if to == "HEAD" else b'{"code":%d}' % status)
    assert site.payloads() == []


def test_missing_signature_is_401(site: Site) -> None:
    refused(site, request(replace(signed(), headers=())), 401)
    assert site.journal.wait_for("callback.refused")["reason"] == "signature_missing"
    assert site.counted("signature_missing") == 1


def test_unsigned_callback_that_names_a_topic_is_401(site: Site) -> None:
    for body in (b'{"messageType":"X"}', b'{"message_type":3}', b'{"message":{}}', b'{"messageType"'):
        refused(site, request(replace(signed(body), headers=())), 401)
        refused(site, request(replace(signed(body), headers=()), headers={"authorization": " "}), 401)


def test_wrong_signature_is_401(site: Site) -> None:
    for wrong in ("0" * 64, "x", "\u00e9", "Bearer 1", "a" * 10_000):
        refused(site, request(signed(), headers={"authorization": wrong}), 401)
    line = site.journal.wait_for("callback.refused")
    assert (line["reason"], line["account"], line["client"]) == ("signature_wrong", "main", "127.0.0.1")
    assert line["hint"] is None
    assert site.counted("signature_wrong") == 5


def test_signature_over_other_bytes_is_401(site: Site) -> None:
    refused(site, request(replace(signed(), body=message())), 401)


def test_signature_with_the_secret_of_another_account_is_401(site: Site) -> None:
    refused(site, request(signed(by=account(secrets=("another-secret",)))), 401)


def test_account_without_a_secret_refuses_everything(store: SqliteStore, path: Path, journal: Journal) -> None:
    with serve(store, path, journal, accounts=[replace(ACCOUNT, secrets=())]) as site:
        refused(site, request(signed()), 401)
        assert site.journal.wait_for("callback.refused")["reason"] == "no_secret"


def test_another_documented_base_that_holds_is_told_to_the_operator_alone(site: Site) -> None:
    refused(site, request(signed(by=replace(ACCOUNT, signature_base=("{body}",)))), 401)
    hint = site.journal.wait_for("callback.refused")["hint"]
    assert 'signature_base = ["{body}"]' in hint


def test_other_methods_are_405(site: Site) -> None:
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS"):
        refused(site, request(signed(), method=method), 405)
    assert site.ask(request(signed(), method="PUT")).headers["allow"] == "GET, HEAD, POST"


def test_unknown_account_is_404(site: Site) -> None:
    for method in ("POST", "GET", "HEAD", "PUT"):
        refused(site, request(signed(), path="/callbacks/nobody", method=method), 404, to=method)
    line = site.journal.wait_for("callback.refused")
    assert (line["reason"], line["account"]) == ("unknown_account", None)
    assert site.counted("unknown_account", account="") == 4


def test_odd_account_names_are_404_and_written_nowhere(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    """An account's name is the sender's word until it is found in the configuration."""
    for name in ODD_NAMES:
        with site.connect() as connection:
            connection.send(request(signed(), path=f"/callbacks/{name}"))
            assert connection.answer().status == 404, name
    exposition = site.metrics.exposition().decode()
    assert {line.partition("}")[0] for line in exposition.splitlines() if "account=" in line} == {
        'yizhan_callbacks_total{account="",outcome="unknown_account",topic=""',
        'yizhan_callbacks_created{account="",outcome="unknown_account",topic=""',
    }
    assert {line["account"] for line in site.journal.named("callback.refused")} == {None}
    assert not any(name in str(site.journal) for name in ODD_NAMES if name)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_path_that_is_none_is_refused_without_a_fault(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    for path in (b"/callbacks/\xff", b"/callbacks/ma in", b"callbacks/main", b"*"):
        answer = site.ask(request(signed()).replace(b"/callbacks/main", path))
        assert answer.status in {400, 404}
    assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []


def test_nothing_that_came_or_is_configured_is_told(
    store: SqliteStore, path: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    planted = "PLANTED"
    ours = account(name="main", access_key="PLANTED-key", secrets=("PLANTED-secret",))
    headers = {"x-forwarded-for": planted, "forwarded": f"for={planted}", "user-agent": planted, "cookie": planted}
    genuine = signed(message(receiverName=planted, mobile=planted), by=ours)
    unsigned = replace(genuine, headers=())
    with serve(store, path, journal, accounts=[ours], max_body=64 * 1024) as site:
        for asked, status in (
            (request(genuine, headers=headers), 200),
            (request(genuine, headers=headers), 200),
            (request(signed(b'{"PLANTED', by=ours), headers=headers), 200),
            (request(genuine, headers={**headers, "authorization": planted}), 401),
            (request(signed(genuine.body, by=replace(ours, signature_base=("{body}",))), headers=headers), 401),
            (request(unsigned, headers=headers), 401),
            (request(genuine, headers=headers, path=f"/callbacks/{planted}?{planted}={planted}"), 404),
            (request(genuine, headers=headers, path=f"/{planted}"), 404),
            (request(genuine, headers=headers, method="PUT"), 405),
            (request(replace(genuine, body=b"PLANTED" * 10_000), headers=headers), 413),
            (request(headers=headers, method="GET", path=f"/callbacks/main?{planted}"), 200),
            (request(replace(unsigned, body=b'{"name": "PLANTED"}'), headers=headers), 200),
            (request(genuine, headers={"PLANTED PLANTED": planted}), 400),
            (request(genuine, headers={"content-length": planted}), 400),
        ):
            answer = site.ask(asked)
            assert answer.status == status
            assert planted not in f"{answer}"
        told = f"{journal}\n{caplog.text}\n{site.metrics.exposition().decode()}".lower()
    assert planted.lower() not in told
    assert dict(genuine.headers)[b"authorization"].decode() not in told
    for event in ("callback.acknowledged", "callback.refused", "callback.probe"):
        assert event in told


def test_account_over_its_rate_is_503_and_others_are_not(store: SqliteStore, path: Path, journal: Journal) -> None:
    """A forger does not use it up: what is not signed does not count."""
    accounts = [replace(ACCOUNT, max_rate=0.01), account(name="other")]
    with serve(store, path, journal, accounts=accounts) as site:
        for _ in range(5):
            assert site.ask(request(signed(), headers={"authorization": "wrong"})).status == 401
        assert [site.ask(request(signed())).status for _ in range(3)] == [200, 503, 503]
        assert site.counted("rate") == 2
        other = signed(by=accounts[1])
        assert site.ask(request(other, path="/callbacks/other")).status == 200
        assert len(site.payloads()) == 2
    assert journal.named("callback.refused")[-1]["reason"] == "rate"
