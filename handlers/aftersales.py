"""What happens to refunds and returns, in words."""

from collections.abc import Mapping

from receiver import Context, Router
from receiver.events import (
    RefundAgreed,
    RefundChanged,
    RefundClosed,
    RefundEvent,
    RefundGoodsReceived,
    RefundGoodsShipped,
    RefundInterventionAsked,
    RefundMessagePosted,
    RefundRejected,
    RefundRequested,
    RefundSucceeded,
)

router = Router()

WORDS: Mapping[type[RefundEvent], str] = {
    RefundRequested: "was requested",
    RefundAgreed: "was agreed to",
    RefundRejected: "was rejected",
    RefundChanged: "changed",
    RefundGoodsShipped: "has its goods on their way back",
    RefundGoodsReceived: "has its goods back with the seller",
    RefundSucceeded: "was paid back",
    RefundClosed: "was closed",
    RefundInterventionAsked: "is with the platform's customer service",
    RefundMessagePosted: "has new evidence in its thread",
}


@router.on(RefundEvent, name="aftersales.tell")
def tell(ctx: Context[RefundEvent]) -> None:
    """Say what happened to the refund, and of which order."""
    order = f" of order {ctx.event.order_id}" if ctx.event.order_id else ""
    words = WORDS.get(type(ctx.event), f"changed: {ctx.event.topic}")
    ctx.log.info(f"refund {ctx.event.refund_id}{order} {words}")
