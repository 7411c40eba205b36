"""The named methods: which operation each stands for, what it sends, and what it makes of the answer."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import orjson
import pytest
from builders import account
from steps import Recorder, api, success

from receiver.accounts import Completed
from receiver.api import Api, Apis
from receiver.api.calls import Look
from receiver.envelope import Platform
from receiver.errors import UndocumentedOperation, WrongCall
from receiver.events import Money

ORDER = "3305075341149134260"


def sent(recorder: Recorder) -> tuple[str, str, Any]:
    request = recorder.requests[-1]
    body = None if request.body is None else orjson.loads(request.body)
    return request.method, request.url.removeprefix("https://api.pandapon.com"), body


CALLS: list[tuple[Platform, Callable[[Api], object], tuple[str, str, Any]]] = [
    (
        "1688",
        lambda api: api.order_detail(ORDER),
        ("POST", "/alibaba/order/detail", {"webSite": "1688", "orderId": ORDER}),
    ),
    ("1688", lambda api: api.order_list(page=2), ("POST", "/v2/alibaba/order/page", {"page": 2})),
    (
        "1688",
        lambda api: api.confirm_receipt(ORDER, lines=["7"], once="x"),
        ("POST", "/alibaba/order/receivegoods", {"orderId": int(ORDER), "orderEntryIds": [7]}),
    ),
    (
        "1688",
        lambda api: api.cancel_order(ORDER, reason="buyerCancel", once="x"),
        ("POST", "/alibaba/order/cancel", {"webSite": "1688", "orderId": int(ORDER), "cancelReason": "buyerCancel"}),
    ),
    (
        "1688",
        lambda api: api.refund_detail("TQ1"),
        ("POST", "/alibaba/refund/info?refundId=TQ1", {"refundId": "TQ1"}),
    ),
    (
        "1688",
        lambda api: api.create_refund(
            ORDER,
            kind="refund",
            goods_status="refundWaitSellerSend",
            amount=Money(amount=950, raw="9.50"),
            reason_id="20006",
            description="too late",
            lines=[ORDER],
            once="x",
        ),
        (
            "POST",
            "/alibaba/refund/detail/create",
            {
                "orderId": int(ORDER),
                "orderEntryIds": [int(ORDER)],
                "disputeRequest": "refund",
                "applyPayment": 950,
                "applyCarriage": 0,
                "applyReasonId": 20006,
                "description": "too late",
                "goodsStatus": "refundWaitSellerSend",
            },
        ),
    ),
    (
        "1688",
        lambda api: api.return_shipment("TQ1", carrier="ZTO", tracking_number="Z1", note="n", once="x"),
        (
            "POST",
            "/alibaba/refund/goods/return",
            {"refundId": "TQ1", "logisticsCompanyNo": "ZTO", "freightBill": "Z1", "description": "n"},
        ),
    ),
    (
        "taobao",
        lambda api: api.logistics("2000337890"),
        ("GET", "/open/order/logistics/detail/get?subPurchaseOrderId=2000337890", None),
    ),
    (
        "taobao",
        lambda api: api.refund_list(salesOrderId=ORDER),
        ("POST", "/open/order/refund/queryList", {"salesOrderId": ORDER, "pageNo": 1, "pageSize": 20}),
    ),
    ("taobao", lambda api: api.refund_detail("11"), ("GET", "/open/order/refund/query?refundId=11", None)),
    (
        "taobao",
        lambda api: api.refund_reasons(ORDER, goods_status=1, refund_type=1),
        ("POST", "/v2/taobao/order/refund/render", {"subOrderId": ORDER, "refundType": 1, "goodsStatus": 1}),
    ),
    ("taobao", lambda api: api.cancel_refund("11", once="x"), ("GET", "/open/order/refund/cancel/11", None)),
    (
        "taobao",
        lambda api: api.send_refund_message(refund_id="11", text="为什么", once="x"),
        ("POST", "/open/order/refund/submit/message", {"refundId": "11", "refundMessage": "为什么"}),
    ),
]


@pytest.mark.parametrize(("platform", "call", "expected"), CALLS)
def test_each_method_sends_what_the_page_says(
    platform: Platform, call: Callable[[Api], object], expected: tuple[str, str, Any]
) -> None:
    recorder = Recorder()
    call(api(recorder, platform=platform))
    assert sent(recorder) == expected
    assert len(recorder.requests) == 1


UNDOCUMENTED: list[tuple[Platform, Callable[[Api], object], str]] = [
    ("1688", lambda api: api.logistics(ORDER), "1688.order.logistics"),
    ("1688", lambda api: api.refund_reasons(ORDER, goods_status="x"), "1688.refund.reasons"),
    ("taobao", lambda api: api.order_detail(ORDER), "taobao.order.detail"),
    ("taobao", lambda api: api.order_list(), "taobao.order.list"),
    ("taobao", lambda api: api.cancel_order(ORDER, reason="x", once="x"), "taobao.order.cancel"),
    (
        "taobao",
        lambda api: api.create_refund(
            ORDER, kind=1, goods_status=1, amount=1, reason_id="1", description="x", once="x"
        ),
        "taobao.refund.submit",
    ),
    (
        "taobao",
        lambda api: api.return_shipment("11", carrier="ZTO", tracking_number="Z1", once="x"),
        "taobao.refund.submit_return",
    ),
    ("taobao", lambda api: api.refund_messages("11"), "taobao.refund.list_messages"),
]


@pytest.mark.parametrize(("platform", "call", "name"), UNDOCUMENTED)
def test_method_without_a_public_path_says_how_to_complete_it_and_then_works(
    platform: Platform, call: Callable[[Api], object], name: str
) -> None:
    recorder = Recorder()
    with pytest.raises(UndocumentedOperation, match=r"accounts\.operations"):
        call(api(recorder, platform=platform))
    assert recorder.requests == []
    completed = Completed(operation=name, method="POST", path="/mine")
    call(api(recorder, platform=platform, operations=(completed,)))
    assert sent(recorder)[:2] == ("POST", "/mine")


@pytest.mark.parametrize(
    ("platform", "call"),
    [
        ("1688", lambda api: api.send_refund_message("TQ1", "x", once="x")),
        ("1688", lambda api: api.cancel_refund("TQ1", once="x")),
        ("1688", lambda api: api.refund_list()),
        ("1688", lambda api: api.refund_messages("TQ1")),
        ("taobao", lambda api: api.confirm_receipt(ORDER, once="x")),
    ],
)
def test_platform_without_such_an_operation_says_so(platform: Platform, call: Callable[[Api], object]) -> None:
    with pytest.raises(UndocumentedOperation, match=f"documents no such operation for {platform}"):
        call(api(platform=platform))


def test_method_needs_to_know_the_platform() -> None:
    with pytest.raises(WrongCall, match="platform"):
        api(platform=None).order_detail(ORDER)


def test_order_is_typed_and_takes_the_id_that_lost_no_digit() -> None:
    data = {
        "baseInfo": {
            "id": 58218860983545944,
            "idOfStr": "58218860983545941",
            "status": "waitbuyerpay",
            "buyerContact": {"name": "PLANTED"},
            "totalAmount": 6.15,
        },
        "productItems": [{"subItemID": 7, "quantity": 2.0, "itemAmount": 0.3}],
    }
    order = api(Recorder(success(data))).order_detail("58218860983545941")
    assert (order.id, order.status) == ("58218860983545941", "waitbuyerpay")
    assert order.total == Money(amount=615, raw="6.15")
    assert (order.lines[0].id, order.lines[0].quantity) == ("7", 2)
    assert order.raw["baseInfo"]["id"] == "58218860983545944"
    assert "PLANTED" not in repr(order)


def test_refund_of_taobao_is_typed() -> None:
    data = {
        "currency": "CNY",
        "refundOrderAggregate": {
            "refundOrder": {
                "refundId": 1100026857,
                "refundStatus": -10,
                "refundFee": 950,
                "reasonId": 3,
                "reasonDesc": "late",
                "refundType": 1,
                "goodsStatus": 2,
                "sellerRefuseReasonDescribe": "no",
            },
            "purchaseOrderLine": {"salesOrderId": ORDER},
            "logistics": {"logisticsNo": "Z1"},
        },
    }
    refund = api(Recorder(success(data)), platform="taobao").refund_detail("1100026857")
    found = refund.model_dump(exclude={"raw"})
    assert found == {
        "id": "1100026857",
        "order_id": ORDER,
        "status": "-10",
        "amount": {"amount": 950, "currency": "CNY", "raw": "950"},
        "kind": "1",
        "goods_status": "2",
        "reason_id": "3",
        "reason": "late",
        "refusal": "no",
        "tracking_number": "Z1",
    }


def test_lists_are_typed_wherever_they_stand() -> None:
    reasons = success({"refundOrderTemplate": {"refundReasons": [{"reasonId": 3, "reasonDesc": "late"}, "odd"]}})
    found = api(Recorder(reasons), platform="taobao").refund_reasons(ORDER, goods_status=1, refund_type=1)
    assert [(reason.id, reason.text) for reason in found] == [("3", "late")]
    parcels = success(
        {
            "pnmLogisticsDetails": [
                {
                    "mailNo": "Z1",
                    "logisticsTraces": [{"status": "ACCEPT"}, {"status": "TRANSPORT"}, {}],
                    "logisticsPartner": [{"company": "ZTO"}],
                },
                {"mailNo": None, "logisticsTraces": None, "logisticsPartner": None},
            ]
        }
    )
    first, second = api(Recorder(parcels), platform="taobao").logistics("1")
    assert (first.tracking_number, first.carrier, first.status) == ("Z1", "ZTO", "TRANSPORT")
    assert (second.tracking_number, second.carrier, second.status) == (None, None, None)
    orders = api(Recorder(success({"records": [{"orderId": int(ORDER)}]}))).order_list()
    assert [order.id for order in orders] == [ORDER]
    assert api(Recorder(success("odd"))).order_list() == ()
    refunds = api(Recorder(success([{"refundId": 1, "refundFee": 5}])), platform="taobao").refund_list()
    assert [(refund.id, refund.amount and refund.amount.amount) for refund in refunds] == [("1", 5)]


def test_refund_that_was_made_has_an_id() -> None:
    made = api(Recorder(success({"refundId": "TQ7"}))).create_refund(
        ORDER, kind="refund", goods_status="x", amount=1, reason_id="1", description="x", once="x"
    )
    assert made is not None
    assert made.id == "TQ7"


class Gate:
    """One that was left without an outcome: it looks."""

    def run(self, _purpose: str, _send: Callable[[float], Any], look: Look | None, _deadline: timedelta) -> Any:
        self.look = look


LIST = Completed(operation="taobao.refund.list_messages", method="POST", path="/list")


@pytest.mark.parametrize(
    ("data", "there"),
    [
        ([{"content": "why"}], True),
        ({"list": [{"deep": {"text": " why "}}], "total": 40}, True),
        ([{"content": "why not"}], False),
        ([], False),
        ({"list": [], "total": 0}, False),
        ({"list": [{"content": "x"}], "totalCount": "1"}, False),
        ({"list": [{"content": "x"}], "total": 40}, None),
        ({"list": [], "pageNo": 1}, None),
        ({"list": [], "hasNext": False}, None),
        ({"odd": 1}, None),
        (None, None),
    ],
)
def test_message_is_looked_for_in_the_list(data: Any, there: bool | None) -> None:
    """That it surely is not there can be told of a whole list alone."""
    gate = Gate()
    line = account(user_id="1", operations=(LIST,))
    caller = Apis([line], send=Recorder(success(data))).of(line.name, "taobao", gate)
    assert caller.send_refund_message("11", "why", once="ask") is None
    assert gate.look is not None
    assert gate.look() is there


def test_message_cannot_be_looked_for_where_the_list_is_not_public() -> None:
    gate = Gate()
    line = account(user_id="1")
    Apis([line], send=Recorder()).of(line.name, "taobao", gate).send_refund_message("11", "why", once="ask")
    assert gate.look is None
