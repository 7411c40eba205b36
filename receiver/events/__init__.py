"""What happened, typed and source-neutral: the vocabulary that handlers subscribe to.

``yizhan events`` lists it, and ``yizhan events --topics`` says which topics of which source become what. A topic tells
*what happened*, so an event is named in the past tense; its ``type`` is stored with each delivery and never changes.
"""

from receiver.events.dead_letters import DeadLetter, DeliveryBuried, EnvelopeUnreadable
from receiver.events.event import Event, Unrecognized
from receiver.events.orders import (
    BatchPaymentSettled,
    ClosedBy,
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
)
from receiver.events.refunds import (
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
from receiver.events.shipments import ShipmentEvent, ShipmentPackageChanged, ShipmentTracked, TrackingNumberChanged
from receiver.events.values import Money, OrderLine

__all__ = [
    "BatchPaymentSettled",
    "ClosedBy",
    "DeadLetter",
    "DeliveryBuried",
    "EnvelopeUnreadable",
    "Event",
    "Money",
    "OrderAddressChanged",
    "OrderClosed",
    "OrderCompleted",
    "OrderCreated",
    "OrderEvent",
    "OrderLine",
    "OrderMemoChanged",
    "OrderPaid",
    "OrderPartlyPaid",
    "OrderPartlyShipped",
    "OrderPriceChanged",
    "OrderReceived",
    "OrderShipped",
    "OrderStatusChanged",
    "RefundAgreed",
    "RefundChanged",
    "RefundClosed",
    "RefundEvent",
    "RefundGoodsReceived",
    "RefundGoodsShipped",
    "RefundInterventionAsked",
    "RefundMessagePosted",
    "RefundRejected",
    "RefundRequested",
    "RefundSucceeded",
    "ShipmentEvent",
    "ShipmentPackageChanged",
    "ShipmentTracked",
    "TrackingNumberChanged",
    "Unrecognized",
]
