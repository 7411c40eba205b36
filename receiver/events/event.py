"""The root of all events, and the one event for what we do not know."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from receiver.envelope import Platform
from receiver.standing import Standing


class Event(BaseModel):
    """Anything that happened. Subscribe to it to see all that sources tell; dead letters are asked for by name."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    #: The stored name of the event, stable whatever the class is called.
    type: ClassVar[str] = "event"
    #: How far the order or refund has come by such an event, on the scale of ``receiver.standing``; ``None`` for events
    #: that add to what is known and leave the state as it was.
    at_stage: ClassVar[int | None] = None

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
    #: Nobody can tell whether the handler has already seen newer: read the current state before you act. Told at the
    #: attempt, never by ``decode()``.
    uncertain: bool = False
    #: The body as the source wrote it, parsed. It may hold personal data.
    raw: Mapping[str, Any] = Field(repr=False)

    @property
    def lane(self) -> str | None:
        """The order or refund it belongs to: events of one lane reach a handler one at a time, in order."""
        if self.refund_id is not None:
            return f"{self.platform or '-'}:refund:{self.refund_id}"
        if self.order_id is not None:
            return f"{self.platform or '-'}:order:{self.order_id}"
        return None

    @property
    def standing(self) -> Standing | None:
        """How far its order or refund has come; ``None`` for what adds to the story: it supersedes nothing."""
        return None if self.at_stage is None else Standing(self.at_stage, self.occurred_at)


class Unrecognized(Event):
    """A topic we do not know (yet), or a body that names no order or refund. Everything it said is in ``raw``.

    Every source: any topic of no other event. Known to exist and left alone: the product messages of Taobao Global (11,
    13 to 18), and 1688's FENXIAO_BUYER_VIEW_LINK_ORDER_BILL, a statement of account whose body no page shows.
    """

    type: ClassVar[str] = "unrecognized"
