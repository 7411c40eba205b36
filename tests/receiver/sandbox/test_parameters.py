"""What a call says is believed no further than a platform would."""

from typing import Any

import httpx2
import pytest
import sandboxes
from sandboxes import call

from receiver.sandbox.operations import Operation, operations
from receiver.sandbox.orders import Wanted
from receiver.sandbox.running import Sandbox

POSTED = [
    operation
    for operation in operations()
    if operation.method == "POST" and operation.version == "v1" and operation.group in ("orders", "after-sales")
]
VALUES: list[Any] = [None, True, 1.5, "", "x" * 5000, 10**40, -1, 1, "1", [], {}, [{}], [1], [[{}]], {"a": {}}]


@pytest.mark.parametrize("operation", POSTED, ids=lambda each: each.path)
def test_no_value_of_a_parameter_breaks_it(operation: Operation, sandbox: Sandbox) -> None:
    """Whatever is sent is answered with the envelope, and what came of it can be shown."""
    path = operation.path.replace("{refundId}", "1")
    named = [name for name in operation.parameters if "(" not in name]
    with httpx2.Client(trust_env=False, base_url=sandbox.url) as client:
        for value in VALUES:
            given = dict.fromkeys(named, value)
            inner = {"itemId": value, "offerId": value, "specId": value, "sellerOpenId": value, "price": value}
            rows = [{**inner, "quantity": value}, {**inner, "quantity": 1}]
            for body in (given, {**given, "cargoParamList": rows, "orderLineList": rows}, [given], value):
                answer = client.post(path, json=body, headers=sandboxes.headers())
                assert answer.json()["code"] in (200, 400, 404, 409), body
    for page in ("/alibaba/order/page", "/v2/taobao/order/page", "/open/order/refund/queryList"):
        call(sandbox, "POST", page, {"pageSize": 100})


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"webSite": "1688", "cancelReason": "x"}, 400),
        ({"webSite": "1688", "cancelReason": "x", "orderId": 3.3e18}, 400),
        ({"webSite": "1688", "cancelReason": "x", "orderId": 3305075341149134260}, 404),
    ],
    ids=["missing", "a float has lost digits", "unknown"],
)
def test_a_wrong_id_is_refused(body: dict[str, Any], code: int, sandbox: Sandbox) -> None:
    answer = sandboxes.ask(sandbox, "POST", "/alibaba/order/cancel", body)
    assert (answer.status_code, answer.json()["code"]) == (200, code)


def test_an_order_is_cancelled_until_it_is_paid(sandbox: Sandbox) -> None:
    order = sandbox.do(lambda state: state.orders.place("main", "1688", [Wanted(item_id="1")]))[0].order
    body = {"webSite": "1688", "orderId": int(order.id), "cancelReason": "buyerCancel"}
    assert call(sandbox, "POST", "/alibaba/order/cancel", body) is True
    assert sandboxes.ask(sandbox, "POST", "/alibaba/order/cancel", body).json()["code"] == 409
