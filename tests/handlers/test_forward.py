"""Events posted to a team's URLs: signed, stable, each target on its own, and what each answer means."""

import base64
import contextlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from builders import Clock, account, callback, message
from platform_server import Platform, answer, platform
from processes import Yizhan, wait_until
from pydantic import ValidationError
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError
from steps import accept, claim, deliver
from structlog.testing import capture_logs

from handlers import forward
from handlers.forward.targets import Forward
from receiver import dispatch
from receiver.deliveries import Delivery
from receiver.routing import Router
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

SECRETS = [f"whsec_{base64.b64encode(bytes([number]) * 32).decode()}" for number in (1, 2, 3)]
PAID = message(orderId="42", buyerName="PLANTED")


@pytest.fixture
def shop() -> Iterator[Platform]:
    with platform(answer(b"thanks")) as found:
        yield found


def target(shop: Platform, **changes: Any) -> dict[str, Any]:
    return {"name": "shop", "url": f"{shop.url}/hook", "secret": SECRETS[0], "allow_private": True, **changes}


def made(*targets: dict[str, Any]) -> Router:
    return forward.create(Forward.model_validate({"targets": targets}))


def attempts(store: SqliteStore, router: Router, *texts: bytes) -> list[Delivery]:
    """What becomes of what is due, and of what these messages make due."""
    accept(store, *texts)
    dispatch.dispatch(store, SOURCES, router)
    return [deliver(store, router, offer) for offer in claim(store, router)]


def test_event_is_posted_and_signed(store: SqliteStore, shop: Platform) -> None:
    """The library's own verifier believes it; ids are text, amounts fen; nothing of the body that names people."""
    (delivery,) = attempts(store, made(target(shop)), PAID)
    assert (delivery.handler, delivery.state) == ("forward.shop", "succeeded")
    (asked,) = shop.asked
    told = Webhook(SECRETS[0]).verify(asked.body, asked.headers)
    assert (asked.method, asked.path, asked.headers["content-type"]) == ("POST", "/hook", "application/json")
    assert sorted(told) == ["data", "timestamp", "type"]
    assert told["type"] == "order.paid"
    data = told["data"]
    assert (data["order_id"], data["account"], data["platform"]) == ("42", "pandapon", "1688")
    assert data["envelope_id"] == delivery.envelope_id
    assert "raw" not in data
    assert b"PLANTED" not in asked.body


def test_raw_is_sent_where_it_is_asked_for(store: SqliteStore, shop: Platform) -> None:
    """Numbers that no double holds arrive digit for digit."""
    text = message(orderId="42", buyerName="PLANTED", big="BIG").replace(rb"\"BIG\"", b"1" + b"0" * 30)
    attempts(store, made(target(shop, raw=True)), text)
    told = json.loads(shop.asked[0].body)
    assert told["data"]["raw"]["messageBody"] == {
        "orderId": "42",
        "orderStatus": "WAITING_FOR_SENT",
        "payStatus": 2,
        "buyerName": "PLANTED",
        "big": 10**30,
    }


def test_every_attempt_of_a_delivery_has_one_id(store: SqliteStore, shop: Platform, clock: Clock) -> None:
    """And no other delivery has it: not the next event's, nor the other target's."""
    router = made(target(shop), target(shop, name="other"))
    shop.answering = answer(b"", status="503 Service Unavailable")
    attempts(store, router, PAID)
    clock.pass_time(seconds=60)
    shop.answering = answer(b"")
    attempts(store, router, message(orderId="43"))
    ids = [asked.headers["webhook-id"] for asked in shop.asked]
    assert len(ids) == 6
    assert len(set(ids)) == 4
    assert set(ids[:2]) < set(ids[2:])
    assert all("." not in one for one in ids)


def test_orders_of_a_batch_have_ids_of_their_own(store: SqliteStore, shop: Platform) -> None:
    batch = message("ORDER_BATCH_PAY", orderId=None, batchPay=[{"orderId": "1"}, {"orderId": "2"}])
    attempts(store, made(target(shop)), batch)
    assert len({asked.headers["webhook-id"] for asked in shop.asked}) == 2


