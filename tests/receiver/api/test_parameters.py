"""Each parameter of its type and in its place, and what is wrong with one named without its value."""

from decimal import Decimal
from typing import Any

import pytest
from builders import account

from receiver import operations
from receiver.accounts import Completed
from receiver.api.parameters import place
from receiver.errors import WrongCall
from receiver.sources.calling import Placed

ORDER = "3305075341149134260"
LONG = "330507534114913426099"


def placed(name: str, *completed: Completed, **given: Any) -> Placed:
    return place(operations.named(name, account(operations=completed)), given)


@pytest.mark.parametrize("order_id", [ORDER, int(ORDER), f" {ORDER} "])
def test_integer_goes_with_all_its_digits(order_id: Any) -> None:
    found = placed("1688.order.confirm_receipt", orderId=order_id, orderEntryIds=(ORDER, int(LONG)))
    assert found.body == {"orderId": int(ORDER), "orderEntryIds": [int(ORDER), int(LONG)]}


@pytest.mark.parametrize("order_id", [ORDER, int(ORDER)])
def test_text_goes_as_text(order_id: Any) -> None:
    assert placed("1688.order.detail", webSite="1688", orderId=order_id).body == {"webSite": "1688", "orderId": ORDER}


REFUSED = [
    ("1688.order.confirm_receipt", {"orderId": 3.0}, "orderId: expected a whole number"),
    ("1688.order.confirm_receipt", {"orderId": True}, "orderId: expected a whole number"),
    ("1688.order.confirm_receipt", {"orderId": "PLANTED"}, "orderId: expected a whole number"),
    ("1688.order.confirm_receipt", {"orderEntryIds": [1.0]}, r"orderEntryIds\[0\]: expected a whole number"),
    ("1688.order.confirm_receipt", {"orderEntryIds": ORDER}, "orderEntryIds: expected a list"),
    ("1688.order.detail", {"webSite": "1688", "orderId": 1e18}, "orderId: expected text"),
    ("1688.order.detail", {"orderId": ORDER}, "missing parameter 'webSite'"),
    ("1688.order.detail", {"webSite": "1688", "orderid": ORDER}, "no parameter 'orderid'; did you mean orderId"),
    ("1688.order.detail", {"webSite": "1688", "zzz": 1}, "no parameter 'zzz'; it takes orderId, webSite"),
    ("1688.v2.cart.list", {"zzz": 1}, "it takes none"),
    ("taobao.refund.cancel", {}, "missing parameter 'refundId'"),
    ("taobao.refund.cancel", {"refundId": ".."}, "refundId: expected an id"),
    ("taobao.refund.cancel", {"refundId": ""}, "refundId: expected an id"),
    ("taobao.refund.cancel", {"refundId": 1.5}, "refundId: expected text"),
    ("1688.order.create", {"flow": "g", "addressParam": {}, "cargoParamList": [{}]}, r"\[0\]: missing 'offerId'"),
    ("1688.order.create", {"flow": "g", "addressParam": "x", "cargoParamList": []}, "addressParam: expected an object"),
    (
        "1688.order.create",
        {"flow": "g", "addressParam": {}, "cargoParamList": [{"offerId": 1.0, "specId": "s", "quantity": 1}]},
        r"cargoParamList\[0\]\.offerId: expected a whole number",
    ),
    ("1688.v2.order.list", {"orderIds": [1.0]}, r"orderIds\[0\]: expected an id, not a float"),
    ("1688.v2.order.list", {"filter": {"buyer": {"orderId": 1.0}}}, r"filter\.buyer\.orderId: expected an id"),
    ("taobao.order.create", {"orderLineList": [{"itemId": 1.0}], "receiver": {}}, "itemId: expected an id"),
    ("taobao.order.create", {"orderLineList": [{"x": object()}], "receiver": {}}, "orderLineList: cannot be written"),
    ("taobao.order.create", {"orderLineList": [{"price": float("nan")}], "receiver": {}}, "cannot be written"),
]


@pytest.mark.parametrize(("name", "given", "told"), REFUSED)
def test_what_cannot_be_sent_names_the_parameter_and_no_value(name: str, given: dict[str, Any], told: str) -> None:
    with pytest.raises(WrongCall, match=told) as caught:
        placed(name, **given)
    assert isinstance(caught.value, TypeError)
    assert caught.value.surely_absent
    assert str(caught.value).startswith(name)
    assert "PLANTED" not in str(caught.value)


def test_json_in_a_string_is_built_for_the_caller() -> None:
    lines = [{"itemId": int(LONG), "quantity": 2, "title": "红"}]
    found = placed("taobao.order.create", orderLineList=lines, receiver='{"name":"written already"}')
    assert found.body == {
        "orderLineList": '[{"itemId":330507534114913426099,"quantity":2,"title":"红"}]',
        "receiver": '{"name":"written already"}',
    }


def test_what_is_none_is_left_out() -> None:
    assert placed("1688.refund.query", refundId=None).body == {}


def test_parameter_that_two_pages_place_differently_goes_to_both() -> None:
    found = placed("1688.refund.query", refundId="TQ1")
    assert (found.query, found.body) == ({"refundId": "TQ1"}, {"refundId": "TQ1"})


def test_id_in_the_path_is_quoted() -> None:
    found = placed("taobao.refund.cancel", refundId="a/b?c")
    assert (found.path, found.query, found.body) == ("/open/order/refund/cancel/a%2Fb%3Fc", {}, None)


def test_amounts_may_have_fractions() -> None:
    cargo = [{"offerId": 1, "specId": "s", "quantity": value} for value in (1, 2.5, Decimal("3.0"), Decimal("4.5"))]
    found = placed("1688.order.preview", cargoParamList=cargo)
    assert found.body is not None
    assert [line["quantity"] for line in found.body["cargoParamList"]] == [1, 2.5, 3, 4.5]


def test_operation_completed_in_the_configuration_takes_what_it_is_given() -> None:
    row = Completed(operation="taobao.order.detail", method="GET", path="/open/order/{orderId}/detail")
    found = placed("taobao.order.detail", row, orderId=int(ORDER), full=True, page=2)
    assert (found.method, found.path) == ("GET", f"/open/order/{ORDER}/detail")
    assert (found.query, found.body) == ({"full": "true", "page": "2"}, None)
    posted = Completed(operation="taobao.order.detail", method="POST", path="/open/order/detail")
    assert placed("taobao.order.detail", posted, orderId=ORDER).body == {"orderId": ORDER}
