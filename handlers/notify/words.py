"""A notice as a line, and lines as a message, in English or Chinese. No word of a person's gets in."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Literal

from handlers import journal
from receiver.events import DeliveryBuried, EnvelopeUnreadable, Event, Money, RefundEvent, Unrecognized

Language = Literal["en", "zh"]

#: A source's own word is a code; anything else may be a sentence, by anybody about anybody.
_CODE = r"[A-Za-z0-9_.-]{1,64}"
_LONGEST_ERROR = 200

_CHINESE: Mapping[str, str] = {
    "order.created": "已下单",
    "order.price_changed": "已改价",
    "order.partly_paid": "已部分付款",
    "order.paid": "已付款",
    "order.batch_payment_settled": "批量付款有结果",
    "order.partly_shipped": "已部分发货",
    "order.shipped": "已发货",
    "order.received": "已收货",
    "order.completed": "交易完成",
    "order.closed": "已关闭",
    "order.address_changed": "收货地址已改",
    "order.memo_changed": "备注已改",
    "order.status_changed": "状态已变",
    "refund.requested": "已申请",
    "refund.agreed": "卖家已同意",
    "refund.rejected": "卖家已拒绝",
    "refund.changed": "有变动",
    "refund.goods_shipped": "退货已寄出",
    "refund.goods_received": "卖家已收到退货",
    "refund.succeeded": "已退款",
    "refund.closed": "已关闭",
    "refund.intervention_asked": "平台客服已介入",
    "refund.message_posted": "有新凭证",
    "shipment.tracked": "物流有更新",
    "shipment.tracking_number_changed": "运单号已改",
    "shipment.package_changed": "包裹有变动",
    "unrecognized": "未知主题",
}
_NAMES = {"en": ("order", "refund", "of", "at"), "zh": ("订单", "退款", "属", "在")}


def sentence(event: Event, envelope_id: str, language: Language) -> str:
    """What happened, in a line."""
    if isinstance(event, DeliveryBuried):
        shown = f"yizhan deliveries show {event.delivery_id}"
        about = " ".join([event.event_type, _subject(event, language)]).strip()
        if language == "zh":
            return f"{event.type}：{event.handler} 放弃了 {about}：{_error(event.error)}；{shown}"
        return f"{event.type}: {event.handler} gave up {about}: {_error(event.error)}; {shown}"
    if isinstance(event, EnvelopeUnreadable):
        about, shown = f"{_code(event.topic) or '?'} ({event.account})", f"yizhan inbox show {envelope_id}"
        if language == "zh":
            return f"{event.type}：无法读取 {about}：{_error(event.error)}；{shown}"
        return f"{event.type}: cannot read {about}: {_error(event.error)}; {shown}"
    words = _CHINESE[event.type] if language == "zh" else journal.WORDS.get(type(event), "a topic we do not know")
    topic = _code(event.topic) if isinstance(event, Unrecognized) else None
    parts = [" ".join(part for part in (_subject(event, language), words) if part), topic, *_details(event)]
    return f"{event.type}: " + " · ".join(part for part in parts if part)


def message(lines: Sequence[str], most: int, language: Language) -> tuple[str, str]:
    """Title and body."""
    number, more = len(lines), len(lines) - most
    title = f"yizhan：{number} 条通知" if language == "zh" else f"yizhan: {number} notice{'s'[: number > 1]}"
    rest = [f"另有 {more} 条" if language == "zh" else f"and {more} more"] if more > 0 else []
    return title, "\n".join([*lines[:most], *rest])


def _subject(event: Event, language: Language) -> str:
    order, refund, of, at = _NAMES[language]
    parts = [
        f"{refund} {event.refund_id}" if event.refund_id else None,
        of if event.refund_id and event.order_id else None,
        f"{order} {event.order_id}" if event.order_id else None,
        f"{at} {event.platform}" if event.platform and (event.order_id or event.refund_id) else None,
    ]
    return " ".join(part for part in parts if part)


def _details(event: Event) -> list[str | None]:
    """Amounts, and what the source says in codes."""
    amount = event.amount if isinstance(event, RefundEvent) else getattr(event, "total", None)
    said = [getattr(event, name, None) for name in ("closed_by", "action", "status", "reason", "result")]
    return [_amount(amount), *map(_code, said)]


def _amount(amount: Money | None) -> str | None:
    return None if amount is None else f"{Decimal(amount.amount) / 100:.2f} {_code(amount.currency) or ''}".strip()


def _code(text: str | None) -> str | None:
    return text if text and re.fullmatch(_CODE, text) else None


def _error(error: str | None) -> str:
    """Errors hold no values: see ``receiver.failures``."""
    return " ".join((error or "?").split())[:_LONGEST_ERROR]
