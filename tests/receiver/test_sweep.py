"""What nobody holds any more is put back: beyond its lease, or all of it at the start of a process that is alone."""

from builders import Clock
from steps import claim, message, owe
from structlog.testing import capture_logs

from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store.base import Swept
from receiver.store.sqlite import SqliteStore
from receiver.sweep import sweep

ROUTER = Router()


@ROUTER.on(OrderEvent, name="shop", timeout=30, max_attempts=2)
def note(ctx: Context[OrderEvent]) -> None: ...


def hold(store: SqliteStore) -> None:
    """One delivery offered, another running."""
    owe(store, ROUTER, message(), message())
    (offer, _) = claim(store, ROUTER)
    assert store.start(offer, {"shop": note_timeout()}) is not None
