"""What PandaPon sends for each type of event: the documented bodies, with ids and times of one's own.

A body says what the platform's page shows, no more: a handler that needs the total of an order that was shipped would
not get it from the platform, so it does not get it here.
"""

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from receiver import events
from receiver.envelope import Platform
from receiver.events import Event
from receiver.sources.moments import BEIJING

_orders = itertools.count(3_305_075_341_149_134_260)
_refunds = itertools.count(200_302_638_011_004_261)
_STATUS = "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY"
_PRICE = "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY"
_REFUND = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND"
_TRACE = "OrderLogisticsTracingModel"


@dataclass(frozen=True, slots=True)
class About:
    """The order or refund of a message, and when it is said."""

    order_id: str
    refund_id: str
    at: datetime

    @property
    def line_id(self) -> str:
        return f"{self.order_id[:-1]}1"

    @property
    def clock(self) -> str:
        return f"{self.at.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"

    @property
    def earlier(self) -> str:
        return f"{(self.at - timedelta(minutes=1)).astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


Body = Callable[[About], dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Way:
    """One way to tell an event."""

    topic: str
    body: Body


def message(
    kind: type[Event], platform: Platform | None, order_id: str | None, refund_id: str | None, at: datetime | None
) -> dict[str, Any]:
    """The message that becomes this event. Raises ``ValueError`` where PandaPon documents none for the platform."""
    ways = _WAYS.get(kind)
    if ways is None:
        children = ", ".join(each.__name__ for each in _WAYS if issubclass(each, kind))
        raise ValueError(f"{kind.__name__} groups events and is none itself; build one of {children}")
    chosen = next(iter(ways)) if platform is None else platform
    if chosen not in ways:
        raise ValueError(f"PandaPon tells no {kind.__name__} of {chosen}; leave platform out, or say {', '.join(ways)}")
    about = About(
        order_id=order_id or str(next(_orders)),
        refund_id=refund_id or ("TQ" if chosen == "1688" else "") + str(next(_refunds)),
        at=at or datetime.now(UTC).replace(microsecond=0),
    )
    return {
        "messageType": ways[chosen].topic,
        "messageBody": ways[chosen].body(about),
        "messagePlatform": 0 if chosen == "taobao" else 1,
        "timestamp": str(int(about.at.timestamp() * 1000)),
    }


def _xportcn(status: str, *, paid: bool) -> Body:
    """Fen: https://doc-en-ka.xportcn.com/doc-7259275."""
    return lambda about: {
        "orderId": about.order_id,
        "orderNo": "PO202605200001",
        "orderStatus": status,
        "payStatus": 2 if paid else 1,
        "totalAmount": 10000,
        "shippingFee": 500,
        "productAmount": 9500,
        "refundAmount": 0,
        "refundStatus": None,
        "closeReason": None,
        "tbCreateTime": about.earlier if paid else about.clock,
        "payTime": about.clock if paid else None,
    }


def _detail(status: str) -> Body:
    """Yuan: https://doc-en.pandapon.com/api-263477659."""

    def body(about: About) -> dict[str, Any]:
        changed = f"{about.at.astimezone(BEIJING):%Y%m%d%H%M%S}000+0800"
        line = {"itemAmount": 95, "price": 47.5, "quantity": 2, "status": status, "refund": 0}
        return {
            "productItems": [{**line, "subItemIDString": about.line_id, "productID": 643285617321}],
            "baseInfo": {
                "businessType": "cn",
                "createTime": changed,
                "modifyTime": changed,
                "idOfStr": about.order_id,
                "status": status,
                "shippingFee": 5,
                "totalAmount": 100,
                "discount": 0,
                "sumProductPayment": 95,
            },
        }

    return body


def _topic_of_1688(status: str) -> Body:
    """https://open.1688.com/doc/topicDetail.htm?id=TOPIC."""
    return lambda about: {
        "orderId": about.order_id,
        "currentStatus": status,
        "msgSendTime": about.clock,
        "buyerMemberId": "b2b-2248544159",
        "sellerMemberId": "b2b-2248564064",
    }


def _sub_orders(about: About, **more: Any) -> dict[str, Any]:
    """Fen in text: https://doc-en.pandapon.com/api-263477629."""
    line = {
        "purchase_order_outer_id": about.order_id,
        "purchase_order_line_outer_id": about.line_id,
        "product_amount": "9500",
        "logistic_company_name": "",
        "logistic_number": "",
        "quantity": 2,
    }
    return {"salesOrderId": about.order_id, "subOrders": [line], **more}


def _status_of_taobao(status: str) -> Body:
    return lambda about: _sub_orders(about, status=status)


def _price_of_taobao(about: About) -> dict[str, Any]:
    price = {"purchaseTotalFee": 10000, "purchaseProductFee": 9500, "purchaseShippingFee": 500}
    return _sub_orders(about, purchaseOrderPriceDTO={"purchaseCurrency": "CNY", **price})


def _refund_of_1688(action: str, status: str) -> Body:
    """https://open.1688.com/doc/topicDetail.htm?id=ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES."""
    operator = action.partition("_")[0].lower()
    return lambda about: {
        **_topic_of_1688(status)(about),
        "refundId": about.refund_id,
        "refundAction": action,
        "operator": operator,
    }


def _refund_of_taobao(status: int) -> Body:
    """Fen: https://doc.pandapon.com/api-250313087."""

    def body(about: About) -> dict[str, Any]:
        refund = {"refundId": about.refund_id, "refundStatus": status, "refundType": 1, "refundFee": 9500}
        line = {"salesOrderId": about.order_id, "currency": "CNY"}
        aggregate = {"refundOrder": refund, "purchaseOrderLine": line, "logistics": None}
        return {"distributorId": "1223655000541", "currency": "CNY", "refundOrderAggregate": aggregate}

    return body


def _parcel(about: About) -> dict[str, Any]:
    entries = [{"orderId": about.order_id, "orderEntryId": about.line_id}]
    return {"logisticsId": "LP00592137004261", "orderLogsItems": entries}


def _traced(about: About) -> dict[str, Any]:
    said = {"cpCode": "YTO", "mailNo": "YT8800551234567", "statusChanged": "SIGN", "changeTime": about.clock}
    return {_TRACE: {**_parcel(about), **said}}


def _renumbered(about: About) -> dict[str, Any]:
    numbers = {"oldCpCode": "YTO", "oldMailNo": "YT8800551234567", "newCpCode": "ZTO", "newMailNo": "ZT7300661234567"}
    return {"MailNoChangeModel": {**_parcel(about), **numbers, "eventTime": about.clock}}


def _batch(about: About) -> dict[str, Any]:
    return {"batchPay": [{"orderId": about.order_id, "status": "successed"}]}


def _order_alone(about: About) -> dict[str, Any]:
    """No page shows the body."""
    return {"orderId": about.order_id}


def _order(topic: str, status: str, taobao: str | None = None) -> Mapping[Platform, Way]:
    of_1688 = Way(f"ORDER_BUYER_VIEW_{topic}", _topic_of_1688(status))
    return {"taobao": Way(_STATUS, _status_of_taobao(taobao)), "1688": of_1688} if taobao else {"1688": of_1688}


def _refund(action: str, status: str, taobao: int | None = None) -> Mapping[Platform, Way]:
    of_1688 = Way(_REFUND, _refund_of_1688(action, status))
    return {"1688": of_1688} if taobao is None else {"taobao": Way(_REFUND, _refund_of_taobao(taobao)), "1688": of_1688}


#: By type, then platform; the first is built unless another is asked for.
_WAYS: Final[Mapping[type[Event], Mapping[Platform, Way]]] = {
    events.OrderCreated: {"1688": Way("ORDER_CREATE", _xportcn("WAITING_FOR_PAYMENT", paid=False))},
    events.OrderPriceChanged: {
        "taobao": Way(_PRICE, _price_of_taobao),
        "1688": Way(_PRICE, _detail("waitbuyerpay")),
    },
    events.OrderPartlyPaid: _order("ORDER_STEP_PAY", "waitsellersend"),
    events.OrderPaid: {
        "1688": Way("ORDER_PAY_SUCCESS", _xportcn("WAITING_FOR_SENT", paid=True)),
        "taobao": Way(_STATUS, _status_of_taobao("WAIT_SELLER_SEND_GOODS")),
    },
    events.BatchPaymentSettled: {"1688": Way("ORDER_BATCH_PAY", _batch)},
    events.OrderPartlyShipped: _order("PART_PART_SENDGOODS", "waitsellersend"),
    events.OrderShipped: _order("ANNOUNCE_SENDGOODS", "waitbuyerreceive", "WAIT_BUYER_CONFIRM_GOODS"),
    events.OrderReceived: _order("ORDER_COMFIRM_RECEIVEGOODS", "confirm_goods"),
    events.OrderCompleted: _order("ORDER_SUCCESS", "success", "TRADE_FINISHED"),
    events.OrderClosed: _order("ORDER_BUYER_CLOSE", "cancel", "TRADE_CLOSED"),
    events.OrderAddressChanged: {"1688": Way("ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS", _order_alone)},
    events.OrderMemoChanged: {"1688": Way("ORDER_BUYER_VIEW_MODIFY_MEMO", _order_alone)},
    events.OrderStatusChanged: {
        "taobao": Way(_STATUS, _status_of_taobao("WAIT_BUYER_P")),
        "1688": Way(_STATUS, _detail("waitbuyerpay")),
    },
    events.RefundRequested: _refund("BUYER_APPLY_REFUND", "waitselleragree", 10),
    events.RefundAgreed: _refund("SELLER_AGREE_REFUND_PROCOTOL", "waitbuyersend", 20),
    events.RefundRejected: _refund("SELLER_REJECT_REFUND", "waitbuyermodify", -10),
    events.RefundChanged: _refund("BUYER_MODIFY_REFUND_PROTOCOL", "waitselleragree"),
    events.RefundGoodsShipped: _refund("BUYER_SEND_GOODS", "waitsellerreceive", 30),
    events.RefundGoodsReceived: _refund("SELLER_RECEIVE_GOODS", "waitsellerreceive"),
    events.RefundSucceeded: _refund("SELLER_AGREE_REFUND", "refundsuccess", 100),
    events.RefundClosed: _refund("BUYER_CANCEL_REFUND_CLOSE", "refundclose", -20),
    events.RefundInterventionAsked: _refund("BUYER_APPLY_SUPPORT", "waitselleragree"),
    events.RefundMessagePosted: _refund("SELLER_UPLOAD_BILL", "waitselleragree"),
    events.ShipmentTracked: {"1688": Way("LOGISTICS_BUYER_VIEW_TRACE", _traced)},
    events.TrackingNumberChanged: {"1688": Way("LOGISTICS_MAIL_NO_CHANGE", _renumbered)},
    events.ShipmentPackageChanged: {"1688": Way("LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE", _order_alone)},
    events.Unrecognized: {"1688": Way("ORDER_OF_TOMORROW", _order_alone)},
}
