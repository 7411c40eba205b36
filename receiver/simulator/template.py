"""A sample as a message that can be written again and again: fresh ids, times near now, everything else as it was.

Values are put into the parsed JSON, in the form they had there: a number stays a number, a time keeps its notation.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any, Literal, NamedTuple

import orjson

from receiver.sources.moments import BEIJING, moment
from receiver.sources.samples import Sample

Role = Literal["order_id", "refund_id", "message_id", "pushed", "created", "occurred"]

NO_EDITS: Mapping[str, Any] = MappingProxyType({})

#: What a key means, wherever it stands in a message. All other values are kept.
_ROLES: Mapping[str, Role] = {
    "orderId": "order_id",
    "idOfStr": "order_id",
    "baseInfo.id": "order_id",
    "salesOrderId": "order_id",
    "purchase_id": "order_id",
    "purchaseOrderId": "order_id",
    "trade_order_id": "order_id",
    "refundId": "refund_id",
    "refund_id": "refund_id",
    "reverse_order_id": "refund_id",
    "msgId": "message_id",
    "timestamp": "pushed",
    "gmtBorn": "pushed",
    "createTime": "created",
    "tbCreateTime": "created",
    "business_time": "occurred",
    "changeTime": "occurred",
    "eventTime": "occurred",
    "modifyTime": "occurred",
    "msgSendTime": "occurred",
    "payTime": "occurred",
    "status_update_time": "occurred",
}

#: As seconds the year 5138.
_MILLISECONDS_FROM = 100_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Values:
    """What one message says in place of its sample's ids and times."""

    order_id: int
    refund_id: int
    message_id: int
    pushed: datetime
    created: datetime
    occurred: datetime


class _Slot(NamedTuple):
    container: Any
    key: str | int
    role: Role
    write: Callable[[Any], Any]


class Template:
    """Not to be shared by threads: it fills one parsed message in place, which is what makes it fast."""

    def __init__(self, sample: Sample, edits: Mapping[str, Any] = NO_EDITS) -> None:
        """``edits`` are values by path (``messageBody.status``, ``sku_list.0.status``), put in before anything else."""
        self._message = orjson.loads(sample.message)
        #: JSON texts inside of the message, the innermost first.
        self._texts = list(_unfold(self._message))
        for path, value in edits.items():
            _put(self._message, path.split("."), value)
        self._slots = list(_slots(self._message))
        #: What the sample itself says, which tells the samples of one order.
        self.original = {slot.role: str(slot.container[slot.key]) for slot in reversed(self._slots)}

    def named(self, role: Role, values: Values) -> str | None:
        """An id as the filled message writes it; ``None`` if it names none."""
        for slot in self._slots:
            if slot.role == role:
                return str(slot.write(getattr(values, role)))
        return None

    @property
    def retimable(self) -> bool:
        """A redelivery of it may carry another push time. Under a message id the id alone would tell."""
        return "pushed" in self.original and "message_id" not in self.original

    def fill(self, values: Values) -> bytes:
        for container, key, role, write in self._slots:
            container[key] = write(getattr(values, role))
        undo = []
        for container, key, inner in self._texts:
            undo.append((container, key, inner))
            container[key] = orjson.dumps(inner).decode()
        message = orjson.dumps(self._message)
        for container, key, inner in undo:
            container[key] = inner
        return message


def _children(container: Any) -> list[tuple[Any, Any]]:
    if isinstance(container, dict):
        return list(container.items())
    return list(enumerate(container)) if isinstance(container, list) else []


def _unfold(container: Any) -> Iterator[tuple[Any, Any, Any]]:
    """Parse JSON texts in place."""
    for key, value in _children(container):
        text = isinstance(value, str) and value.startswith(("{", "["))
        inner = container[key] = orjson.loads(value) if text else value
        yield from _unfold(inner)
        if text:
            yield container, key, inner


def _put(container: Any, path: list[str], value: Any) -> None:
    for part in path[:-1]:
        container = container[int(part) if isinstance(container, list) else part]
    # A copy: edits are shared, and the value gets slots of its own.
    container[path[-1]] = orjson.loads(orjson.dumps(value))


def _slots(container: Any, parent: str = "") -> Iterator[_Slot]:
    for key, value in _children(container):
        role = _ROLES.get(str(key)) or _ROLES.get(f"{parent}.{key}")
        write = _writer(role, value) if role else None
        if role and write:
            yield _Slot(container, key, role, write)
        yield from _slots(value, str(key))


def _writer(role: Role, value: Any) -> Callable[[Any], Any] | None:
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None  # null and the like: the sample has no such id or time
    if role in {"order_id", "refund_id", "message_id"}:
        return _number_writer(value)
    return _time_writer(value)


def _number_writer(value: int | str) -> Callable[[int], Any]:
    if isinstance(value, int):
        return int
    prefix = (re.match("[A-Z]*", value) or [""])[0]  # 1688's refunds begin with TQ
    return lambda number: f"{prefix}{number}"


def _time_writer(value: int | str) -> Callable[[datetime], Any]:
    if isinstance(value, int):
        return _milliseconds if value >= _MILLISECONDS_FROM else lambda time: int(time.timestamp())
    if value.isdigit() and moment(int(value)):
        return lambda time: str(_milliseconds(time))
    if value[:14].isdigit():
        return lambda time: f"{time.astimezone(BEIJING):%Y%m%d%H%M%S}{time.microsecond // 1000:03}+0800"
    return lambda time: f"{time.astimezone(BEIJING):%Y-%m-%d %H:%M:%S}"


def _milliseconds(time: datetime) -> int:
    return int(time.timestamp()) * 1000 + time.microsecond // 1000
