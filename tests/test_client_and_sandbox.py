"""The client of the platform's API against the fake platform, each written from the pages without the other.

Where they differ, one of them has misread a page.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import sandboxes

from receiver import errors
from receiver import operations as catalogue
from receiver.accounts import Account, ApiAccess, Completed
from receiver.api import Api, Apis
from receiver.envelope import Platform
from receiver.sandbox import operations as served
from receiver.sandbox.faults import Fault
from receiver.sandbox.order import Order
from receiver.sandbox.orders import Wanted
from receiver.sandbox.refund import Refund
from receiver.sandbox.running import Sandbox
from receiver.sources.operation import Operation, Parameter

KNOWN = catalogue.of_source("pandapon")
PUBLIC = [operation for operation in KNOWN if operation.callable]
#: The page of the marketing tools names no operation at all.
NAMED_ONLY = [operation for operation in KNOWN if not operation.callable and operation.group != "marketing"]


def at_the_sandbox(operation: Operation) -> served.Operation:
    """The same operation: by its path, or where none is public, by its page's title."""
    if operation.callable:
        where: tuple[object, ...] = (operation.method, operation.path)
        return next(row for row in served.operations() if (row.method, row.path) == where)
    where = (operation.platform, operation.version, operation.group, operation.name_en)
    return next(row for row in served.operations() if (row.platform, row.version, row.group, row.name) == where)


def completed(operation: Operation) -> Completed:
    row = at_the_sandbox(operation)
    return Completed(operation=operation.name, method=row.method, path=row.path)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox([sandboxes.ACCOUNT]) as sandbox:
        yield sandbox


@pytest.fixture(autouse=True)
def _well(sandbox: Sandbox) -> Iterator[None]:
    yield
    sandbox.faults.clear()


def account(sandbox: Sandbox, **changes: Any) -> Account:
    access = ApiAccess(url=sandbox.url, rate=1000, timeout=5)
    return replace(sandboxes.ACCOUNT, api=access, **changes)


@pytest.fixture(scope="module")
def apis(sandbox: Sandbox) -> Iterator[Apis]:
    """Of an account whose owner has read all of the console."""
    apis = Apis([account(sandbox, operations=tuple(map(completed, NAMED_ONLY)))])
    yield apis
    apis.close()


@pytest.mark.parametrize("operation", PUBLIC, ids=lambda row: row.name)
def test_both_have_read_the_same_parameters(operation: Operation) -> None:
    row = at_the_sandbox(operation)
    assert {parameter.name for parameter in operation.parameters} == set(row.parameters)
    assert {parameter.name for parameter in operation.parameters if parameter.required} == set(row.required)
    assert (operation.evidence, operation.page) == (row.evidence, row.page)
    assert operation.signed is not row.own_signature


#: By type, and where that does not do, by name.
BY_TYPE: dict[str, Any] = {
    "string": "1",
    "integer": 1,
    "number": 1,
    "json": [],
    "array[integer]": [1],
    "array[string]": ["1"],
    "array[object]": [{}],
    "object": {},
}
BY_NAME: dict[str, Any] = {
    "disputeRequest": "refund",
    "applyPayment": 100,
    "applyCarriage": 0,
    "applyReasonId": 20021,
    "orderLineList": [{"itemId": "643285617321", "quantity": 1, "price": 900, "orderLineNo": "1", "currency": "CNY"}],
    "cargoParamList": [{"offerId": 643285617321, "specId": "a", "quantity": 2, "sellerOpenId": "s"}],
}

#: What pages that are not public may ask for.
GUESSED: dict[str, Any] = {
    **BY_NAME,
    "refundType": 2,
    "refundFee": 100,
    "refundMessage": "为什么",
    "logisticsCompanyCode": "YTO",
    "logisticsNo": "YT1",
    "logisticsCompanyNo": "YTO",
    "freightBill": "YT1",
    "description": "坏了",
    "goodsStatus": 1,
}


