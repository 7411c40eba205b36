"""Calls over a real connection, to a platform that notes what it was asked."""

import hashlib
import hmac
import re
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from builders import account
from platform_server import Platform, answer, data, platform
from structlog.testing import capture_logs

from receiver import errors, operations
from receiver.accounts import Account, ApiAccess
from receiver.api import Api, Apis
from receiver.api.calls import Look
from receiver.sources.operation import Operation, Parameter

ORDER = "3305075341149134260"
ROUND_TRIPS = [row for row in operations.of_source("pandapon") if row.callable]


@pytest.fixture
def server() -> Iterator[Platform]:
    with platform() as found:
        yield found


def caller(server: Platform, source: str = "pandapon", **changes: Any) -> Account:
    access = ApiAccess(url=server.url, rate=1000, timeout=5, **changes.pop("api", {}))
    values = {"name": "main", "user_id": "2100007341207", "access_key": "AK", "secrets": ("SK",), "api": access}
    return account(source, **{**values, **changes})


@pytest.fixture
def api(server: Platform) -> Iterator[Api]:
    apis = Apis([caller(server)])
    yield apis.of("main")
    apis.close()


#: What a caller gives for a type, and what is written for it.
SAMPLES: dict[str, tuple[Any, Any]] = {
    "string": (int(ORDER), ORDER),
    "integer": (ORDER, int(ORDER)),
    "number": (2.5, 2.5),
    "json": ([{"id": ORDER}], f'[{{"id":"{ORDER}"}}]'),
    "array[integer]": ([ORDER, 7], [int(ORDER), 7]),
    "array[string]": (["a", int(ORDER)], ["a", ORDER]),
    "array[object]": ([{"free": "红"}], [{"free": "红"}]),
    "object": ({"free": "红"}, {"free": "红"}),
}


def sample(parameter: Parameter) -> tuple[Any, Any]:
    if parameter.fields:
        pairs = {field.name: sample(field) for field in parameter.fields}
        given, written = ({name: pair[side] for name, pair in pairs.items()} for side in (0, 1))
        return ([given], [written]) if parameter.type.startswith("array") else (given, written)
    return SAMPLES[parameter.type]


@pytest.mark.parametrize("row", ROUND_TRIPS, ids=lambda row: row.name)
def test_every_operation_with_a_path_goes_round(server: Platform, api: Api, row: Operation) -> None:
    """Method, path, every parameter in its place and type, and a signature that holds."""
    server.answering = data({"ok": row.name})
    samples = {parameter.name: sample(parameter) for parameter in row.parameters}
    began = time.time() * 1000
    found = api.call(row.name, once="test", **{name: pair[0] for name, pair in samples.items()})
    assert found == {"ok": row.name}
    (asked,) = server.asked
    in_path = re.findall(r"{(\w+)}", row.path or "")
    path = re.sub(r"{(\w+)}", lambda found: str(samples[found[1]][1]), row.path or "")
    assert (asked.method, asked.path) == (row.method, path)
    in_query = {one.name for one in row.parameters if one.place == "query"}
    assert asked.query == {name: samples[name][1] for name in in_query}
    in_body = {one.name for one in row.parameters if one.place == "body"}
    assert set(samples) == in_query | in_body | set(in_path)
    if row.method == "GET":
        assert asked.body == b""
    else:
        assert asked.headers["content-type"] == "application/json"
        assert asked.json == {name: samples[name][1] for name in in_body}
    credentials = {"access-key", "nonce-str", "timestamp", "user-id", "signature"}
    if row.group == "warehouse logistics":  # wants a sign of its own
        assert not credentials & asked.headers.keys()
        assert {"timestamp", "sign"} <= asked.query.keys()
        return
    headers = {name: asked.headers[name] for name in credentials}
    assert (headers["access-key"], headers["user-id"]) == ("AK", "2100007341207")
    assert re.fullmatch(r"[0-9a-f]{32}", headers["nonce-str"])
    assert began - 1 <= int(headers["timestamp"]) <= time.time() * 1000
    signed = "&".join(f"{name}={headers[name]}" for name in ("access-key", "nonce-str", "timestamp"))
    expected = hashlib.md5(f"{signed}&access-secret=SK".encode()).hexdigest().upper()
    assert headers["signature"] == expected


@pytest.mark.parametrize("row", operations.of_source("alibaba1688"), ids=lambda row: row.name)
def test_every_operation_of_1688s_gateway_goes_round(server: Platform, row: Operation) -> None:
    server.answering = answer(b'{"isSuccess": true}')
    apis = Apis([caller(server, "alibaba1688")])
    given = {parameter.name: SAMPLES[parameter.type][0] for parameter in row.parameters}
    assert apis.of("main").call(row.name, once="test", **given) == {"isSuccess": True}
    apis.close()
    (asked,) = server.asked
    fields = dict(parse_qsl(asked.body.decode()))
    claim = fields.pop("_aop_signature")
    base = f"{row.path}/AK".removeprefix("/") + "".join(sorted(f"{key}{value}" for key, value in fields.items()))
    assert asked.path == f"{row.path}/AK"
    assert claim == hmac.new(b"SK", base.encode(), "sha1").hexdigest().upper()
    assert set(given) | {"_aop_timestamp"} == set(fields)
    if "msgIdList" in fields:
        assert fields["msgIdList"] == f"[{ORDER}, 7]"


def test_no_two_calls_share_a_nonce(server: Platform, api: Api) -> None:
    for _ in range(3):
        api.call("1688.v2.cart.list")
    assert len({asked.headers["nonce-str"] for asked in server.asked}) == 3


