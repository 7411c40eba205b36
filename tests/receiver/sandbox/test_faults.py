"""What is asked to go wrong goes wrong, and the state says what has happened all the same."""

import socket
import time
from typing import Any

import httpx2
import pytest
import sandboxes
from sandboxes import ask, call

from receiver.sandbox.faults import Fault, Faults
from receiver.sandbox.operations import operations
from receiver.sandbox.running import Sandbox
from receiver.sandbox.stories import play

SUBMIT = "/open/order/refund/submit/message"


@pytest.fixture
def refund_id(sandbox: Sandbox) -> str:
    """Of a refund that is still open."""
    cast = play("return-of-goods-taobao", sandbox)
    order = cast.order_id
    told = sandbox.do(lambda state: state.refunds.request(order, kind="money", amount=100))
    return told[0].subject


def message(refund_id: str) -> dict[str, Any]:
    return {"refundId": refund_id, "refundMessage": "为什么"}


def texts(sandbox: Sandbox, refund_id: str) -> list[str]:
    """The thread, as the inspection shows it."""
    state = ask(sandbox, "GET", "/sandbox/state", signed={}).json()
    refund = next(each for each in state["refunds"] if each["id"] == refund_id)
    return [post["text"] for post in refund["thread"]]


def test_a_message_that_was_accepted_and_dropped_is_there_exactly_once(sandbox: Sandbox, refund_id: str) -> None:
    sandbox.faults.add(Fault(kind="drop", path=SUBMIT, times=1))
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(sandbox, "POST", SUBMIT, message(refund_id))
    assert texts(sandbox, refund_id) == ["为什么"]
    thread = call(sandbox, "POST", "/open/order/refund/message/list", {"refundId": refund_id})
    assert [post["refundMessage"] for post in thread["data"]] == ["为什么"]
    calls = ask(sandbox, "GET", "/sandbox/state", signed={}).json()["calls"]
    assert [(each["code"], each["fault"]) for each in calls if each["path"] == SUBMIT] == [(200, "drop")]


def test_a_message_that_was_dropped_on_its_way_is_not_there(sandbox: Sandbox, refund_id: str) -> None:
    sandbox.faults.add(Fault(kind="drop", path=SUBMIT, times=1, effect=False))
    with pytest.raises(httpx2.RemoteProtocolError):
        ask(sandbox, "POST", SUBMIT, message(refund_id))
    assert texts(sandbox, refund_id) == []


@pytest.mark.parametrize(
    ("fault", "status", "happened"),
    [
        (Fault(kind="error", status=502), 502, False),
        (Fault(kind="error", effect=True), 503, True),
        (Fault(kind="rate_limited", seconds=3), 429, False),
        (Fault(kind="redirect"), 302, False),
        (Fault(kind="invalid_json"), 200, True),
        (Fault(kind="huge"), 200, True),
        (Fault(kind="slow", seconds=0.3), 200, True),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else str(value),
)
def test_a_fault(fault: Fault, status: int, happened: bool, sandbox: Sandbox, refund_id: str) -> None:
    sandbox.faults.add(fault)
    began = time.monotonic()
    answer = ask(sandbox, "POST", SUBMIT, message(refund_id))
    took = time.monotonic() - began
    assert answer.status_code == status
    assert texts(sandbox, refund_id) == (["为什么"] if happened else [])
    if fault.kind == "rate_limited":
        assert answer.headers["retry-after"] == "3"
        assert answer.json()["code"] == 429
    elif fault.kind == "redirect":
        assert answer.headers["location"] == fault.location
    elif fault.kind == "invalid_json":
        with pytest.raises(ValueError, match=r".+"):
            answer.json()
    elif fault.kind == "huge":
        assert len(answer.content) > 100_000_000
    elif fault.kind == "slow":
        assert took >= 0.3


def test_headers_without_an_end_end_with_the_client(sandbox: Sandbox) -> None:
    sandbox.faults.add(Fault(kind="endless_headers", times=1))
    with socket.create_connection(("127.0.0.1", int(sandbox.url.rpartition(":")[2])), timeout=5) as connection:
        connection.sendall(b"GET /open/order/page HTTP/1.1\r\nhost: x\r\n\r\n")
        got = b""
        while len(got) < 50_000:
            got += connection.recv(65536)
    assert got.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"\r\n\r\n" not in got
    assert ask(sandbox, "GET", "/open/order/page").status_code == 200


def test_a_fault_is_for_its_operation_in_both_versions_and_for_so_many_calls() -> None:
    faults = Faults((Fault(kind="error", path=SUBMIT, times=2),))
    at = {operation.path: operation for operation in operations()}
    assert faults.take(at["/open/order/refund/query"]) is None
    assert faults.take(at[SUBMIT])
    assert [fault.times for fault in faults.all()] == [1]
    assert faults.take(at["/v2/taobao/order/refund/submit/message"])
    assert faults.take(at[SUBMIT]) is None
    assert faults.all() == []


def test_a_fault_by_probability_repeats_itself_for_the_same_seed() -> None:
    operation = operations()[0]
    runs = []
    for seed in (1, 1, 2):
        faults = Faults((Fault(kind="error", probability=0.3),), seed=seed)
        runs.append([faults.take(operation) is not None for _ in range(200)])
    assert runs[0] == runs[1] != runs[2]
    assert 30 < sum(runs[0]) < 90


def test_faults_are_asked_for_by_the_endpoint(sandbox: Sandbox) -> None:
    with httpx2.Client(trust_env=False, base_url=sandbox.url) as client:
        assert client.post("/sandbox/faults", json={"kind": "error", "times": 1}).status_code == 200
        assert [each["kind"] for each in client.get("/sandbox/faults").json()] == ["error"]
        assert ask(sandbox, "GET", "/open/order/page").status_code == 503
        assert client.get("/sandbox/faults").json() == []
        assert client.post("/sandbox/faults", json={"kind": "flood"}).status_code == 400
        client.post("/sandbox/faults", json={"kind": "error"})
        assert client.delete("/sandbox/faults").json() == []
    assert ask(sandbox, "GET", "/open/order/page").status_code == 200


def test_a_fault_strikes_before_the_signature_is_looked_at(sandbox: Sandbox) -> None:
    """As a gateway in front of the platform would."""
    sandbox.faults.add(Fault(kind="rate_limited", times=1))
    assert ask(sandbox, "GET", "/open/order/page", signed={}).status_code == 429
    assert sandboxes.ask(sandbox, "GET", "/open/order/page", signed={}).status_code == 401