def sample(parameter: Parameter) -> Any:
    if parameter.name in BY_NAME:
        return BY_NAME[parameter.name]
    if parameter.fields:
        fields = {field.name: sample(field) for field in parameter.fields}
        return [fields] if parameter.type.startswith("array") else fields
    return BY_TYPE[parameter.type]


def open_order(sandbox: Sandbox, platform: Platform, *, shipped: bool = True) -> Order:
    wanted = [Wanted(item_id="643285617321", title="不锈钢保温杯", quantity=2, price=2500)]
    order = sandbox.do(lambda state: state.orders.place("main", platform, wanted))[0].order
    if shipped:
        sandbox.do(lambda state: state.orders.pay(order.id))
        sandbox.do(lambda state: state.orders.ship(order.id))
    return sandbox.state.orders.get(order.id)


def open_refund(sandbox: Sandbox, platform: Platform) -> Refund:
    order = open_order(sandbox, platform)
    told = sandbox.do(
        lambda state: state.refunds.request(order.id, kind="return", amount=100, line_ids=(order.lines[0].id,))
    )
    return sandbox.state.refunds.get(told[0].subject)


def given(operation: Operation, sandbox: Sandbox) -> dict[str, Any]:
    """Every parameter, with ids of what there is."""
    platform: Platform = "1688" if operation.platform == "1688" else "taobao"
    refund = open_refund(sandbox, platform)
    order = open_order(sandbox, platform, shipped="cancel" not in operation.name and ".pay" not in operation.name)
    ids = {
        "refundId": refund.id,
        "orderId": order.id,
        "orderIds": [order.id],
        "subOrderId": order.lines[0].id,
        "subPurchaseOrderId": order.lines[0].id,
        "orderEntryIds": [order.lines[0].id],
    }
    if "submit_return" in operation.name:
        sandbox.do(lambda state: state.refunds.agree(refund.id))
    if operation.platform == "1688":
        ids["goodsStatus"] = "aftersaleBuyerReceived"
    documented = {parameter.name: ids.get(parameter.name, sample(parameter)) for parameter in operation.parameters}
    # Where the page is not public, or cut off: as the sandbox wants it.
    return documented if operation.evidence == "confirmed" else {**GUESSED, **ids, **documented}


@pytest.mark.parametrize("operation", PUBLIC + NAMED_ONLY, ids=lambda row: row.name)
def test_every_operation_goes_round(operation: Operation, sandbox: Sandbox, apis: Apis) -> None:
    """Its signature is accepted, its parameters are found where they are looked for, its answer is read."""
    apis.of("main").call(operation.name, once="test", **given(operation, sandbox))
    row, call = at_the_sandbox(operation), sandbox.api.calls[-1]
    assert re.fullmatch(re.sub(r"{\w+}", "[^/]+", row.path), call.path)
    assert (call.method, call.code) == (row.method, 200)


@pytest.mark.parametrize("operation", NAMED_ONLY, ids=lambda row: row.name)
def test_what_has_no_public_path_is_not_called_and_names_the_cure(operation: Operation, sandbox: Sandbox) -> None:
    apis, before = Apis([account(sandbox)]), len(sandbox.api.calls)
    with pytest.raises(errors.UndocumentedOperation, match=r"\[accounts\.operations\]"):
        apis.of("main").call(operation.name, once="test")
    apis.close()
    assert len(sandbox.api.calls) == before


