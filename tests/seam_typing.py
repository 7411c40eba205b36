"""What the seam lets through and what not. Checked by mypy, never run.

Each ``type: ignore`` is a claim: were the line to type-check, mypy would call the comment unused, and fail.
"""

from receiver import Context, Router
from receiver.events import Event, OrderClosed, OrderEvent, OrderPaid, RefundEvent, ShipmentEvent

router = Router()


@router.on(OrderEvent)
def plain(ctx: Context[OrderEvent]) -> None:
    order_id: str = ctx.event.order_id  # an order's event always names it
    ctx.log.info("seen", order=order_id)


@router.on(OrderEvent)
async def asynchronous(ctx: Context[OrderEvent]) -> None: ...


@router.on(OrderClosed)
def one_kind(ctx: Context[OrderClosed]) -> None:
    by: str | None = ctx.event.closed_by
    ctx.log.info("closed", by=by, total=ctx.event.total and ctx.event.total.amount)


@router.on(ShipmentEvent)
def of_a_parcel(ctx: Context[ShipmentEvent]) -> None:
    order_id: str = ctx.event.order_id  # so does a parcel's
    ctx.log.info("moved", order=order_id)


def takes_any_event(ctx: Context[Event]) -> None:
    """Whoever can take every event can take an order's."""


router.on(OrderEvent, name="orders")(takes_any_event)
router.on(RefundEvent, name="refunds")(takes_any_event)


async def test_of_a_handler(ctx: Context[OrderEvent]) -> None:
    """Decorated, both are still what they were written as."""
    plain(ctx)
    await asynchronous(ctx)
    await plain(ctx)  # type: ignore[misc]


@router.on(RefundEvent)  # type: ignore[arg-type]
def takes_another_event(ctx: Context[OrderEvent]) -> None: ...


@router.on(Event)  # type: ignore[arg-type]
def takes_less_than_it_is_given(ctx: Context[OrderEvent]) -> None: ...


@router.on(RefundEvent)  # type: ignore[arg-type]
async def takes_another_event_asynchronously(ctx: Context[OrderEvent]) -> None: ...


@router.on(OrderEvent)  # type: ignore[arg-type]
def takes_one_kind_only(ctx: Context[OrderPaid]) -> None: ...


@router.on(OrderPaid)
def takes_more_than_it_is_given(ctx: Context[OrderEvent]) -> None: ...


@router.on(OrderEvent)  # type: ignore[arg-type]
def takes_the_bare_event(event: OrderEvent) -> None: ...


@router.on(OrderEvent)  # type: ignore[type-var]
def returns_what_nobody_reads(ctx: Context[OrderEvent]) -> int:
    return 1


router.on(str)  # type: ignore[type-var]


@router.on(OrderEvent, platform="tmall")  # type: ignore[arg-type]
def lives_nowhere(ctx: Context[OrderEvent]) -> None: ...
