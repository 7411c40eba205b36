"""Operations on refunds of Taobao, which it calls reverse orders, by the path of their first version."""

from collections.abc import Mapping
from typing import Any, Final

from receiver.sandbox import refund_bodies
from receiver.sandbox.answers import Answered, Call, Handler, page
from receiver.sandbox.bodies import clock_time
from receiver.sandbox.news import NOT_NOW, WRONG_PARAMETER, Refused
from receiver.sandbox.refund import NUMBERS, Kind, Parcel, Post, Refund

_KINDS: Mapping[int, Kind] = {1: "money", 2: "return"}
#: https://doc-cnv2.pandapon.com/api-288803028 names the fields; the reasons are made up.
REASONS: Final = ((20021, "质量问题"), (20022, "少件/漏发"), (20023, "不想要了"))


def _refund(call: Call) -> Refund:
    refund = call.state.refunds.get(call.text("refundId"), call.account.name)
    if call.state.orders.get(refund.order_id).platform != "taobao":
        raise Refused(NOT_NOW, "a refund of 1688")
    return refund


def _aggregate(call: Call, refund: Refund) -> dict[str, Any]:
    return refund_bodies.queried(call.state.orders.get(refund.order_id), refund, call.state.clock())


def _refund_list(call: Call) -> Answered:
    """https://doc-vnm.pandapon.com/api-250496545; the shape of the answer is cut off."""
    wanted, order_id, status = call.optional("refundId"), call.optional("salesOrderId"), call.optional("refundStatus")
    return page(
        call,
        [
            _aggregate(call, refund)
            for refund in call.state.refunds.all()
            if refund.account == call.account.name
            and call.state.orders.get(refund.order_id).platform == "taobao"
            and wanted in (None, refund.id)
            and (order_id or call.optional("purchaseOrderId")) in (None, refund.order_id)
            and status in (None, str(NUMBERS[refund.state]))
        ],
    ), ()


def _refund_detail(call: Call) -> Answered:
    return _aggregate(call, _refund(call)), ()


def _refund_render(call: Call) -> Answered:
    line_id = call.text("subOrderId")
    order = call.state.orders.with_line(line_id, call.account.name)
    most = order.total - order.refunded
    return {
        "refundOrderTemplate": {
            "refundReasons": [{"reasonId": number, "reasonDesc": text, "tips": ""} for number, text in REASONS],
            "goodsStatusList": ["1", "2", "3", "4"],
            "refundOrder": {"refundType": call.number("refundType"), "goodsStatus": call.number("goodsStatus")},
            "maxRefundFee": {"minRefundFee": 1, "refundFee": most, "feeTips": "", "canEditRefundFee": True},
        },
        "distributorId": "1223655000541",
        "currency": "CNY",
        "saleFlag": order.stage not in ("unpaid", "closed"),
    }, ()


def _refund_create(call: Call) -> Answered:
    line_id = call.text("subOrderId")
    order = call.state.orders.with_line(line_id, call.account.name)
    kind = _KINDS.get(call.number("refundType", 1))
    if kind is None:
        raise Refused(WRONG_PARAMETER, "refundType: expected 1 or 2")
    reason_id = call.number("reasonId", REASONS[0][0])
    told = call.state.refunds.request(
        order.id,
        kind=kind,
        amount=call.number("refundFee"),
        line_ids=(line_id,),
        reason_id=reason_id,
        reason=dict(REASONS).get(reason_id, ""),
        description=call.optional("refundDesc") or "",
        goods_status=call.optional("goodsStatus") or "",
    )
    return {"refundId": told[0].subject}, told


def _refund_change(call: Call) -> Answered:
    refund = _refund(call)
    amount = call.number("refundFee", refund.amount)
    told = call.state.refunds.change(refund.id, amount=amount, description=call.optional("refundDesc"))
    return {"refundId": refund.id}, told


def _refund_cancel(call: Call) -> Answered:
    told = call.state.refunds.close(_refund(call).id)
    return {"cancelSuccess": True, **_aggregate(call, _refund(call))}, told


def _return_render(call: Call) -> Answered:
    refund = _refund(call)
    return {"refundId": refund.id, "logistics": _aggregate(call, refund)["refundOrderAggregate"]["logistics"]}, ()


def _return_submit(call: Call) -> Answered:
    number, carrier = call.text("logisticsNo"), call.text("logisticsCompanyCode")
    parcel = Parcel(carrier=carrier, number=number, description=call.optional("returnGoodsDesc"))
    return True, call.state.refunds.send_goods(_refund(call).id, parcel)


def _send_message(call: Call) -> Answered:
    """https://doc-en.pandapon.com/api-263477624; ``data`` is an object whose fields are cut off."""
    refund, text = _refund(call), call.text("refundMessage")
    told = call.state.refunds.post(refund.id, "buyer", text, call.optional("refundImages"))
    return {"refundId": refund.id}, told


def _shown_post(refund: Refund, post: Post) -> dict[str, Any]:
    return {
        "messageId": post.id,
        "refundId": refund.id,
        "author": post.author,
        "refundMessage": post.text,
        "refundImages": post.images or "",
        "createTime": clock_time(post.at),
    }


def _message_list(call: Call) -> Answered:
    """No page shows the answer: a page of messages, each as it was submitted, with who wrote it."""
    refund = _refund(call)
    return page(call, [_shown_post(refund, post) for post in refund.thread]), ()


HANDLERS: Final[Mapping[str, Handler]] = {
    "/open/order/refund/queryList": _refund_list,
    "/open/order/refund/query": _refund_detail,
    "/open/order/refund/render": _refund_render,
    "/open/order/refund/submit": _refund_create,
    "/open/order/refund/modify": _refund_change,
    "/open/order/refund/cancel/{refundId}": _refund_cancel,
    "/open/order/refund/logistics/render": _return_render,
    "/open/order/refund/logistics/submit": _return_submit,
    "/open/order/refund/submit/message": _send_message,
    "/open/order/refund/message/list": _message_list,
}
