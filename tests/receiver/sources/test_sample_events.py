"""What each documented message says, field by field."""

from datetime import UTC, datetime
from typing import Any

import pytest
from builders import decoded

from receiver.events import (
    BatchPaymentSettled,
    Event,
    Money,
    OrderClosed,
    OrderCompleted,
    OrderCreated,
    OrderLine,
    OrderPaid,
    OrderPartlyPaid,
    OrderPartlyShipped,
    OrderPriceChanged,
    OrderReceived,
    OrderShipped,
    RefundAgreed,
    RefundChanged,
    RefundRequested,
    RefundSucceeded,
    ShipmentTracked,
)
from receiver.sources import SOURCES
from receiver.sources.samples import Sample, samples

Expected = tuple[type[Event], dict[str, Any]]


def at(*moment: int) -> datetime:
    return datetime(*moment, tzinfo=UTC)  # type: ignore[arg-type,misc]  # mypy takes them for the zone


def fen(amount: int, raw: str | None = None) -> Money:
    return Money(amount=amount, currency="CNY", raw=raw or str(amount))


def line_1688(status: str) -> OrderLine:
    return OrderLine(id="58218860983545942", quantity=1, status=status, amount=fen(15, "0.15"))


def line_taobao(**more: Any) -> OrderLine:
    return OrderLine(id="50", quantity=6, amount=fen(69), carrier="连能格", tracking_number="10", **more)


REFUND_1688: Expected = (
    RefundChanged,
    {"refund_id": "TQxxxxxxxxxxxx", "order_id": "3296711100591134260", "progress": None},
)
REFUND_TAOBAO: Expected = (
    RefundRequested,
    {"refund_id": "200000000001", "order_id": "88", "status": "10", "amount": fen(100)},
)
DETAIL: dict[str, Any] = {
    "order_id": "58218860983545941",
    "occurred_at": at(2017, 9, 14, 6, 47, 25),
    "total": fen(615, "6.15"),
    "goods_amount": fen(30, "0.3"),
    "shipping_fee": fen(600, "6"),
    "discount": fen(0),
}
PRICE_1688: Expected = (OrderPriceChanged, {**DETAIL, "status": "waitbuyerpay", "lines": (line_1688("waitbuyerpay"),)})
STATUS_1688: Expected = (OrderPaid, {**DETAIL, "status": "waitsellersend", "lines": (line_1688("waitsellersend"),)})
PRICE_TAOBAO: Expected = (
    OrderPriceChanged,
    {"order_id": "88", "total": fen(1), "goods_amount": fen(1), "shipping_fee": fen(0), "lines": (line_taobao(),)},
)
STATUS_TAOBAO: Expected = (
    OrderPaid,
    {
        "order_id": "88",
        "status": "WAIT_SELLER_SEND_GOODS",
        "lines": (line_taobao(status="WAIT_BUYER_CONFIRM_GOODS"),),
    },
)
FLAT: dict[str, Any] = {
    "order_id": "3305075341149134260",
    "order_no": "PO202605200001",
    "shipping_fee": fen(500),
}
NUMBER_3: Expected = (
    OrderPaid,
    {
        "order_id": "200002638011",
        "order_no": "FY20220426002",
        "status": "WAIT_SELLER_SEND_GOODS",
        "occurred_at": at(2022, 4, 26, 2, 21, 27, 564000),
        "lines": (
            OrderLine(
                id="1",
                item_id="600123256363335000",
                sku_id="4808332513272",
                status="WAIT_BUYER_CONFIRM_GOODS",
                carrier="顺丰速运",
                tracking_number="SF4548527307631",
            ),
        ),
    },
)


def of_1688(status: str, **more: Any) -> dict[str, Any]:
    return {
        "order_id": "167539019420540000",
        "status": status,
        "occurred_at": at(2018, 5, 30, 11, 34, 27),
        **more,
    }


