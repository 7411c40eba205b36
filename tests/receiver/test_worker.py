"""Relay, timers and Dramatiq's worker together, in this process, over a store whose clock a test sets."""

import contextlib
import threading
import time
from collections.abc import Iterator
from datetime import timedelta

import pytest
from brokers import BrokerServer
from builders import account, message
from processes import wait_until
from steps import accept

from receiver import deliver
from receiver.api import Apis
from receiver.deliveries import Filters
from receiver.events import OrderEvent
from receiver.metrics import Metrics
from receiver.routing import Context, Router
from receiver.sources import SOURCES
from receiver.store.base import Store
from receiver.store.postgresql import PostgresStore
from receiver.worker import working

ROUTER = Router()


@ROUTER.on(OrderEvent, name="shop.note")
def note(ctx: Context[OrderEvent]) -> None: ...


@contextlib.contextmanager
def running(store: Store, broker_url: str, router: Router = ROUTER, **options: object) -> Iterator[None]:
    with contextlib.closing(Apis([account()])) as apis:
        values: dict[str, object] = {
            "store": store,
            "sources": SOURCES,
            "router": router,
            "metrics": Metrics(),
            "apis": apis,
            "threads": 2,
            "wake": threading.Event(),
            "broker_url": broker_url,
            "queues": ["default"],
            "alone": False,
            **options,
        }
        with working(**values):  # type: ignore[arg-type]
            yield


def reaches(store: Store, state: str, count: int) -> None:
    wait_until(
        lambda: len(store.deliveries(Filters(state=state), 1000)) == count, seconds=20, what=f"{count} are {state}"
    )


def test_a_broker_that_loses_all_it_holds_loses_nothing(
    postgresql_store: PostgresStore, broker_server: BrokerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offers that nobody took up are made again at once, not when their lease ends, and no attempt was burnt."""
    store = postgresql_store
    broker_server.empty()
    with monkeypatch.context() as nobody:
        nobody.setattr("receiver.broker.worker.Worker._add_consumer", lambda *_args, **_more: None)
        with running(store, broker_server.url):
            accept(store, *(message() for _ in range(10)))
            reaches(store, "offered", 10)
    broker_server.empty()
    with running(store, broker_server.url):
        accept(store, message())
        reaches(store, "succeeded", 11)
    assert {delivery.attempts for delivery in store.deliveries(Filters(), 100)} == {1}


def test_it_makes_progress_while_it_has_nothing_to_do_and_while_the_broker_is_away(
    postgresql_store: PostgresStore,
) -> None:
    """Neither is a reason to be restarted."""
    pulses: list[float] = []
    with running(postgresql_store, "redis://127.0.0.1:1", pulse=lambda: pulses.append(time.monotonic())):
        accept(postgresql_store, message())
        reaches(postgresql_store, "due", 1)
        before = len(pulses)
        wait_until(lambda: len(pulses) > before + 3, seconds=10, what="the relay turns")


def test_it_makes_no_progress_once_every_thread_is_beyond_its_time(
    postgresql_store: PostgresStore, redis_server: BrokerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits in C for ever can only be ended with its process."""
    redis_server.empty()
    monkeypatch.setattr(deliver, "RUN_LEASE_MARGIN", timedelta(0))
    go_on = threading.Event()
    stuck = Router()

    def wait_in_c(ctx: Context[OrderEvent]) -> None:
        go_on.wait(20)

    for name in ("shop.a", "shop.b"):
        stuck.on(OrderEvent, name=name, timeout=0.2)(wait_in_c)
    pulses: list[float] = []
    with running(postgresql_store, redis_server.url, stuck, pulse=lambda: pulses.append(time.monotonic())):
        accept(postgresql_store, message(), message())
        reaches(postgresql_store, "running", 2)
        wait_until(lambda: time.monotonic() - pulses[-1] > 0.6, seconds=10, what="no pulse for three turns")
        go_on.set()
        before = len(pulses)
        wait_until(lambda: len(pulses) > before, seconds=10, what="it goes on")
