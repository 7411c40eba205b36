"""What events are made of."""

from pydantic import BaseModel, ConfigDict


class Money(BaseModel):
    """An amount in fen, the hundredth of a yuan (of another currency: its hundredth): whole, hence exact."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    amount: int
    currency: str = "CNY"
    #: The text as the source wrote it, in whatever unit. What came as a JSON number stands here in its shortest form.
    raw: str


class OrderLine(BaseModel):
    """One line of an order, as far as the body tells."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str | None = None
    item_id: str | None = None
    sku_id: str | None = None
    quantity: int | None = None
    #: The source's own word.
    status: str | None = None
    amount: Money | None = None
    #: The carrier's name as the source writes it.
    carrier: str | None = None
    tracking_number: str | None = None
