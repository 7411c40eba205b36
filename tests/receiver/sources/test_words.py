"""Every word of every table, once: what a callback with that word becomes."""

import json
from typing import Any

import pytest
from builders import decoded

from receiver.sources import SOURCES

TOPICS_1688 = {
    "ORDER_BUYER_VIEW_BUYER_MAKE": "order.created",
    "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY": "order.price_changed",
    "ORDER_BUYER_VIEW_ORDER_PAY": "order.paid",
    "ORDER_BUYER_VIEW_ORDER_STEP_PAY": "order.partly_paid",
    "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS": "order.shipped",
    "ORDER_BUYER_VIEW_PART_PART_SENDGOODS": "order.partly_shipped",
    "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS": "order.received",
    "ORDER_BUYER_VIEW_ORDER_SUCCESS": "order.completed",
    "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE": "order.closed",
    "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE": "order.closed",
    "ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE": "order.closed",
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES": "refund.changed",
    "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES": "refund.changed",
    "ORDER_BATCH_PAY": "order.batch_payment_settled",
    "LOGISTICS_BUYER_VIEW_TRACE": "shipment.tracked",
    "LOGISTICS_MAIL_NO_CHANGE": "shipment.tracking_number_changed",
    "ORDER_BUYER_VIEW_ORDER_SELLER_MODIFY_ADRESS": "order.address_changed",
    "ORDER_BUYER_VIEW_MODIFY_MEMO": "order.memo_changed",
    "LOGISTICS_OFFICIAL_WAREHOUSE_OUTBOUND": "shipment.package_changed",
    "LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE": "shipment.package_changed",
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE": "refund.changed",
    "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_GOODS_STATUS_CHANGE": "refund.changed",
    "FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC": "order.status_changed",
    "FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC": "order.status_changed",
}
TOPICS_PANDAPON = {
    **TOPICS_1688,
    "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY": "order.status_changed",
    "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND": "refund.changed",
    "ORDER_CREATE": "order.created",
    "ORDER_CANCEL": "order.closed",
    "ORDER_PAY_SUCCESS": "order.paid",
}
TOPICS_NUMBERED = {
    "0": "refund.changed",  # the body below names a reverse order
    "3": "order.status_changed",
    "8": "order.price_changed",
    "9": "refund.changed",
}
ACTIONS = {
    "BUYER_APPLY_REFUND": "refund.requested",
    "BUYER_RECEIVE_CLOSE": "refund.closed",
    "SELLER_SEND_GOODS_CLOSE": "refund.closed",
    "BUYER_CANCEL_REFUND_CLOSE": "refund.closed",
    "BUYER_UPLOAD_BILL": "refund.message_posted",
    "SELLER_UPLOAD_BILL": "refund.message_posted",
    "SELLER_REJECT_REFUND": "refund.rejected",
    "SELLER_AGREE_REFUND": "refund.agreed",
    "SELLER_RECEIVE_GOODS": "refund.goods_received",
    "BUYER_SEND_GOODS": "refund.goods_shipped",
    "BUYER_MODIFY_REFUND_PROTOCOL": "refund.changed",
    "BUYER_APPLY_SUPPORT": "refund.intervention_asked",
    "SELLER_APPLY_SUPPORT": "refund.intervention_asked",
    "SYSTEM_AGREE_REFUND_PROTOCOL": "refund.agreed",
    "SYSTEM_AGREE_REFUND": "refund.agreed",
    "SYSTEM_SEND_GOODS": "refund.goods_shipped",
    "SYSTEM_MODIFY_REFUND_PROTOCOL": "refund.changed",
    "SYSTEM_NOTIFY_APPLY_SUPPORT": "refund.intervention_asked",
    "SELLER_AGREE_REFUND_PROCOTOL": "refund.agreed",
    "SELLER_REJECT_REFUND_PROCOTOL": "refund.rejected",
    "CRM_APPLY_TIMEOUT_CLOSE": "refund.closed",
    "CRM_APPLY_SUPPORT": "refund.intervention_asked",
    "CRM_INTERVENE_TASK": "refund.intervention_asked",
    "CRM_DISMISS_TASK": "refund.changed",
    "CRM_FINISH_TASK": "refund.changed",
    "BUYER_STEP_PAY_ORDER_CLOSE": "refund.closed",
    "BUYER_STEP_CONFIRM_CLOSE": "refund.closed",
    "BUYER_CLOSE_TRADE_CLOSE": "refund.closed",
    "SELLER_CONFIRM_ORDER_CLOSE": "refund.closed",
    "SELLER_STEP_PUSH_CLOSE": "refund.closed",
}
#: Of refunds: the event.
REFUNDS_1688 = {
    "waitselleragree": "refund.requested",
    "waitbuyermodify": "refund.rejected",
    "waitbuyersend": "refund.agreed",
    "waitsellerreceive": "refund.goods_shipped",
    "refundsuccess": "refund.succeeded",
    "refundclose": "refund.closed",
}
REFUNDS_TAOBAO = {
    "0": "refund.changed",
    "10": "refund.requested",
    "20": "refund.agreed",
    "30": "refund.goods_shipped",
    "100": "refund.succeeded",
    "-10": "refund.rejected",
    "-20": "refund.closed",
}
#: Of orders: the event, and how far the order has come.
ORDERS_1688 = {
    "waitbuyerpay": ("order.status_changed", 5),
    "waitsellersend": ("order.paid", 30),
    "waitlogisticstakein": ("order.status_changed", 35),
    "waitbuyerreceive": ("order.shipped", 40),
    "waitbuyersign": ("order.shipped", 40),
    "signinsuccess": ("order.status_changed", 45),
    "confirm_goods": ("order.received", 50),
    "confirm_goods_and_has_subsidy": ("order.received", 50),
    "success": ("order.completed", 60),
    "cancel": ("order.closed", 60),
    "terminated": ("order.closed", 60),
}
ORDERS_TAOBAO = {
    "BULIDING": ("order.status_changed", 0),
    "WAIT_BUYER_P": ("order.status_changed", 5),
    "WAIT_SELLER_SEND_GOODS": ("order.paid", 30),
    "WAIT_BUYER_CONFIRM_GOODS": ("order.shipped", 40),
    "TRADE_FINISHED": ("order.completed", 60),
    "TRADE_CLOSED": ("order.closed", 60),
}
ORDERS_XPORTCN = {
    "WAITING_FOR_PAYMENT": ("order.status_changed", 5),
    "WAITING_FOR_SENT": ("order.paid", 30),
    "CANCEL": ("order.closed", 60),
    "12": ("order.status_changed", 0),
    "0": ("order.status_changed", 5),
    "1": ("order.status_changed", 20),
    "2": ("order.status_changed", 22),
    "5": ("order.status_changed", 24),
    "3": ("order.status_changed", None),
    "10": ("order.paid", 30),
    "11": ("order.shipped", 40),
    "4": ("order.closed", 60),
    "9": ("order.status_changed", None),
}
ORDERS_PANDAPON = {**ORDERS_1688, **ORDERS_TAOBAO, **ORDERS_XPORTCN}