def test_while_secrets_are_rotated_it_is_signed_with_each(store: SqliteStore, shop: Platform) -> None:
    attempts(store, made(target(shop, secret=SECRETS[:2])), PAID)
    (asked,) = shop.asked
    for secret in SECRETS[:2]:
        Webhook(secret).verify(asked.body, asked.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRETS[2]).verify(asked.body, asked.headers)


@pytest.mark.parametrize(
    ("filters", "wanted"),
    [
        ({}, True),
        ({"events": ["order.*"]}, True),
        ({"events": ["refund.*", "order.paid"]}, True),
        ({"events": ["refund.*"]}, False),
        ({"platform": "1688"}, True),
        ({"platform": "taobao"}, False),
        ({"account": "pandapon"}, True),
        ({"account": "main"}, False),
        ({"where": {"total.amount": 1250, "order_id": "42"}}, True),
        ({"where": {"total.amount": 1250, "order_id": "43"}}, False),
        ({"where": {"total.nothing.deep": "x"}}, False),
        ({"where": {"order_id.deep": "x"}}, False),
    ],
)
def test_only_what_a_target_asks_for_is_posted(
    store: SqliteStore, shop: Platform, filters: dict[str, Any], *, wanted: bool
) -> None:
    done = attempts(store, made(target(shop, **filters)), message(orderId="42", baseInfo={"totalAmount": "12.5"}))
    assert {one.state for one in done} <= {"succeeded"}
    assert len(shop.asked) == wanted


@pytest.mark.parametrize(
    ("status", "state"),
    [
        ("200 OK", "succeeded"),
        ("204 No Content", "succeeded"),
        ("301 Moved Permanently", "dead"),
        ("307 Temporary Redirect", "dead"),
        ("400 Bad Request", "dead"),
        ("401 Unauthorized", "dead"),
        ("404 Not Found", "dead"),
        ("408 Request Timeout", "due"),
        ("410 Gone", "dead"),
        ("425 Too Early", "due"),
        ("429 Too Many Requests", "due"),
        ("500 Internal Server Error", "due"),
        ("503 Service Unavailable", "due"),
    ],
)
def test_what_an_answer_means(store: SqliteStore, shop: Platform, status: str, state: str) -> None:
    """A redirect is not followed. What failed says which target, and by which status."""
    with platform() as inside:
        shop.answering = answer(b"", status=status, headers=f"location: {inside.url}/\r\n")
        (delivery,) = attempts(store, made(target(shop)), PAID)
        assert inside.connections == 0
    assert delivery.state == state
    if state != "succeeded":
        assert delivery.error is not None
        assert f"forward.shop answers {status[:3]}" in delivery.error


def test_target_that_is_down_or_slow_is_tried_again(store: SqliteStore, shop: Platform) -> None:
    with contextlib.closing(SqliteStore(Path(store._path).with_name("other.db"))) as other:
        other.migrate()
        (delivery,) = attempts(other, made(target(shop, url="http://127.0.0.1:1/")), PAID)
        assert delivery.state == "due"
    shop.answering = lambda connection, _: connection.recv(1)
    (delivery,) = attempts(store, made(target(shop, timeout=0.3)), PAID)
    assert delivery.state == "due"
    assert "Unanswered" in (delivery.error or "")


@pytest.mark.parametrize(
    ("asked", "between"),
    [("120", (120, 121)), ("1", (4, 6)), ("999999999", (3600, 3601)), ("Wed, 20 May 2026 07:50:00 GMT", (600, 601))],
)
def test_retry_after_is_honoured(
    store: SqliteStore, shop: Platform, clock: Clock, asked: str, between: tuple[int, int]
) -> None:
    """Seconds or a date, no longer than an hour, and no sooner than our back-off: else 15 attempts are soon over."""
    dated = "Wed, 20 May 2026 07:40:00 GMT"
    shop.answering = answer(b"", status="429 Too Many Requests", headers=f"retry-after: {asked}\r\ndate: {dated}\r\n")
    (delivery,) = attempts(store, made(target(shop)), PAID)
    assert delivery.due_at is not None
    wait = delivery.due_at.timestamp() - clock.now / 1000
    assert between[0] <= wait <= between[1]


