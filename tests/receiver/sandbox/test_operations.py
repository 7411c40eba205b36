"""Every documented operation is answered with the documented envelope, and those with an effect have it."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
import sandboxes
from sandboxes import call

from receiver.sandbox.operations import Operation, operations, plain
from receiver.sandbox.orders import Wanted
from receiver.sandbox.running import Sandbox
from receiver.sandbox.stories import play

#: Values for parameters that must be there; ids are put in where they are known.
VALUES: dict[str, Any] = {
    "webSite": "1688",
    "flow": "general",
    "quantity": 1,
    "itemId": "643285617321",
    "cargoParamList": [{"offerId": 643285617321, "specId": "a", "quantity": 2, "sellerOpenId": "s"}],
    "orderLineList": orjson.dumps([{"itemId": "643285617321", "quantity": 1, "price": 900}]).decode(),
    "receiver": "{}",
    "params": "[]",
    "refundType": 1,
    "goodsStatus": 1,
    "pageSize": 10,
    "disputeRequest": "refund",
    "applyPayment": 100,
    "applyCarriage": 0,
    "applyReasonId": 20021,
}


TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict}


@pytest.fixture(scope="module")
def quiet() -> Iterator[Sandbox]:
    """Nobody listens to it."""
    with Sandbox([sandboxes.ACCOUNT]) as sandbox:
        yield sandbox


def parameters(operation: Operation, **ids: Any) -> dict[str, Any]:
    """What must be there, and what the page names without saying whether it must."""
    values = {**VALUES, **ids}
    if operation.evidence == "partial":  # the page's own list is cut off
        return values
    named = [name for name in operation.parameters if "(" not in name]
    return {name: values.get(name, "1") for name in named if name in values or name in operation.required}


def at(operation: Operation, refund_id: str, body: dict[str, Any]) -> str:
    path = operation.path.replace("{refundId}", refund_id)
    query = {name: "1" for name in ("timestamp", "sign") if operation.own_signature}
    if operation.method == "GET":
        query = body
    return path + ("?" + "&".join(f"{name}={value}" for name, value in query.items()) if query else "")


@pytest.mark.parametrize("operation", operations(), ids=lambda each: f"{each.method} {each.path}")
def test_every_operation_answers_with_the_envelope(operation: Operation, quiet: Sandbox) -> None:
    """Whether it is done or refused: the names and types of https://doc.pandapon.com/doc-5774404."""
    cast = play("refund-rejected" if operation.platform == "taobao" else "return-of-goods", quiet)
    known = {
        "orderId": cast.order_id,
        "orderIds": [cast.order_id],
        "refundId": cast.refund_id,
        "refundMessage": "为什么",
        "subOrderId": cast.line_ids[0],
        "subPurchaseOrderId": cast.line_ids[0],
    }
    body = parameters(operation, **known)
    path = at(operation, cast.refund_id, body)
    answer = sandboxes.ask(quiet, operation.method, path, None if operation.method == "GET" else body)
    envelope = answer.json()
    assert list(envelope) == ["requestId", "code", "msg", "developId", "data"]
    types = [type(envelope[name]) for name in ("requestId", "code", "msg", "developId")]
    assert types == [str, int, str, str]
    assert answer.status_code == 200
    assert envelope["code"] in (200, 400, 409), envelope
    if operation.where == "page":
        # What is asked for twice or too late is refused, with what the page demands at hand.
        assert envelope["code"] in (200, 409), envelope
    if envelope["code"] == 200 and isinstance(envelope["data"], dict):
        for field in operation.data:
            if field["name"] == "data":
                continue
            value = envelope["data"][field["name"]]
            assert value is None or isinstance(value, TYPES[field["type"]]), field


def test_they_are_all_there_each_at_a_path_of_its_own() -> None:
    """The catalogue's 149 rows, less 12 callbacks and the marketing that has no operation."""
    every = operations()
    assert len(every) == 136
    assert len({(each.method, each.path) for each in every}) == 136
    assert Counter(each.where for each in every) == {"page": 57, "inferred": 26, "sandbox": 53}
    assert all(each.where == "page" for each in every if each.evidence in ("confirmed", "partial"))


def test_what_is_no_operation_is_not_there(sandbox: Sandbox) -> None:
    answer = sandboxes.ask(sandbox, "POST", "/open/order/nothing", {})
    assert (answer.status_code, answer.json()["code"]) == (404, 404)
    assert sandboxes.ask(sandbox, "HEAD", "/open/order/refund/cancel/1").status_code == 405