def test_an_order_and_a_refund_of_taobao_as_the_platform_holds_them(sandbox: Sandbox, apis: Apis) -> None:
    api, order = apis.of("main", "taobao"), open_order(sandbox, "taobao")
    found, line = api.order_detail(order.id), order.lines[0]
    assert (found.id, len(order.id)) == (order.id, 19)
    assert [(row.id, row.item_id, row.sku_id, row.quantity) for row in found.lines] == [
        (line.id, line.item_id, line.sku_id, 2)
    ]
    assert found.lines[0].amount is not None
    assert found.lines[0].amount.amount == line.amount == 5000
    assert order.id in {row.id for row in api.order_list(pageSize=100, pageNo=last_page(sandbox, "taobao"))}
    assert line.shipment is not None
    [parcel] = api.logistics(line.id)
    assert (parcel.tracking_number, parcel.carrier) == (line.shipment.number, line.shipment.carrier)

    reasons = api.refund_reasons(line.id, goods_status=4, refund_type=2)
    assert ("20021", "质量问题") in {(reason.id, reason.text) for reason in reasons}
    made = api.create_refund(
        line.id, kind=2, goods_status=4, amount=1000, reason_id="20021", description="坏了", once="x"
    )
    assert made is not None
    assert made.id is not None
    refund_id = made.id
    assert sandbox.state.refunds.get(refund_id).amount == 1000

    sandbox.do(lambda state: state.refunds.reject(refund_id, "无质量问题"))
    refund = api.refund_detail(refund_id)
    assert refund.model_dump(exclude={"raw"}) == {
        "id": refund_id,
        "order_id": order.id,
        "status": "-10",
        "amount": {"amount": 1000, "currency": "CNY", "raw": "1000"},
        "kind": "2",
        "goods_status": "4",
        "reason_id": "20021",
        "reason": "质量问题",
        "refusal": "无质量问题",
        "tracking_number": None,
    }
    assert [row.id for row in api.refund_list(salesOrderId=order.id)] == [refund_id]

    api.send_refund_message(refund_id, "为什么", once="why")
    sandbox.do(lambda state: state.refunds.post(refund_id, "seller", "请提供照片"))
    assert [message.text for message in api.refund_messages(refund_id)] == ["为什么", "请提供照片"]
    assert [post.author for post in sandbox.state.refunds.get(refund_id).thread] == ["buyer", "seller"]

    sandbox.do(lambda state: state.refunds.change(refund_id))
    sandbox.do(lambda state: state.refunds.agree(refund_id))
    api.return_shipment(refund_id, carrier="YTO", tracking_number="YT1", once="back")
    assert api.refund_detail(refund_id).tracking_number == "YT1"
    assert sandbox.state.refunds.get(refund_id).state == "returning"

    other = open_refund(sandbox, "taobao")
    api.cancel_refund(other.id, once="no")
    assert sandbox.state.refunds.get(other.id).state == "closed"
    unpaid = open_order(sandbox, "taobao", shipped=False)
    api.cancel_order(unpaid.id, reason="buyerCancel", once="no")
    assert sandbox.state.orders.get(unpaid.id).stage == "closed"


def test_an_order_and_a_refund_of_1688_as_the_platform_holds_them(sandbox: Sandbox, apis: Apis) -> None:
    api, order = apis.of("main", "1688"), open_order(sandbox, "1688")
    found, line = api.order_detail(order.id), order.lines[0]
    assert (found.id, found.status, len(order.id)) == (order.id, "waitbuyerreceive", 19)
    amounts = [amount and amount.amount for amount in (found.total, found.goods_amount, found.shipping_fee)]
    assert amounts == [order.total, order.goods_amount, order.shipping_fee] == [5500, 5000, 500]
    assert [(row.id, row.item_id, row.quantity) for row in found.lines] == [(line.id, line.item_id, 2)]
    assert order.id in {row.id for row in api.order_list(pageSize=100, pageNo=last_page(sandbox, "1688"))}
    assert line.shipment is not None
    assert [parcel.tracking_number for parcel in api.logistics(order.id)] == [line.shipment.number]
    api.confirm_receipt(order.id, once="got")
    assert sandbox.state.orders.get(order.id).stage == "received"

    assert len(api.refund_reasons(order.id, goods_status="aftersaleBuyerReceived")) == 3
    made = api.create_refund(
        order.id,
        kind="returnRefund",
        goods_status="aftersaleBuyerReceived",
        amount=1000,
        reason_id="20021",
        description="坏了",
        lines=[line.id],
        once="x",
    )
    assert made is not None
    assert made.id is not None
    refund_id = made.id
    sandbox.do(lambda state: state.refunds.agree(refund_id))
    api.return_shipment(refund_id, carrier="YTO", tracking_number="YT1", once="back")
    refund = api.refund_detail(refund_id)
    assert refund.model_dump(exclude={"raw"}) == {
        "id": refund_id,
        "order_id": order.id,
        "status": "waitsellerreceive",
        "amount": {"amount": 1000, "currency": "CNY", "raw": "1000"},
        "kind": "returnRefund",
        "goods_status": "aftersaleBuyerReceived",
        "reason_id": "20021",
        "reason": "质量问题",
        "refusal": None,
        "tracking_number": "YT1",
    }
    unpaid = open_order(sandbox, "1688", shipped=False)
    api.cancel_order(unpaid.id, reason="buyerCancel", once="no")
    assert sandbox.state.orders.get(unpaid.id).stage == "closed"