EXPECTED: dict[str, dict[str, Expected]] = {
    "pandapon": {
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.1688.object": REFUND_1688,
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.1688.text": REFUND_1688,
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.taobao.object": REFUND_TAOBAO,
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND.taobao.text": REFUND_TAOBAO,
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688.flat": (
            OrderPriceChanged,
            {**FLAT, "status": "WAITING_FOR_PAYMENT", "total": fen(9800), "goods_amount": fen(9300)},
        ),
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688.object": PRICE_1688,
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.1688.text": PRICE_1688,
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.taobao.object": PRICE_TAOBAO,
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY.taobao.text": PRICE_TAOBAO,
        "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.1688.object": STATUS_1688,
        "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.1688.text": STATUS_1688,
        "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.taobao.object": STATUS_TAOBAO,
        "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.taobao.text": STATUS_TAOBAO,
        "ORDER_CREATE": (
            OrderCreated,
            {
                **FLAT,
                "status": "WAITING_FOR_PAYMENT",
                "total": fen(10000),
                "goods_amount": fen(9500),
                "occurred_at": at(2026, 5, 20, 7, 40),
            },
        ),
        "ORDER_PAY_SUCCESS": (
            OrderPaid,
            {
                **FLAT,
                "status": "WAITING_FOR_SENT",
                "total": fen(10000),
                "goods_amount": fen(9500),
                "occurred_at": at(2026, 5, 20, 7, 41),
            },
        ),
    },
    "taobao_global": {
        "0.reverse_order": (
            RefundChanged,
            {
                "refund_id": "501977696648153",
                "order_id": "252883361348153",
                "status": "canceled",
                "occurred_at": at(2020, 10, 26, 9, 14, 23),
                "progress": None,
            },
        ),
        "3": NUMBER_3,
        "9": (RefundRequested, {"refund_id": "200000000001", "status": "10"}),
    },
    "alibaba1688": {
        "LOGISTICS_BUYER_VIEW_TRACE": (
            ShipmentTracked,
            {
                "order_id": "2938624554509662976",
                "logistics_id": "12345",
                "carrier": "123",
                "tracking_number": "123456",
                "status": "CONSIGN",
            },
        ),
        "ORDER_BATCH_PAY": (
            BatchPaymentSettled,
            {"order_id": "558880835194545941", "result": "successed", "succeeded": True},
        ),
        "ORDER_BUYER_VIEW_ANNOUNCE_SENDGOODS": (OrderShipped, of_1688("waitbuyerreceive")),
        "ORDER_BUYER_VIEW_BUYER_MAKE": (
            OrderCreated,
            of_1688("waitbuyerpay", occurred_at=at(2018, 5, 30, 11, 24, 18)),
        ),
        "ORDER_BUYER_VIEW_ORDER_BUYER_CLOSE": (OrderClosed, of_1688("cancel", closed_by="buyer")),
        "ORDER_BUYER_VIEW_ORDER_BUYER_REFUND_IN_SALES": (
            RefundSucceeded,
            {
                "refund_id": "1234556",
                "order_id": "1479266113491823456",
                "action": "SYSTEM_AGREE_REFUND_PROTOCOL",
                "operator": "system",
                "status": "refundsuccess",
                "occurred_at": at(2018, 5, 30, 11, 30, 13),
            },
        ),
        "ORDER_BUYER_VIEW_ORDER_COMFIRM_RECEIVEGOODS": (OrderReceived, of_1688("confirm_goods_and_has_subsidy")),
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY": (OrderPriceChanged, of_1688("waitbuyerpay")),
        "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES": (
            RefundAgreed,
            {
                "refund_id": "1234567",
                "order_id": "161292821695900310",
                "action": "SELLER_AGREE_REFUND_PROCOTOL",
                "operator": "seller",
                "status": "waitbuyersend",
                "occurred_at": at(2018, 5, 30, 11, 37, 28),
            },
        ),
        "ORDER_BUYER_VIEW_ORDER_SELLER_CLOSE": (OrderClosed, of_1688("cancel", closed_by="seller")),
        "ORDER_BUYER_VIEW_ORDER_STEP_PAY": (OrderPartlyPaid, of_1688("waitsellersend")),
        "ORDER_BUYER_VIEW_ORDER_SUCCESS": (OrderCompleted, of_1688("success")),
        "ORDER_BUYER_VIEW_PART_PART_SENDGOODS": (OrderPartlyShipped, of_1688("waitsellersend")),
    },
    "dajisaas": {"3": NUMBER_3},
}
SAMPLES = [sample for source in SOURCES for sample in samples(source)]


def test_every_sample_is_in_the_table() -> None:
    assert [(sample.source, sample.name) for sample in SAMPLES] == [
        (source, name) for source, expected in EXPECTED.items() for name in expected
    ]


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.source}-{sample.name}")
def test_a_sample_says_what_the_platform_says(sample: Sample) -> None:
    """Whatever is not in the table is as the class has it by default."""
    kind, expected = EXPECTED[sample.source][sample.name]
    (event,) = decoded(sample.message, sample.source)
    assert type(event) is kind
    common = {"account": sample.source, "source": sample.source, "platform": event.platform, "topic": sample.topic}
    assert event == kind(**{**common, "raw": event.raw, **expected})
