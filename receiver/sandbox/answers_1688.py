"""Operations on orders and refunds of 1688, by the path of their first version.

1688 has no list of refunds, no withdrawal and no messages among its operations: https://doc.pandapon.com/api-250313117.
"""

from collections.abc import Mapping
from typing import Any, Final

from receiver.sandbox import bodies, refund_bodies
from receiver.sandbox.answers import Answered, Call, Handler, page
from receiver.sandbox.news import NOT_NOW, WRONG_PARAMETER, Refused, Told
from receiver.sandbox.order import Order
from receiver.sandbox.orders import Wanted
from receiver.sandbox.refund import Kind, Parcel, Refund

_KINDS: Mapping[str, Kind] = {"refund": "money", "returnRefund": "return"}
REASONS: Final = ((20021, "质量问题"), (20022, "少件/漏发"), (20023, "不想要了"))
CARRIERS: Final = (("YTO", "圆通速递"), ("ZTO", "中通快递"), ("SF", "顺丰速运"))


def _order(call: Call) -> Order:
    order = call.state.orders.get(call.text("orderId"), call.account.name)
    if order.platform != "1688":
        raise Refused(NOT_NOW, "an order of Taobao")
    return order


def _refund(call: Call) -> Refund:
    refund = call.state.refunds.get(call.text("refundId"), call.account.name)
    if call.state.orders.get(refund.order_id).platform != "1688":
        raise Refused(NOT_NOW, "a refund of Taobao")
    return refund


def _cargo(call: Call) -> list[Wanted]:
    rows = call.several("cargoParamList")
    if not rows or not all(isinstance(row, dict) for row in rows):
        raise Refused(WRONG_PARAMETER, "cargoParamList: expected objects")
    lines = [Call(call.state, call.account, row) for row in rows]
    return [
        Wanted(
            item_id=line.optional("offerId") or line.text("offerMapId"),
            sku_id=line.optional("specId") or "",
            quantity=line.number("quantity"),
        )
        for line in lines
    ]


def _placed(told: Told) -> dict[str, Any]:
    """The answer is cut off; the names are those of 1688's own alibaba.trade.fastCreateOrder."""
    order = told[0].order
    return {"orderId": order.id, "totalSuccessAmount": order.total, "postFee": order.shipping_fee}


def _create(call: Call) -> Answered:
    told = call.state.orders.place(call.account.name, "1688", _cargo(call))
    return _placed(told), told


def _create_batch(call: Call) -> Answered:
    """One order for each seller: https://doc-en.pandapon.com/api-263477645."""
    sellers: dict[str, list[Wanted]] = {}
    for row, wanted in zip(call.several("cargoParamList"), _cargo(call), strict=True):
        sellers.setdefault(str(row.get("sellerOpenId")), []).append(wanted)
    tolds = [call.state.orders.place(call.account.name, "1688", wanted) for wanted in sellers.values()]
    return [_placed(told) for told in tolds], tuple(item for told in tolds for item in told)


def _detail(call: Call) -> Answered:
    return bodies.detail(_order(call)), ()


def _list(call: Call) -> Answered:
    mine = [order for order in call.state.orders.all() if order.account == call.account.name]
    return page(call, [bodies.detail(order) for order in mine if order.platform == "1688"]), ()


def _cancel(call: Call) -> Answered:
    return True, call.state.orders.close(_order(call).id, "buyer", call.optional("cancelReason"))


def _receive(call: Call) -> Answered:
    return {"success": True, "errorInfo": "", "errorCode": ""}, call.state.orders.receive(_order(call).id)


def _pay_url(call: Call) -> Answered:
    """The contract payment, which pays at once where it is signed: https://doc-en.pandapon.com/api-263477651."""
    order = _order(call)
    told = call.state.orders.pay(order.id)
    return {"orderId": order.id, "protocolPaySuccess": True, "payUrl": "", "cantPayOrderList": []}, told


def _pay_batch(call: Call) -> Answered:
    orders = [call.state.orders.get(order_id, call.account.name) for order_id in call.ids("orderIds")]
    if not orders:
        raise Refused(WRONG_PARAMETER, "orderIds: expected ids")
    if any(order.stage != "unpaid" for order in orders):
        raise Refused(NOT_NOW, "pay: not all of them are unpaid")
    return {}, tuple(item for order in orders for item in call.state.orders.pay(order.id))


def _trace(call: Call) -> Answered:
    order = _order(call)
    parcels = dict.fromkeys(line.shipment for line in order.lines if line.shipment)
    steps = [{"acceptTime": bodies.clock_time(order.changed), "remark": "【杭州】已发出"}]
    return [{"orderId": order.id, "logisticsBillNo": parcel.number, "logisticsSteps": steps} for parcel in parcels], ()


def _refund_info(call: Call) -> Answered:
    """In the body by one page, in the query by another: https://doc-vnm.pandapon.com/api-250496578."""
    refund = _refund(call)
    return refund_bodies.refund_info(call.state.orders.get(refund.order_id), refund), ()


def _reasons(call: Call) -> Answered:
    _order(call)
    flags = {"needVoucher": False, "noRefundCarriage": False, "tip": ""}
    return {"reasons": [{"id": number, "name": text, **flags} for number, text in REASONS]}, ()


def _refund_create(call: Call) -> Answered:
    order = _order(call)
    kind = _KINDS.get(call.text("disputeRequest"))
    if kind is None:
        raise Refused(WRONG_PARAMETER, f"disputeRequest: expected one of {', '.join(_KINDS)}")
    if kind == "return" and order.stage in ("paid", "unpaid"):
        raise Refused(NOT_NOW, "returnRefund: nothing was shipped")
    reason_id = call.number("applyReasonId")
    told = call.state.refunds.request(
        order.id,
        kind=kind,
        amount=call.number("applyPayment") + call.number("applyCarriage"),
        line_ids=call.ids("orderEntryIds"),
        reason_id=reason_id,
        reason=dict(REASONS).get(reason_id, ""),
        description=call.text("description"),
        goods_status=call.text("goodsStatus"),
    )
    return {"refundId": told[0].subject}, told


def _return_goods(call: Call) -> Answered:
    carrier, number = call.text("logisticsCompanyNo"), call.text("freightBill")
    parcel = Parcel(carrier=carrier, number=number, description=call.optional("description"))
    return True, call.state.refunds.send_goods(_refund(call).id, parcel)


def _carriers(_call: Call) -> Answered:
    rows = [
        {"id": number, "companyName": name, "companyNo": code, "companyPhone": ""}
        for number, (code, name) in enumerate(CARRIERS, 1)
    ]
    return rows, ()


HANDLERS: Final[Mapping[str, Handler]] = {
    "/alibaba/order/create": _create,
    "/alibaba/order/batch/create": _create_batch,
    "/alibaba/order/detail": _detail,
    "/alibaba/order/page": _list,
    "/alibaba/order/cancel": _cancel,
    "/alibaba/order/receivegoods": _receive,
    "/alibaba/order/pay/url": _pay_url,
    "/alibaba/order/batch/submit/to/pay": _pay_batch,
    "/alibaba/order/logistics/trace": _trace,
    "/alibaba/refund/info": _refund_info,
    "/alibaba/refund/reasons": _reasons,
    "/alibaba/refund/detail/create": _refund_create,
    "/alibaba/refund/goods/return": _return_goods,
    "/alibaba/logistics/companies": _carriers,
}
