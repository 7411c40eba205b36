"""What nobody holds any more is put back: beyond its lease, or all of it at the start of a process that is alone."""

from builders import Clock, message
from steps import claim, owe
from structlog.testing import capture_logs

from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store.base import Swept
from receiver.store.sqlite import SqliteStore
from receiver.sweep import sweep

ROUTER = Router()


@ROUTER.on(OrderEvent, name="shop", timeout=30, max_attempts=1)
def note(ctx: Context[OrderEvent]) -> None: ...


def hold(store: SqliteStore) -> None:
    """One delivery offered, another running."""
    owe(store, ROUTER, message(), message())
    offer, _ = claim(store, ROUTER)
    assert store.start(offer, {route.name: route.timeout for route in ROUTER}) is not None


def test_leases_are_waited_for(store: SqliteStore, clock: Clock) -> None:
    hold(store)
    assert sweep(store, ROUTER) == Swept()
    clock.pass_time(seconds=41)  # the timeout and a margin
    assert sweep(store, ROUTER) == Swept(lost=1, buried=1)
    clock.pass_time(seconds=20)
    assert sweep(store, ROUTER) == Swept(offers=1)
    assert sweep(store, ROUTER) == Swept()


def test_process_that_is_alone_need_not_wait(store: SqliteStore) -> None:
    hold(store)
    assert sweep(store, ROUTER, everything=True) == Swept(offers=1, lost=1, buried=1)


def test_only_what_was_put_back_is_told(store: SqliteStore) -> None:
    hold(store)
    with capture_logs() as lines:
        sweep(store, ROUTER)
        sweep(store, ROUTER, everything=True)
    assert lines == [
        {"event": "deliveries.put_back", "log_level": "warning", "offers": 1, "lost": 1, "buried": 1},
    ]
