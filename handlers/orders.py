"""What happens to orders and their parcels, in words."""

from collections.abc import Mapping

from receiver import Context, Router
from receiver.events import (
    BatchPaymentSettled,
    Event,
    OrderAddressChanged,
    OrderClosed,
    OrderCompleted,
    OrderCreated,
    OrderEvent,
    OrderMemoChanged,
    OrderPaid,
    OrderPartlyPaid,
    OrderPartlyShipped,
    OrderPriceChanged,
    OrderReceived,
    OrderShipped,
    OrderStatusChanged,
    ShipmentEvent,
    ShipmentPackageChanged,
    ShipmentTracked,
    TrackingNumberChanged,
)

router = Router()

WORDS: Mapping[type[Event], str] = {
    OrderCreated: "was placed",
    OrderPriceChanged: "has a new price",
    OrderPartlyPaid: "was paid in part",
    OrderPaid: "was paid",
    BatchPaymentSettled: "could not be paid in a batch",
    OrderPartlyShipped: "was shipped in part",
    OrderShipped: "was shipped",
    OrderReceived: "was received",
    OrderCompleted: "is complete",
    OrderClosed: "was closed",
    OrderAddressChanged: "goes to another address",
    OrderMemoChanged: "has another memo",
    OrderStatusChanged: "has another status",
    ShipmentTracked: "has a parcel that moved",
    TrackingNumberChanged: "has a parcel with a new tracking number",
    ShipmentPackageChanged: "has a parcel that was repacked or left the warehouse",
}


@router.on(OrderEvent, name="orders.tell")
def tell(ctx: Context[OrderEvent]) -> None:
    """Say what happened to the order. Ids and words of ours only: the rest of the body may name people."""
    _tell(ctx, ctx.event.order_id)


@router.on(ShipmentEvent, name="orders.tell_shipment")
def tell_shipment(ctx: Context[ShipmentEvent]) -> None:
    """Say what happened to a parcel of the order."""
    _tell(ctx, ctx.event.order_id)


def _tell(ctx: Context[Event], order_id: str) -> None:
    ctx.log.info(f"order {order_id} at {ctx.event.platform or 'its platform'} {_words(ctx.event)}")


def _words(event: Event) -> str:
    match event:
        case OrderClosed(closed_by=str(who)):
            return f"was closed by the {who}"
        case BatchPaymentSettled(succeeded=True):
            return "was paid in a batch"
        case _:
            return WORDS.get(type(event), f"changed: {event.topic}")