@pytest.mark.parametrize("version", ["", "/v2"])
def test_an_order_of_1688_from_its_placing_to_its_refund(version: str, sandbox: Sandbox) -> None:
    base = f"{version}/alibaba"
    order_id = call(sandbox, "POST", f"{base}/order/create", {**VALUES, "addressParam": {}})["orderId"]
    number = int(order_id)
    call(sandbox, "GET", f"{base}/order/pay/url?orderId={order_id}")
    assert sandbox.do(lambda state: state.orders.ship(order_id))
    detail = call(sandbox, "POST", "/alibaba/order/detail", {"webSite": "1688", "orderId": order_id})
    assert (detail["baseInfo"]["idOfStr"], detail["baseInfo"]["status"]) == (order_id, "waitbuyerreceive")
    assert len(call(sandbox, "GET", f"{base}/order/logistics/trace?orderId={order_id}")) == 1
    done = call(sandbox, "POST", f"{base}/order/receivegoods", {"orderId": number, "orderEntryIds": []})
    assert done == {"success": True, "errorInfo": "", "errorCode": ""}
    reason = call(sandbox, "POST", f"{base}/refund/reasons", {"orderId": number})["reasons"][0]["id"]
    wanted = {
        "orderId": number,
        "disputeRequest": "returnRefund",
        "applyPayment": 100,
        "applyCarriage": 0,
        "applyReasonId": reason,
        "description": "坏了",
        "goodsStatus": "aftersaleBuyerReceived",
    }
    refund_id = call(sandbox, "POST", f"{base}/refund/detail/create", wanted)["refundId"]
    sandbox.do(lambda state: state.refunds.agree(refund_id))
    carrier = call(sandbox, "GET", f"{base}/logistics/companies")[0]["companyNo"]
    parcel = {"refundId": refund_id, "logisticsCompanyNo": carrier, "freightBill": "YT1"}
    call(sandbox, "POST", f"{base}/refund/goods/return", parcel)
    # In the body by one page, in the query by another.
    for found in (
        call(sandbox, "POST", f"{base}/refund/info", {"refundId": refund_id}),
        call(sandbox, "POST", f"{base}/refund/info?refundId={refund_id}"),
    ):
        assert (found["status"], found["freightBill"], found["applyPayment"]) == ("waitsellerreceive", "YT1", 100)
    page = call(sandbox, "POST", f"{base}/order/page", {"pageNo": 1, "pageSize": 1})
    assert (page["totalRecords"], page["data"][0]["baseInfo"]["idOfStr"]) == (1, order_id)


@pytest.mark.parametrize("base", ["/open", "/v2/taobao"])
def test_an_order_of_taobao_from_its_placing_to_its_refund(base: str, sandbox: Sandbox) -> None:
    placed = call(sandbox, "POST", f"{base}/order", {**VALUES, "sellerOrderNumber": "PO1"})
    order_id, line = placed["id"], placed["subOrderVOS"][0]["subOrderId"]
    call(sandbox, "POST", f"{base}/order/pay", {"orderId": order_id})
    sandbox.do(lambda state: state.orders.ship(order_id))
    assert call(sandbox, "GET", f"{base}/order/detail?orderId={order_id}")["status"] == 11
    assert (
        call(sandbox, "GET", f"{base}/order/page")["totalRecords" if base == "/open" else "data"]
        if base == "/open"
        else True
    )
    parcels = call(sandbox, "GET", f"{base}/order/logistics/detail/get?subPurchaseOrderId={line}")
    assert parcels["pnmLogisticsDetails"][0]["mailNo"].startswith("YT")
    asked = {"subOrderId": line, "refundType": 2, "goodsStatus": 4}
    rendered = call(sandbox, "POST", f"{base}/order/refund/render", asked)
    assert rendered["refundOrderTemplate"]["maxRefundFee"]["refundFee"] == 900 + 500
    refund_id = call(sandbox, "POST", f"{base}/order/refund/submit", {**asked, "refundFee": 900})["refundId"]
    sandbox.do(lambda state: state.refunds.reject(refund_id, "没有质量问题"))
    written = {"refundId": refund_id, "refundMessage": "为什么", "refundImages": ""}
    call(sandbox, "POST", f"{base}/order/refund/submit/message", written)
    sandbox.do(lambda state: state.refunds.post(refund_id, "seller", "请提供照片"))
    thread = call(sandbox, "POST", f"{base}/order/refund/message/list", {"refundId": refund_id})["data"]
    assert [(post["author"], post["refundMessage"]) for post in thread] == [
        ("buyer", "为什么"),
        ("seller", "请提供照片"),
    ]
    call(sandbox, "POST", f"{base}/order/refund/modify", {"refundId": refund_id, "refundFee": 800})
    sandbox.do(lambda state: state.refunds.agree(refund_id))
    parcel = {"refundId": refund_id, "logisticsNo": "YT1", "logisticsCompanyCode": "YTO"}
    call(sandbox, "POST", f"{base}/order/refund/logistics/submit", parcel)
    shown = call(sandbox, "GET", f"{base}/order/refund/query?refundId={refund_id}")["refundOrderAggregate"]
    assert shown["refundOrder"]["refundStatus"] == 30
    assert shown["logistics"]["logisticsNo"] == "YT1"
    listed = call(sandbox, "POST", f"{base}/order/refund/queryList", {"salesOrderId": order_id, "pageSize": 10})
    assert [row["refundOrderAggregate"]["refundOrder"]["refundId"] for row in listed["data"]] == [refund_id]


def test_a_refund_is_withdrawn_once(sandbox: Sandbox) -> None:
    order = sandbox.do(lambda state: state.orders.place("main", "taobao", [Wanted(item_id="1")]))[0].order
    sandbox.do(lambda state: state.orders.pay(order.id))
    refund_id = sandbox.do(lambda state: state.refunds.request(order.id, kind="money", amount=1))[0].subject
    path = f"/open/order/refund/cancel/{refund_id}"
    assert call(sandbox, "GET", path)["cancelSuccess"] is True
    again = sandboxes.ask(sandbox, "GET", path)
    assert (again.status_code, again.json()["code"]) == (200, 409)


def test_version_2_renames_as_the_pages_do() -> None:
    """Wherever both versions of an operation are documented, the renaming leads from one to the other."""
    documented = {each.path for each in operations() if each.where == "page"}
    paired = [path for path in documented if path.startswith("/v2/") and plain(path) in documented]
    assert len(paired) >= 10