def test_ids_come_as_text(server: Platform, api: Api) -> None:
    body = (
        b'{"code": 200, "data": {"refundId": 7, "orderEntryIds": [1, 2], "id": 3305075341149134260, "count": 3,'
        b' "rows": [{"offerId": 1, "big": 330507534114913426099, "paid": 1, "success": true, "id": null}]}}'
    )
    server.answering = answer(body)
    assert api.call("1688.v2.cart.list") == {
        "refundId": "7",
        "orderEntryIds": ["1", "2"],
        "id": ORDER,
        "count": 3,
        "rows": [{"offerId": "1", "big": "330507534114913426099", "paid": 1, "success": True, "id": None}],
    }


def test_what_cannot_be_taken_back_wants_a_purpose(server: Platform, api: Api) -> None:
    for once in (None, "", " "):
        with pytest.raises(errors.WrongCall, match="once="):
            api.call("taobao.refund.submit_message", once=once, refundId="1", refundMessage="x")
    assert server.asked == []


class Gate:
    def __init__(self, *, had: bool = False) -> None:
        self.purposes: list[tuple[str, Look | None]] = []
        self._had = had

    def run(self, purpose: str, send: Callable[[float], Any], look: Look | None, deadline: timedelta) -> Any:
        self.purposes.append((purpose, look))
        return None if self._had else send(time.monotonic() + deadline.total_seconds())


def test_effect_goes_through_the_gate_and_nothing_else_does(server: Platform) -> None:
    apis, gate = Apis([caller(server)]), Gate()
    api = apis.of("main", effects=gate)
    server.answering = data("sent")
    assert api.call("taobao.refund.submit_message", once="ask", refundId="1", refundMessage="x") == "sent"
    api.call("1688.v2.cart.list")
    assert [purpose for purpose, _ in gate.purposes] == ["ask"]
    kept_out = apis.of("main", effects=Gate(had=True))
    assert kept_out.call("taobao.refund.submit_message", once="ask", refundId="1", refundMessage="x") is None
    assert len(server.asked) == 2
    apis.close()


class Stopped:
    """Its worker is stopped between the intent and the sending, until another may have judged the intent."""

    def run(self, _purpose: str, send: Callable[[float], Any], _look: Look | None, deadline: timedelta) -> Any:
        assert deadline == timedelta(seconds=10), "its turn and its answer may take 5 s each"
        return send(time.monotonic() - 0.001)


def test_effect_is_not_sent_after_its_time(server: Platform) -> None:
    apis = Apis([caller(server)])
    with pytest.raises(errors.ApiPaused, match="not sent"):
        apis.of("main", effects=Stopped()).call(
            "taobao.refund.submit_message", once="ask", refundId="1", refundMessage="x"
        )
    apis.close()
    assert server.asked == []


def test_missing_user_id_is_named_before_anything_is_sent(server: Platform) -> None:
    apis = Apis([caller(server, user_id=None)])
    with pytest.raises(errors.WrongCall, match=r"accounts\.main\.user_id: missing"):
        apis.of("main").call("1688.v2.cart.list")
    apis.close()
    assert server.asked == []


def test_account_that_is_gone_is_an_error_once_it_is_called() -> None:
    gone = Apis(()).of("gone")
    with pytest.raises(errors.WrongCall, match="gone is not configured"):
        gone.call("1688.v2.cart.list")


def test_each_call_is_one_line_without_personal_data(server: Platform) -> None:
    secret = "PLANTED"
    server.answering = answer(b'{"code": 10042, "msg": "PLANTED", "data": {"name": "PLANTED"}}')
    apis = Apis([caller(server, user_id=secret, access_key=secret, secrets=(secret,))])
    api = apis.of("main")
    with capture_logs() as lines:
        with pytest.raises(errors.ApiRefused) as caught:
            api.call("common.address.save", name=secret, phone=secret, address=secret)
        with pytest.raises(errors.ApiRefused):
            api.call("taobao.refund.query", refundId=secret)
        server.answering = data({"name": secret})
        api.call("taobao.refund.query", refundId=secret)
    apis.close()
    assert secret not in f"{lines!r} {caught.value!r} {caught.value}"
    told = [{key: line[key] for key in line if key != "ms"} for line in lines if line["event"] == "api.called"]
    common = {"event": "api.called", "log_level": "info", "account": "main", "status": 200}
    assert told == [
        {**common, "operation": "common.address.save", "code": "10042", "outcome": "ApiRefused"},
        {**common, "operation": "taobao.refund.query", "code": "10042", "outcome": "ApiRefused"},
        {**common, "operation": "taobao.refund.query", "code": None, "outcome": "answered"},
    ]


def test_calls_of_all_threads_share_the_accounts_manners(server: Platform) -> None:
    def slowly(*asked: Any) -> object:
        time.sleep(0.05)
        return data()(*asked)

    server.answering = slowly
    apis = Apis([caller(server, api={"concurrency": 2})])
    threads = [threading.Thread(target=apis.of("main").call, args=("1688.v2.cart.list",)) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    apis.close()
    assert (len(server.asked), server.busiest) == (8, 2)


def test_platform_that_is_down_is_left_alone(server: Platform, api: Api) -> None:
    server.answering = answer(b"", status="503 Down")
    for _ in range(5):
        with pytest.raises(errors.ApiUnavailable):
            api.call("1688.v2.cart.list")
    with pytest.raises(errors.ApiPaused) as caught:
        api.call("1688.v2.cart.list")
    assert caught.value.retry_after is not None
    assert timedelta(seconds=29) < caught.value.retry_after <= timedelta(seconds=30)
    assert len(server.asked) == 5


def test_what_cannot_be_written_is_not_sent(server: Platform, api: Api) -> None:
    for value in ({"a": object()}, {"a": float("nan")}, "\ud800"):
        with pytest.raises(errors.WrongCall, match="JSON"):
            api.call("1688.v2.order.list", filter=value)
    assert server.asked == []
