"""What happens to an order, told in each source's own messages: one of these lives for each simulated order.

No two steps of a life say the same, or identity would rightly take the second for a redelivery of the first.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final


@dataclass(frozen=True, slots=True)
class Step:
    #: The sample's name.
    sample: str
    #: What this step says otherwise, by path.
    edits: Mapping[str, Any] = field(default_factory=dict)


Life = tuple[Step, ...]

_VIEW = "ORDER_BUYER_VIEW"


def _of_pandapon_1688(form: str) -> Iterator[Life]:
    """``form``: how ``messageBody`` is written, ``object`` or ``text``."""

    def status(word: str) -> Step:
        edits = {"messageBody.baseInfo.status": word, "messageBody.productItems.0.status": word}
        return Step(f"{_VIEW}_ORDER_STATUS_MODIFY.1688.{form}", edits)

    created, paid = Step("ORDER_CREATE"), Step("ORDER_PAY_SUCCESS")
    price = Step(f"{_VIEW}_ORDER_PRICE_MODIFY.1688.{form}")
    shipped, received, success = status("waitbuyerreceive"), status("confirm_goods"), status("success")
    refund = Step(f"{_VIEW}_ORDER_BUYER_REFUND.1688.{form}")
    yield created, price, paid, status("waitsellersend"), shipped, received, success
    yield created, Step(f"{_VIEW}_ORDER_PRICE_MODIFY.1688.flat"), paid, shipped, received, success
    yield created, paid, shipped, refund, status("cancel")


def _of_pandapon_taobao(form: str) -> Iterator[Life]:
    def status(word: str) -> Step:
        edits = {"messageBody.status": word, "messageBody.subOrders.0.status": word}
        return Step(f"{_VIEW}_ORDER_STATUS_MODIFY.taobao.{form}", edits)

    def refund(number: int) -> Step:
        edits = {"messageBody.refundOrderAggregate.refundOrder.refundStatus": number}
        return Step(f"{_VIEW}_ORDER_BUYER_REFUND.taobao.{form}", edits)

    created, paid, shipped = (
        status("WAIT_BUYER_P"),
        status("WAIT_SELLER_SEND_GOODS"),
        status("WAIT_BUYER_CONFIRM_GOODS"),
    )
    price = Step(f"{_VIEW}_ORDER_PRICE_MODIFY.taobao.{form}")
    yield created, price, paid, shipped, status("TRADE_FINISHED")
    yield created, paid, refund(10), refund(20), refund(100), status("TRADE_CLOSED")


def _of_1688() -> Iterator[Life]:
    def flat(topic: str, status: str, sample: str = "BUYER_MAKE") -> Step:
        return Step(f"{_VIEW}_{sample}", {"type": f"{_VIEW}_{topic}", "data.currentStatus": status})

    def refund(topic: str, status: str, action: str, operator: str) -> Step:
        edits = {"type": f"{_VIEW}_{topic}", "data.currentStatus": status, "data.refundAction": action}
        return Step(f"{_VIEW}_ORDER_BUYER_REFUND_IN_SALES", {**edits, "data.operator": operator})

    in_sales, after_sales = "ORDER_BUYER_REFUND_IN_SALES", "ORDER_REFUND_AFTER_SALES"
    created = flat("BUYER_MAKE", "waitbuyerpay")
    price = flat("ORDER_PRICE_MODIFY", "waitbuyerpay")
    paid = flat("ORDER_PAY", "waitsellersend")
    shipped = flat("ANNOUNCE_SENDGOODS", "waitbuyerreceive")
    received = flat("ORDER_COMFIRM_RECEIVEGOODS", "confirm_goods_and_has_subsidy")
    success = flat("ORDER_SUCCESS", "success")
    trace = "OrderLogisticsTracingModel.statusChanged"
    signed = Step("LOGISTICS_BUYER_VIEW_TRACE", {f"data.{trace}": "SIGN"})
    yield created, price, paid, shipped, signed, received, success
    yield created, paid, flat("PART_PART_SENDGOODS", "waitsellersend"), shipped, received, success
    yield (
        *(created, paid),
        refund(in_sales, "waitselleragree", "BUYER_APPLY_REFUND", "buyer"),
        refund(in_sales, "refundsuccess", "SELLER_AGREE_REFUND", "seller"),
        flat("ORDER_SELLER_CLOSE", "cancel"),
    )
    yield (
        *(created, paid, shipped, received, success),
        refund(after_sales, "waitselleragree", "BUYER_APPLY_REFUND", "buyer"),
        refund(after_sales, "waitbuyersend", "SELLER_AGREE_REFUND_PROCOTOL", "seller"),
        refund(after_sales, "refundsuccess", "SELLER_AGREE_REFUND", "seller"),
    )
    yield created, price, flat("ORDER_BUYER_CLOSE", "cancel")


def _of_taobao() -> Iterator[Life]:
    """Orders in the numbered messages that Taobao Global writes and dajisaas passes on."""

    def status(word: str) -> Step:
        return Step("3", {"data.status": word, "data.sku_list.0.status": word})

    # https://wiki-en.dajisaas.com/doc-4966230, message 8
    price = {"purchaseCurrency": "CNY", "purchaseTotalFee": 900, "purchaseProductFee": 800, "purchaseShippingFee": 100}
    changed = {"purchaseOrderId": 200002638011, "purchaseMarket": "taobao", "purchaseOrderPriceDTO": price}
    made, created, paid = status("BULIDING"), status("WAIT_BUYER_P"), status("WAIT_SELLER_SEND_GOODS")
    shipped = status("WAIT_BUYER_CONFIRM_GOODS")
    yield made, created, Step("3", {"message_type": 8, "data": changed}), paid, shipped, status("TRADE_FINISHED")
    yield made, created, paid, shipped, status("TRADE_FINISHED")
    yield made, created, status("TRADE_CLOSED")


def _of_taobao_refunded() -> Life:
    """A bought order that is refunded; only Taobao Global has a sample of the refund."""
    bought = tuple(_of_taobao())[1][:3]
    return (*bought, *(Step("9", {"data.refund_status": number}) for number in (10, 20, 100)))


#: By the source's name.
LIVES: Final[Mapping[str, tuple[Life, ...]]] = {
    "pandapon": tuple(
        life
        for form in ("object", "text")
        for lives in (_of_pandapon_1688, _of_pandapon_taobao)
        for life in lives(form)
    ),
    "taobao_global": (*_of_taobao(), _of_taobao_refunded()),
    "alibaba1688": tuple(_of_1688()),
    "dajisaas": tuple(_of_taobao()),
}
