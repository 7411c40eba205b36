"""What happened, typed and source-neutral: the vocabulary that handlers subscribe to."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from receiver.envelope import Platform
from receiver.standing import Standing


class Event(BaseModel):
    """Anything that a source told us. Subscribe to it to see everything."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: The stored name of the event, stable whatever the class is called.
    type: ClassVar[str] = "event"

    account: str
    source: str
    #: Where the order lives; ``None`` where the source did not say.
    platform: Platform | None
    #: The source's own name of what happened.
    topic: str
    order_id: str | None = None
    refund_id: str | None = None
    #: When it happened, by the source's word; ``None`` where it does not say.
    occurred_at: datetime | None = None
    #: Content alone could not tell whether this repeats an earlier event: read the current state before you act.
    ambiguous: bool = False
    #: Nobody can tell whether the handler has already seen newer: read the current state before you act.
    uncertain: bool = False
    #: The body as the source wrote it, parsed. It may hold personal data.
    raw: Mapping[str, Any] = Field(repr=False)

    @property
    def standing(self) -> Standing | None:
        """How far its order or refund has come; ``None`` for what adds to the story and supersedes nothing."""
        return None

    @property
    def lane(self) -> str | None:
        """The order or refund it belongs to: events of one lane reach a handler one at a time, in order."""
        if self.refund_id is not None:
            return f"{self.platform or '-'}:refund:{self.refund_id}"
        if self.order_id is not None:
            return f"{self.platform or '-'}:order:{self.order_id}"
        return None


class OrderEvent(Event):
    """Something happened to an order."""

    type: ClassVar[str] = "order"

    order_id: str


class RefundEvent(Event):
    """Something happened to a refund, before or after the order was completed."""

    type: ClassVar[str] = "refund"

    refund_id: str


class Unrecognized(Event):
    """A topic we do not know (yet). Everything it said is in ``raw``."""

    type: ClassVar[str] = "unrecognized"
