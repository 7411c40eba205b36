"""The projection: orders, their lines, refunds and parcels as they stand, a row each, in the team's own database.

::

    [handlers.orders]
    url = "sqlite:///.yizhan/orders.db"   # any that SQLAlchemy knows; or url_env, url_file
    schema = "yizhan_orders"              # the default in PostgreSQL; elsewhere there is none
    fill = true                           # read from the platform what an event does not tell

A row is never older than what was told of it, in whatever order the platform tells: each column is as new as its last
telling, and what is older fills in what is missing. What an event tells is written first; then, where it tells too
little, or nobody can tell how new it is, the order or refund is read from the platform and written over it. If that
fails, the attempt is made again, and nothing is lost. Account by account, what cannot be asked is left as it was told.

Tables are made at the first event, columns of later versions added then: ``tables`` says what they mean. No name, phone
or address is kept.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo

from receiver import Context, Router
from receiver.errors import RoutingError, WrongCall
from receiver.events import Event, OrderEvent, RefundEvent, ShipmentEvent

try:
    from sqlalchemy import URL, make_url
    from sqlalchemy.exc import ArgumentError
except ModuleNotFoundError:
    raise RoutingError("there is no module sqlalchemy; pip install 'yizhan[orders]'") from None

from handlers.orders import said
from handlers.orders.database import Database
from handlers.orders.row import Row


def _url(value: Any, info: ValidationInfo) -> URL:
    """As SQLAlchemy reads it, but that a file is relative to the folder of yizhan.toml."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("expected a URL of SQLAlchemy, as postgresql://user:password@host/name") from None
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        return url.set(database=str(Path((info.context or {}).get("folder", "."), url.database)))
    return url


class Orders(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    url: Annotated[URL, BeforeValidator(_url)] = Field("sqlite:///.yizhan/orders.db", validate_default=True)
    schema_name: str | None = Field(None, alias="schema")
    fill: bool = True


def create(settings: Orders) -> Router:
    """Old news is wanted here, so each handler is ``stale="run"``: it may tell what newer news did not."""
    router = Router()
    in_postgresql = settings.url.get_backend_name() == "postgresql"
    database = Database(settings.url, settings.schema_name or ("yizhan_orders" if in_postgresql else None))

    @router.on(OrderEvent, name="orders.keep_order", stale="run")
    def keep_order(ctx: Context[OrderEvent]) -> None:
        """Keep what is told of an order and its lines, and read the rest."""
        keep(ctx, lambda at: said.by_order(ctx.event, ctx.api.order_detail(ctx.event.order_id), at))

    @router.on(RefundEvent, name="orders.keep_refund", stale="run")
    def keep_refund(ctx: Context[RefundEvent]) -> None:
        """Keep what is told of a refund, and read the rest."""
        keep(ctx, lambda at: said.by_refund(ctx.event, ctx.api.refund_detail(ctx.event.refund_id), at))

    @router.on(ShipmentEvent, name="orders.keep_shipment", stale="run")
    def keep_shipment(ctx: Context[ShipmentEvent]) -> None:
        """Keep what is told of a parcel."""
        database.keep(said.by_event(ctx.event, ctx.envelope.received_at))

    def keep(ctx: Context[Event], read: Callable[[datetime], list[Row]]) -> None:
        database.keep(said.by_event(ctx.event, ctx.envelope.received_at))
        if not settings.fill or said.tells_all(ctx.event):
            return
        at = datetime.now(UTC)  # what happens while the platform answers is newer
        try:
            rows = read(at)
        except WrongCall as error:  # no user_id, or a path that no public page shows: another attempt would not help
            ctx.log.info("orders.not_filled", because=str(error))
            return
        database.keep(rows)

    return router
