"""One line in the log for everything that arrives: ids and what happened, never what the body holds."""

from collections.abc import Mapping

from receiver import Context, Router
from receiver.events import (
    BatchPaymentSettled,
    Event,
    OrderAddressChanged,
    OrderClosed,
    OrderCompleted,
    OrderCreated,
    OrderMemoChanged,
    OrderPaid,
    OrderPartlyPaid,
    OrderPartlyShipped,
    OrderPriceChanged,
    OrderReceived,
    OrderShipped,
    OrderStatusChanged,
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
    ShipmentPackageChanged,
    ShipmentTracked,
    TrackingNumberChanged,
    Unrecognized,
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
    ShipmentTracked: "has a parcel that moved",
    TrackingNumberChanged: "has a parcel with a new tracking number",
    ShipmentPackageChanged: "has a parcel that was repacked or left the warehouse",
}


@router.on(Event, name="journal.note", stale="run")
def note(ctx: Context[Event]) -> None:
    """Note the event, old news too; a topic that no version of ours knows is worth a look."""
    event = ctx.event
    if isinstance(event, Unrecognized):
        ctx.log.warning(f"a topic we do not know: {event.topic!r} from {event.source}")
        return
    again = " (again, or anew: read the current state before you act on it)" if event.ambiguous else ""
    ctx.log.info(f"{_subject(event)} {_words(event)}{again}")


def _subject(event: Event) -> str:
    order = f"order {event.order_id}"
    if isinstance(event, RefundEvent):
        return f"refund {event.refund_id}" + (f" of {order}" if event.order_id else "")
    return f"{order} at {event.platform or 'its platform'}"


def _words(event: Event) -> str:
    match event:
        case OrderClosed(closed_by=str(who)):
            return f"was closed by the {who}"
        case BatchPaymentSettled(succeeded=True):
            return "was paid in a batch"
        case _:
            return WORDS.get(type(event), f"changed: {event.topic}")
