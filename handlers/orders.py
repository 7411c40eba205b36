"""What happens to orders, in words."""

from receiver import Context, Router
from receiver.events import OrderEvent

router = Router()


@router.on(OrderEvent, name="orders.tell")
def tell(ctx: Context[OrderEvent]) -> None:
    """Say what happened to the order. Ids and topics only: the rest of the body may name people."""
    where = ctx.event.platform or "its platform"
    ctx.log.info(f"order {ctx.event.order_id} at {where}: {ctx.event.topic}")
