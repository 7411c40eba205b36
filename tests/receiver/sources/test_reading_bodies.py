"""Values of bodies that no sample shows whole, and ids and fields at their edges."""

import json
from typing import Any

import pytest
from builders import decoded

from receiver.events import Money, OrderEvent, OrderLine, TrackingNumberChanged
from receiver.sources import SOURCES


def order(source: str, topic: object, text: str) -> OrderEvent:
    """The one event of a body given as JSON text, so that no number is read before its time."""
    key, at = {"pandapon": ("messageType", "messageBody"), "alibaba1688": ("type", "data")}.get(
        source, ("message_type", "data")
    )
    message = f'{{"{key}":{json.dumps(topic)},"{at}":{text},"messagePlatform":1}}'
    (event,) = decoded(message.encode(), source)
    assert isinstance(event, OrderEvent)
    return event


@pytest.mark.parametrize("source", ["taobao_global", "dajisaas"])
def test_a_changed_price_by_number(source: str) -> None:
    price = '{"purchaseCurrency":"CNY","purchaseTotalFee":1234,"purchaseProductFee":1000,"purchaseShippingFee":"234"}'
    lines = '[{"purchaseOrderLineId":1234567890123456789,"salesOrderLineIdList":["1"]},{"purchaseOrderLineId":"x"}]'
    body = (
        f'{{"purchaseOrderId":1,"purchaseOrderPriceDTO":{price},"purchaseOrderLinePriceChangeMessageDTOList":{lines}}}'
    )
    event = order(source, 8, body)
    assert event.type == "order.price_changed"
    assert [money and money.amount for money in (event.total, event.goods_amount, event.shipping_fee)] == [
        1234,
        1000,
        234,
    ]
    assert event.lines == (OrderLine(id="1234567890123456789"), OrderLine(id="x"))


@pytest.mark.parametrize("source", ["pandapon", "alibaba1688", "dajisaas"])
def test_another_tracking_number(source: str) -> None:
    model = {
        "logisticsId": 12345,
        "oldCpCode": "YTO",
        "newCpCode": "ZTO",
        "oldMailNo": "YT1",
        "newMailNo": "ZT2",
        "eventTime": "2018-05-30 19:34:27",
        "orderLogsItems": [{"orderId": 1}, {"orderId": 2}],
    }
    body = {"MailNoChangeModel": model}
    key = "messageType" if source == "pandapon" else "type"
    message = {key: "LOGISTICS_MAIL_NO_CHANGE", "data": body, "messageBody": body}
    events = decoded(json.dumps(message).encode(), source)
    assert [event.order_id for event in events] == ["1", "2"]
    for event in events:
        assert isinstance(event, TrackingNumberChanged)
        assert (event.logistics_id, event.carrier, event.tracking_number) == ("12345", "ZTO", "ZT2")
        assert (event.old_carrier, event.new_carrier) == ("YTO", "ZTO")
        assert (event.old_tracking_number, event.new_tracking_number) == ("YT1", "ZT2")
        assert event.occurred_at is not None
        assert event.occurred_at.isoformat() == "2018-05-30T11:34:27+00:00"


def test_the_discount_of_a_detail_is_fen_and_all_else_yuan() -> None:
    event = order(
        "pandapon",
        "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY",
        '{"baseInfo":{"idOfStr":"1","totalAmount":0.01,"sumProductPayment":39.9,"shippingFee":0,"discount":-3989}}',
    )
    assert (event.total, event.goods_amount) == (Money(amount=1, raw="0.01"), Money(amount=3990, raw="39.9"))
    assert (event.shipping_fee, event.discount) == (Money(amount=0, raw="0"), Money(amount=-3989, raw="-3989"))


@pytest.mark.parametrize("digits", ["3305075341149134260", "9223372036854775808", "330507534114913426099", "7" * 40])
@pytest.mark.parametrize("quote", ["", '"'])
def test_ids_keep_every_digit_as_number_and_as_text(digits: str, quote: str) -> None:
    number = f"{quote}{digits}{quote}"
    line = f'{{"order_line_no":{number},"item_id":{number},"sku_id":{number}}}'
    event = order("taobao_global", 3, f'{{"purchase_id":{number},"outer_purchase_id":{number},"sku_list":[{line}]}}')
    assert (event.order_id, event.order_no) == (digits, digits)
    assert event.lines == (OrderLine(id=digits, item_id=digits, sku_id=digits),)


def test_an_id_in_text_goes_before_its_number() -> None:
    """1688's own sample has both, and they differ: the number has lost digits."""
    body = (
        '{"baseInfo":{"id":58218860983545944,"idOfStr":"58218860983545941"},'
        '"productItems":[{"subItemIDString":"5","subItemID":4}]}'
    )
    event = order("pandapon", "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY", body)
    assert (event.order_id, event.lines[0].id) == ("58218860983545941", "5")


@pytest.mark.parametrize(
    ("quantity", "read"),
    [("6", 6), ('"6"', 6), ("1.0", 1), ("0", 0), ("0.5", None), ("true", None), ("[]", None), ("1e300", None)],
)
def test_a_quantity_is_whole_or_none(quantity: str, read: int | None) -> None:
    body = f'{{"baseInfo":{{"id":1}},"productItems":[{{"quantity":{quantity}}},7,null]}}'
    assert order("pandapon", "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY", body).lines == (OrderLine(quantity=read),)


@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_a_price_names_its_currency(currency: str) -> None:
    body = f'{{"purchaseOrderId":1,"purchaseOrderPriceDTO":{{"purchaseCurrency":"{currency}","purchaseTotalFee":1}}}}'
    assert order("taobao_global", 8, body).total == Money(amount=1, currency=currency, raw="1")


def test_raw_holds_the_whole_message_and_no_representation_of_the_event_does() -> None:
    event = order("alibaba1688", "ORDER_BUYER_VIEW_ORDER_SUCCESS", '{"orderId":1,"buyerName":"PLANTED"}')
    raw: dict[str, Any] = {"orderId": 1, "buyerName": "PLANTED"}
    assert event.raw["data"] == raw
    assert "PLANTED" not in repr(event)


def test_a_topic_means_the_same_at_every_source() -> None:
    meanings: dict[str, set[str]] = {}
    for source in SOURCES.values():
        for name, topic in source.topics.items():
            meanings.setdefault(name, set()).add(topic.otherwise.event.type)
    assert all(len(types) == 1 for types in meanings.values())
