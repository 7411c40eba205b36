"""The tables of the projection. They are a promise to those who query them: columns are added, none changes or goes.

Amounts are in fen, the hundredth of ``currency``. Ids are text. ``platform`` is ``taobao`` or ``1688``, and ``-`` where
the source did not say. Nothing here names a person.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Column, DateTime, Dialect, Integer, MetaData, String, Table, Text, TypeDecorator

#: MySQL has no key without a limit; no id of the platforms comes near it.
_ID = String(190)
metadata = MetaData()


class Moment(TypeDecorator[datetime]):
    """UTC in, UTC out; SQLite and MySQL keep no zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        return None if value is None else value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, _dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _table(name: str, keys: tuple[str, ...], *columns: Column[Any], comment: str) -> Table:
    return Table(
        name,
        metadata,
        *(Column(key, _ID, primary_key=True) for key in ("account", "platform", *keys)),
        *columns,
        Column("as_of", Moment, comment="until when the state is known: told by the source, else received, or read"),
        Column("told", Text, nullable=False, comment="column by column, how new it is, as JSON: for yizhan alone"),
        comment=comment,
    )


def _state(of: str) -> tuple[Column[Any], ...]:
    return (
        Column("state", String(64), comment="the event that it last came to: see yizhan events"),
        Column("status", String(190), comment="the platform's own word"),
        Column("stage", Integer, comment=f"how far the {of} has come, on the scale of receiver/standing.py"),
    )


purchase_order = _table(
    "purchase_order",
    ("order_id",),
    *_state("order"),
    Column("order_no", String(190), comment="the team's own number"),
    Column("total", BigInteger, comment="fen"),
    Column("goods_amount", BigInteger, comment="fen"),
    Column("shipping_fee", BigInteger, comment="fen"),
    Column("discount", BigInteger, comment="fen"),
    Column("currency", String(16)),
    Column("closed_by", String(64), comment="buyer, seller or platform"),
    Column("close_reason", Text, comment="the platform's own word"),
    comment="An order at the platform",
)

order_line = _table(
    "order_line",
    ("order_id", "line_id"),
    Column("item_id", String(190)),
    Column("sku_id", String(190)),
    Column("quantity", BigInteger),
    Column("status", String(190), comment="the platform's own word"),
    Column("amount", BigInteger, comment="fen, for all of the line"),
    Column("currency", String(16)),
    Column("carrier", String(190)),
    Column("tracking_number", String(190)),
    comment="A line of an order, a sub-order at Taobao",
)

refund = _table(
    "refund",
    ("refund_id",),
    *_state("refund"),
    Column("order_id", String(190)),
    Column("action", String(190), comment="what was done last, by 1688's own word"),
    Column("operator", String(190), comment="who did it, by 1688's own word"),
    Column("amount", BigInteger, comment="fen"),
    Column("currency", String(16)),
    Column("kind", String(64), comment="refund or returnRefund at 1688, a number at Taobao"),
    Column("goods_status", String(64), comment="the platform's own word"),
    Column("reason_id", String(190)),
    Column("reason", Text, comment="the platform's wording of what the buyer chose"),
    Column("tracking_number", String(190), comment="of the goods on their way back"),
    comment="A refund, with or without goods",
)

shipment = _table(
    "shipment",
    ("order_id", "shipment_id"),
    Column("carrier", String(190), comment="its code"),
    Column("tracking_number", String(190), comment="as it is now"),
    Column("status", String(190), comment="CONSIGN, ACCEPT, TRANSPORT, DELIVERING, AGENT_SIGN, SIGN, FAILED"),
    comment="A parcel of an order; one that holds several orders is a row of each",
)