def test_target_that_is_gone_is_asked_no_more(store: SqliteStore, shop: Platform) -> None:
    """Its deliveries die without a request, kept; a replay asks again, and what is well is on again."""
    router = made(target(shop), target(shop, name="other", url=f"{shop.url}/other"))
    shop.answering = answer(b"", status="410 Gone")
    with capture_logs() as lines:
        first, _ = attempts(store, router, PAID)
    (line,) = [line for line in lines if line["event"] == "forward.disabled" and line["target"] == "shop"]
    assert line["log_level"] == "warning"
    assert "replay a dead letter of forward.shop" in line["cure"]
    shop.answering, asked = answer(b""), len(shop.asked)
    second, _ = attempts(store, router, message(orderId="43"))
    assert (second.state, len(shop.asked)) == ("dead", asked)
    assert "410 Gone before; not sent" in (second.error or "")
    store.replay([first.id], "li")
    assert [one.state for one in attempts(store, router)] == ["succeeded"]
    third, _ = attempts(store, router, message(orderId="44"))
    assert third.state == "succeeded"


def test_one_target_s_failure_is_its_own(store: SqliteStore, shop: Platform) -> None:
    router = made(target(shop, name="down", url="http://127.0.0.1:1/"), target(shop))
    states = {one.handler: one.state for one in attempts(store, router, PAID)}
    assert states == {"forward.down": "due", "forward.shop": "succeeded"}


def test_private_address_is_refused_unless_it_is_meant(store: SqliteStore, shop: Platform) -> None:
    (delivery,) = attempts(store, made(target(shop, url=f"https://localhost:{shop.port}/", allow_private=False)), PAID)
    assert (delivery.state, shop.connections) == ("dead", 0)
    assert "allow_private = true" in (delivery.error or "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"url": "http://shop.example/"}, "https://"),
        ({"url": "ftp://shop.example/", "allow_private": True}, "http://"),
        ({"url": "https:///x"}, "a host"),
        ({"url": "https://li:PLANTED@shop.example/"}, "without a user"),
        ({"secret": "PLANTED"}, "expected whsec_ and 24 bytes"),
        ({"secret": "whsec_PLANTED"}, "expected whsec_ and 24 bytes"),
        ({"secret": f"whsec_{'é' * 40}"}, "expected whsec_ and 24 bytes"),
        ({"secret": []}, "at least 1"),
        ({"events": ["order.payed"]}, "no event is called order.payed"),
        ({"name": "a b"}, "pattern"),
        ({"timeout": 0}, "greater than 0"),
        ({"secrets": "x"}, "not permitted"),
    ],
)
def test_what_cannot_work_is_said_at_start(changes: dict[str, Any], said: str) -> None:
    table = {"name": "shop", "url": "https://shop.example/", "secret": SECRETS[0], **changes}
    with pytest.raises(ValidationError) as caught:
        Forward.model_validate({"targets": [table]})
    (problem,) = caught.value.errors(include_input=False, include_url=False, include_context=False)
    assert said in problem["msg"]
    assert "PLANTED" not in problem["msg"]


def test_two_targets_of_one_name_are_refused() -> None:
    table = {"name": "shop", "url": "https://shop.example/", "secret": SECRETS[0]}
    with pytest.raises(ValidationError, match="a name of its own"):
        Forward.model_validate({"targets": [table, table]})


def test_running_process_forwards_by_its_table(tmp_path: Path, shop: Platform) -> None:
    """From a callback to a verified webhook, its secret in a file."""
    (tmp_path / "secret").write_text(f"{SECRETS[0]}\n")
    table = f"""
[handlers]
routers = []
[[handlers.forward.targets]]
name = "shop"
url = "{shop.url}/hook"
secret_file = "secret"
allow_private = true
where = {{"order_id" = "42"}}
"""
    main = account("pandapon", name="main")
    with Yizhan(tmp_path, (main,), settings=table) as yizhan:
        assert yizhan.post(callback(message(orderId="41"), of=main), main) == 200
        assert yizhan.post(callback(PAID, of=main), main) == 200
        wait_until(lambda: len(shop.asked) > 0, seconds=20, what="a webhook")
        log = yizhan.log.read_text()
    (asked,) = shop.asked
    assert Webhook(SECRETS[0]).verify(asked.body, asked.headers)["data"]["account"] == "main"
    assert SECRETS[0] not in log
    assert "PLANTED" not in log
