"""How words decide where several speak, and what else they tell."""

import json
from typing import Any

import pytest
from builders import decoded

from receiver.events import BatchPaymentSettled, Event, OrderClosed, OrderPartlyPaid, OrderStatusChanged, RefundChanged

IN_SALES = "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES"


def at_pandapon(topic: str, **body: Any) -> tuple[Event, ...]:
    message = {"messageType": topic, "messageBody": {"orderId": "1", **body}, "messagePlatform": 1}
    return decoded(json.dumps(message).encode())


@pytest.mark.parametrize(
    ("action", "status", "expected"),
    [
        ("SELLER_AGREE_REFUND", "waitbuyersend", "refund.agreed"),
        ("SELLER_AGREE_REFUND", "waitselleragree", "refund.agreed"),  # what was done is nearer than what it led to
        ("SELLER_AGREE_REFUND", "refundsuccess", "refund.succeeded"),  # agreed and paid back in one step
        ("SYSTEM_AGREE_REFUND", "refundsuccess", "refund.succeeded"),
        ("SELLER_RECEIVE_GOODS", "refundsuccess", "refund.succeeded"),
        ("CRM_FINISH_TASK", "refundclose", "refund.closed"),
        ("BUYER_CANCEL_REFUND_CLOSE", "refundsuccess", "refund.closed"),
        ("BUYER_UPLOAD_BILL", "refundsuccess", "refund.message_posted"),  # it adds, whatever stands
        ("BUYER_APPLY_SUPPORT", "refundclose", "refund.intervention_asked"),
        ("TELEPORTED", "refundsuccess", "refund.succeeded"),
        ("TELEPORTED", "waitsomething", "refund.changed"),
        (None, None, "refund.changed"),
        (7, ["refundsuccess"], "refund.changed"),
    ],
)
def test_the_action_decides_unless_the_refund_has_ended(action: Any, status: Any, expected: str) -> None:
    (event,) = at_pandapon(IN_SALES, refundId="2", refundAction=action, currentStatus=status)
    assert event.type == expected


@pytest.mark.parametrize(
    ("action", "progress"), [("BUYER_MODIFY_REFUND_PROTOCOL", 10), ("TELEPORTED", None), (None, None)]
)
def test_a_refund_that_moved_nobody_knows_where_keeps_the_words_and_has_no_stage(
    action: str | None, progress: int | None
) -> None:
    (event,) = at_pandapon(IN_SALES, refundId="2", refundAction=action, currentStatus="waitsomething")
    assert isinstance(event, RefundChanged)
    assert (event.action, event.status, event.progress) == (action, "waitsomething", progress)


def test_an_order_status_nobody_knows_is_kept_and_has_no_stage() -> None:
    (event,) = at_pandapon("ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY", orderStatus="TELEPORTED")
    assert isinstance(event, OrderStatusChanged)
    assert (event.status, event.progress) == ("TELEPORTED", None)


@pytest.mark.parametrize(
    ("topic", "body", "closed_by", "reason"),
    [
        ("ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE", {}, "buyer", None),
        ("ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE", {}, "seller", None),
        ("ORDER_BUYER_VIEW_ORDER_BOPS_CLOSE", {}, "platform", None),
        ("ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE", {"closeReason": "buyer_cancel"}, "seller", "buyer_cancel"),
        ("ORDER_CANCEL", {"closeReason": "buyer_cancel"}, "buyer", "buyer_cancel"),
        ("ORDER_CANCEL", {"closeReason": "price too high"}, None, "price too high"),
        ("ORDER_CANCEL", {"closeReason": {}}, None, None),
        ("ORDER_CANCEL", {}, None, None),
        ("ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY", {"status": "TRADE_CLOSED"}, None, None),
        ("ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY", {"baseInfo": {"status": "cancel", "closeReason": "x"}}, None, "x"),
    ],
)
def test_who_closed_an_order_is_told_by_topic_or_reason(
    topic: str, body: dict[str, Any], closed_by: str | None, reason: str | None
) -> None:
    (event,) = at_pandapon(topic, **body)
    assert isinstance(event, OrderClosed)
    assert (event.closed_by, event.reason) == (closed_by, reason)


def test_each_order_of_a_batch_has_its_own_result() -> None:
    results = ["successed", "ACCOUNT_FROZEN", "SUCCESS", None]
    batch = [{"orderId": number, "status": result} for number, result in enumerate(results)]
    events = at_pandapon("ORDER_BATCH_PAY", batchPay=[*batch, {"orderId": "0", "status": "named again"}])
    assert [(e.order_id, e.result, e.succeeded) for e in events if isinstance(e, BatchPaymentSettled)] == [
        ("0", "successed", True),
        ("1", "ACCOUNT_FROZEN", False),
        ("2", "SUCCESS", False),
        ("3", None, False),
    ]


@pytest.mark.parametrize(
    ("steps", "stage"),
    [
        ([{"stepNo": 1, "stepPayStatus": 6}, {"stepNo": 2, "stepPayStatus": 2}, {"stepNo": 3, "stepPayStatus": 1}], 2),
        ([{"stepNo": 1, "stepPayStatus": 1}], None),
        ([{"stepNo": "1", "stepPayStatus": 2}, {"stepPayStatus": 2}, None, 7], None),
        ({}, None),
        (None, None),
    ],
)
def test_the_stage_of_a_payment_is_the_last_that_is_paid(steps: Any, stage: int | None) -> None:
    (event,) = at_pandapon("ORDER_BUYER_VIEW_ORDER_STEP_PAY", baseInfo={"id": 1, "stepOrderList": steps})
    assert isinstance(event, OrderPartlyPaid)
    assert event.stage == stage