OF_1688 = {"pandapon": "messageBody", "alibaba1688": "data", "dajisaas": "data"}
IDS: dict[str, Any] = {
    **dict.fromkeys(("orderId", "purchase_id", "purchaseOrderId", "trade_order_id"), "1"),
    **dict.fromkeys(("refundId", "refund_id", "reverse_order_id"), "2"),
    "batchPay": [{"orderId": "1"}],
    **{key: {"orderLogsItems": [{"orderId": "1"}]} for key in ("OrderLogisticsTracingModel", "MailNoChangeModel")},
}


def became(source: str, topic: str, **body: Any) -> tuple[str, int | None]:
    """The type, and how far its subject has come."""
    key = {"pandapon": "messageType", "alibaba1688": "type"}.get(source, "message_type")
    message = {key: topic, "data": {**IDS, **body}, "messageBody": {**IDS, **body}, "messagePlatform": 1}
    (event,) = decoded(json.dumps(message).encode(), source)
    return event.type, None if event.standing is None else event.standing.stage


@pytest.mark.parametrize(
    ("source", "table"),
    [
        ("pandapon", TOPICS_PANDAPON),
        ("alibaba1688", TOPICS_1688),
        ("taobao_global", TOPICS_NUMBERED),
        ("dajisaas", {**TOPICS_NUMBERED, **TOPICS_1688}),
    ],
)
def test_every_topic_becomes_its_event(source: str, table: dict[str, str]) -> None:
    """With no word in the body that says more."""
    assert list(SOURCES[source].topics) == list(table)
    assert {topic: became(source, topic)[0] for topic in table} == table


