"""What happens to refunds and returns, in words."""

from receiver import Context, Router
from receiver.events import RefundEvent

router = Router()


@router.on(RefundEvent, name="aftersales.tell")
def tell(ctx: Context[RefundEvent]) -> None:
    """Say what happened to the refund, and of which order."""
    order = f" of order {ctx.event.order_id}" if ctx.event.order_id else ""
    ctx.log.info(f"refund {ctx.event.refund_id}{order}: {ctx.event.topic}")
