"""Operations on orders of Taobao, by the path of their first version."""

from collections.abc import Mapping
from typing import Any, Final

from receiver.sandbox import bodies
from receiver.sandbox.answers import Answered, Call, Handler, page
from receiver.sandbox.news import NOT_NOW, WRONG_PARAMETER, Refused
from receiver.sandbox.order import NUMBERS, Line, Order
from receiver.sandbox.orders import Wanted


def _order(call: Call, name: str = "orderId") -> Order:
    order = call.state.orders.get(call.text(name), call.account.name)
    if order.platform != "taobao":
        raise Refused(NOT_NOW, "an order of 1688")
    return order


def _shown(order: Order) -> dict[str, Any]:
    """As created: https://doc-es.pandapon.com/api-266459370; the amounts and the status by the sister site."""
    return {
        "id": order.id,
        "orderNo": order.order_no,
        "salesOrderId": order.id,
        "createTime": bodies.clock_time(order.created),
        "status": NUMBERS[order.stage],
        "subOrderVOS": [_shown_line(order, line) for line in order.lines],
    }


def _shown_line(order: Order, line: Line) -> dict[str, Any]:
    return {
        "subOrderId": line.id,
        "orderNo": order.order_no,
        "quantity": line.quantity,
        "title": line.title,
        "purchaseCurrency": "CNY",
        "purchaseAmount": line.amount,
        "itemId": line.item_id,
        "domesticPostFee": order.shipping_fee,
        "closeReason": order.close_reason or "",
        "skuId": line.sku_id,
        "status": NUMBERS["shipped" if order.stage == "paid" and line.shipment else order.stage],
        "taobaoPurchaseId": order.id,
        "taobaoSubPurchaseId": line.id,
        "errorCode": "",
        "errorMessage": "",
    }


def _create(call: Call) -> Answered:
    rows = call.several("orderLineList")
    if not all(isinstance(row, dict) for row in rows):
        raise Refused(WRONG_PARAMETER, "orderLineList: expected objects")
    wanted = []
    for row in rows:
        line = Call(call.state, call.account, row)
        quantity, price = line.number("quantity", 1), line.number("price", 2500)
        wanted.append(
            Wanted(item_id=line.text("itemId"), sku_id=line.optional("skuId") or "", quantity=quantity, price=price)
        )
    told = call.state.orders.place(call.account.name, "taobao", wanted, order_no=call.optional("sellerOrderNumber"))
    return _shown(told[0].order), told


def _detail(call: Call) -> Answered:
    return _shown(_order(call)), ()


def _list(call: Call) -> Answered:
    mine = [order for order in call.state.orders.all() if order.account == call.account.name]
    return page(call, [_shown(order) for order in mine if order.platform == "taobao"]), ()


def _cancel(call: Call) -> Answered:
    return True, call.state.orders.close(_order(call).id, "buyer", call.optional("cancelReason"))


def _pay(call: Call) -> Answered:
    return True, call.state.orders.pay(_order(call).id)


def _logistics(call: Call) -> Answered:
    """https://doc.pandapon.com/api-250313082; misspelt as there."""
    line_id = call.text("subPurchaseOrderId")
    order = call.state.orders.with_line(line_id, call.account.name)
    line = next(line for line in order.lines if line.id == line_id)
    trace = {
        "statusDesc": "运输中",
        "action": "TMS_STATION_OUT",
        "status": "TRANSPORT",
        "standerdDesc": "【杭州】已发出",
    }
    parcel = line.shipment and {
        "mailNo": line.shipment.number,
        "logisticsTraces": [{**trace, "time": bodies.clock_time(order.changed), "city": "杭州市"}],
        "logisticsPartner": [{"company": line.shipment.carrier, "companyContact": "", "companyImageUrl": ""}],
        "receiver": {"province": "浙江省", "city": "杭州市"},
        "logisticsGoods": [{"title": line.title, "property": "", "imageUrl": "", "quantity": str(line.quantity)}],
    }
    return {"purchaseOrderOuterId": line_id, "pnmLogisticsDetails": [parcel] if parcel else []}, ()


HANDLERS: Final[Mapping[str, Handler]] = {
    "/open/order": _create,
    "/open/order/detail": _detail,
    "/open/order/page": _list,
    "/open/order/cancel": _cancel,
    "/open/order/pay": _pay,
    "/open/order/logistics/detail/get": _logistics,
}
