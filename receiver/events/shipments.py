"""What happens to a parcel. Each event adds to what is known: it supersedes nothing, and is never skipped.

Its lane is its order: ``OrderShipped`` and the parcels of that order reach a handler of both one at a time.
"""

from typing import ClassVar

from receiver.events.event import Event


class ShipmentEvent(Event):
    """Something happened to a parcel of an order. A parcel that holds several orders is one event for each."""

    type: ClassVar[str] = "shipment"

    order_id: str
    #: The platform's own number of the shipment.
    logistics_id: str | None = None
    #: The carrier's code, as it is now.
    carrier: str | None = None
    #: As it is now.
    tracking_number: str | None = None
    #: The source's own word: CONSIGN, ACCEPT, TRANSPORT, DELIVERING, AGENT_SIGN, SIGN, FAILED.
    status: str | None = None


class ShipmentTracked(ShipmentEvent):
    """The parcel came a step further, or failed to: ``status`` says which.

    1688: LOGISTICS_BUYER_VIEW_TRACE.
    """

    type: ClassVar[str] = "shipment.tracked"


class TrackingNumberChanged(ShipmentEvent):
    """The parcel goes under another number, or with another carrier.

    1688: LOGISTICS_MAIL_NO_CHANGE.
    """

    type: ClassVar[str] = "shipment.tracking_number_changed"

    old_carrier: str | None = None
    old_tracking_number: str | None = None
    #: The same as ``carrier`` and ``tracking_number``.
    new_carrier: str | None = None
    new_tracking_number: str | None = None


class ShipmentPackageChanged(ShipmentEvent):
    """A parcel was packed anew on its way, or left the platform's warehouse. No page shows the bodies.

    1688: LOGISTICS_GLOBAL_1688_PACKAGE_CHANGE (cross-border), LOGISTICS_OFFICIAL_WAREHOUSE_OUTBOUND (return warehouse).
    """

    type: ClassVar[str] = "shipment.package_changed"