@pytest.mark.parametrize("source", OF_1688)
@pytest.mark.parametrize(
    "topic",
    [
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES",
        "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES",
        "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE",
        "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_GOODS_STATUS_CHANGE",
    ],
)
def test_refunds_of_1688_go_by_action_and_else_by_status(source: str, topic: str) -> None:
    row = SOURCES[source].topics[topic]
    assert (set(row.actions), set(row.statuses)) == (set(ACTIONS), set(REFUNDS_1688))
    assert {word: became(source, topic, refundAction=word)[0] for word in ACTIONS} == ACTIONS
    assert {word: became(source, topic, currentStatus=word)[0] for word in REFUNDS_1688} == REFUNDS_1688


def test_refunds_of_pandapon_go_by_the_words_of_both_platforms() -> None:
    topic, statuses = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND", {**REFUNDS_1688, **REFUNDS_TAOBAO}
    row = SOURCES["pandapon"].topics[topic]
    assert (set(row.actions), set(row.statuses)) == (set(ACTIONS), set(statuses))
    assert {word: became("pandapon", topic, refundAction=word)[0] for word in ACTIONS} == ACTIONS
    assert {word: became("pandapon", topic, refundStatus=word)[0] for word in statuses} == statuses


@pytest.mark.parametrize("source", ["taobao_global", "dajisaas"])
def test_messages_by_number_go_by_the_words_of_taobao(source: str) -> None:
    topics = SOURCES[source].topics
    assert (set(topics["3"].statuses), set(topics["9"].statuses)) == (set(ORDERS_TAOBAO), set(REFUNDS_TAOBAO))
    assert {word: became(source, "3", status=word) for word in ORDERS_TAOBAO} == ORDERS_TAOBAO
    assert {word: became(source, "9", refund_status=int(word))[0] for word in REFUNDS_TAOBAO} == REFUNDS_TAOBAO
    assert became(source, "0", reverse_order_id=None, order_status="canceled") == ("order.closed", 60)
    assert became(source, "0", reverse_order_id=None, order_status="shipped") == ("order.status_changed", None)


def test_a_changed_status_at_pandapon_goes_by_the_words_of_all_who_send_through_it() -> None:
    topic = "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY"
    assert set(SOURCES["pandapon"].topics[topic].statuses) == set(ORDERS_PANDAPON)
    assert {word: became("pandapon", topic, orderStatus=word) for word in ORDERS_PANDAPON} == ORDERS_PANDAPON
    assert len(ORDERS_PANDAPON) == len(ORDERS_1688) + len(ORDERS_TAOBAO) + len(ORDERS_XPORTCN)  # none means two things


@pytest.mark.parametrize("source", OF_1688)
@pytest.mark.parametrize("topic", ["FENXIAO_BUYER_VIEW_LINK_ORDER_TOPIC", "FENXIAO_BUYER_VIEW_LINK_ORDER_ENTRY_TOPIC"])
def test_drop_ship_orders_go_by_the_words_of_1688(source: str, topic: str) -> None:
    assert set(SOURCES[source].topics[topic].statuses) == set(ORDERS_1688)
    assert {word: became(source, topic, currentStatus=word) for word in ORDERS_1688} == ORDERS_1688