def last_page(sandbox: Sandbox, platform: Platform) -> int:
    """Of 100 orders each; earlier tests have left some."""
    return -(-sum(order.platform == platform for order in sandbox.state.orders.all()) // 100)


def failing(api: Api, order_id: str = "1") -> errors.HandlerFailure:
    with pytest.raises(errors.HandlerFailure) as caught:
        api.order_detail(order_id)
    return caught.value


@pytest.mark.parametrize(
    ("fault", "error", "permanent"),
    [
        (Fault(kind="error", status=500), errors.ApiUnavailable, False),
        (Fault(kind="error", status=503), errors.ApiUnavailable, False),
        (Fault(kind="rate_limited", seconds=3), errors.ApiRateLimited, False),
        (Fault(kind="invalid_json"), errors.ApiUnexpectedAnswer, False),
        (Fault(kind="redirect"), errors.ApiUnexpectedAnswer, False),
        (Fault(kind="drop"), errors.Unanswered, False),
        (Fault(kind="huge"), errors.Unanswered, False),
        (Fault(kind="endless_headers"), errors.Unanswered, False),
        (Fault(kind="slow", seconds=6), errors.Unanswered, False),
        (None, errors.ApiUnknownId, True),
    ],
    ids=lambda value: value.kind if isinstance(value, Fault) else None,
)
def test_what_the_platform_does_is_an_error_by_its_meaning(
    sandbox: Sandbox, fault: Fault | None, error: type[errors.HandlerFailure], permanent: bool
) -> None:
    if fault is not None:
        sandbox.faults.add(fault.model_copy(update={"times": 1}))
    apis = Apis([replace(account(sandbox), api=ApiAccess(url=sandbox.url, rate=1000, timeout=1))])
    found = failing(apis.of("main", "1688"))
    assert type(found) is error
    assert isinstance(found, errors.PermanentFailure) is permanent
    if isinstance(found, errors.ApiRateLimited):
        assert found.retry_after == timedelta(seconds=3)
    else:  # and the next call of the same client is well
        order = open_order(sandbox, "1688")
        assert apis.of("main", "1688").order_detail(order.id).id == order.id
    apis.close()


def test_what_the_platform_refuses_is_permanent(sandbox: Sandbox, apis: Apis) -> None:
    """An order of the other platform; and one that cannot be cancelled any more."""
    order = open_order(sandbox, "1688")
    with pytest.raises(errors.ApiRefused) as caught:
        apis.of("main", "1688").cancel_order(order.id, reason="x", once="x")
    assert (caught.value.code, caught.value.surely_absent) == ("409", True)
    with pytest.raises(errors.ApiRefused):
        apis.of("main", "taobao").order_detail(order.id)


@pytest.mark.parametrize("changes", [{"secrets": ("wrong",)}, {"access_key": "nobody"}])
def test_a_wrong_key_is_told_as_such(sandbox: Sandbox, changes: dict[str, Any]) -> None:
    apis = Apis([account(sandbox, **changes)])
    found = failing(apis.of("main", "1688"))
    apis.close()
    assert type(found) is errors.ApiAuthenticationError
    assert isinstance(found, errors.PermanentFailure)
