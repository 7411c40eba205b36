"""An offer that no longer counts runs nothing, and an outcome is recorded though the store was away."""

import threading
import time
from datetime import timedelta
from pathlib import Path

import apsw
import pytest
from builders import Clock
from steps import claim, deliver, deliverer, delivering, offered
from structlog.testing import capture_logs

from receiver.deliveries import OFFER_LEASE, Offer
from receiver.errors import StoreUnavailable
from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store.sqlite import SqliteStore, writer


class Shop:
    """A handler that counts its runs, and may be made to wait in the middle of one."""

    def __init__(self, timeout: float = 30) -> None:
        self.runs = 0
        self.running = threading.Event()
        self.go_on = threading.Event()
        self.go_on.set()
        self.router = Router()
        self.router.on(OrderEvent, name="shop", timeout=timeout)(self.handle)

    def handle(self, _: Context[OrderEvent]) -> None:
        self.runs += 1
        self.running.set()
        self.go_on.wait()


def test_wrong_number_runs_nothing(store: SqliteStore) -> None:
    shop = Shop()
    offer = offered(store, shop.router)
    for number in (offer.number - 1, offer.number + 1):
        assert deliver(store, shop.router, Offer(offer.delivery_id, number, offer.handler)).state == "offered"
    assert shop.runs == 0


def test_delivery_that_does_not_exist_runs_nothing(store: SqliteStore) -> None:
    shop = Shop()
    with delivering(store, shop.router) as run, capture_logs() as lines:
        run(Offer(999, 1, "shop"))
    assert shop.runs == 0
    assert [line["event"] for line in lines] == ["delivery.stale_offer"]


def test_offer_that_was_given_back_runs_nothing(store: SqliteStore) -> None:
    shop = Shop()
    offer = offered(store, shop.router)
    store.give_back([offer])
    assert deliver(store, shop.router, offer).state == "due"
    (again,) = claim(store, shop.router)
    deliver(store, shop.router, offer)
    assert shop.runs == 0
    assert deliver(store, shop.router, again).state == "succeeded"


def test_offer_that_was_taken_up_runs_once(store: SqliteStore) -> None:
    """The broker may deliver its message twice."""
    shop = Shop()
    shop.go_on.clear()
    offer = offered(store, shop.router)
    with delivering(store, shop.router) as run:
        first = threading.Thread(target=run, args=(offer,))
        first.start()
        shop.running.wait()
        run(offer)
        shop.go_on.set()
        first.join()
        run(offer)
    assert shop.runs == 1
    assert [made.outcome for made in store.attempts(offer.delivery_id)] == ["succeeded"]


def test_handler_that_is_not_registered_here_is_not_started_and_not_lost(store: SqliteStore, clock: Clock) -> None:
    """While a new version rolls out, an old worker may be offered what only the new one knows."""
    shop = Shop()
    offer = offered(store, shop.router)
    found = deliver(store, Router(), offer)
    assert (found.state, found.attempts) == ("offered", 0)
    clock.pass_time(seconds=OFFER_LEASE.total_seconds() + 1)
    assert store.sweep({}).offers == 1
    (again,) = claim(store, shop.router)
    assert deliver(store, shop.router, again).state == "succeeded"
    assert shop.runs == 1


def test_handler_that_waits_since_the_offer_gives_it_back_at_once(store: SqliteStore) -> None:
    """Its file is broken for now: once it is mended, nothing waits for a lease to end."""
    shop = Shop()
    offer = offered(store, shop.router)
    broken = Router()
    broken.replace(Router(), waiting=shop.router)
    found = deliver(store, broken, offer)
    assert (found.state, found.attempts) == ("due", 0)
    (again,) = claim(store, shop.router)
    assert deliver(store, shop.router, again).state == "succeeded"


def test_outcome_is_recorded_although_another_holds_the_file_for_a_while(store: SqliteStore, tmp_path: Path) -> None:
    shop = Shop()
    shop.go_on.clear()
    offer = offered(store, shop.router)
    other = apsw.Connection(str(tmp_path / "yizhan.db"))
    with delivering(store, shop.router) as run:
        attempt = threading.Thread(target=run, args=(offer,))
        attempt.start()
        shop.running.wait()
        other.execute("BEGIN IMMEDIATE")
        shop.go_on.set()
        time.sleep(1)
        assert attempt.is_alive()
        other.execute("ROLLBACK")
        attempt.join()
    other.close()
    found = store.delivery(offer.delivery_id)
    assert found is not None
    assert (found.state, shop.runs) == ("succeeded", 1)


def test_outcome_is_recorded_once_the_store_is_back(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the store says that it is unavailable, again and again: the handler has run, so that must be kept."""
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    shop = Shop()
    shop.go_on.clear()
    offer = offered(store, shop.router)
    other = apsw.Connection(str(tmp_path / "yizhan.db"))
    with delivering(store, shop.router) as run, capture_logs() as lines:
        attempt = threading.Thread(target=run, args=(offer,))
        attempt.start()
        shop.running.wait()
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreUnavailable):
            store.give_back([])
        shop.go_on.set()
        time.sleep(0.7)
        other.execute("ROLLBACK")
        attempt.join()
    other.close()
    found = store.delivery(offer.delivery_id)
    assert found is not None
    assert (found.state, shop.runs) == ("succeeded", 1)
    assert [line["counted"] for line in lines if line["event"] == "delivery.attempted"] == [True]


def test_store_that_is_away_at_the_start_costs_no_attempt(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    shop = Shop()
    offer = offered(store, shop.router)
    other = apsw.Connection(str(tmp_path / "yizhan.db"))
    with delivering(store, shop.router) as run:
        other.execute("BEGIN IMMEDIATE")
        run(offer)
        assert shop.runs == 0
        other.execute("ROLLBACK")
        run(offer)
    other.close()
    assert shop.runs == 1
    assert [made.outcome for made in store.attempts(offer.delivery_id)] == ["succeeded"]


def test_what_could_not_be_started_is_given_back_once_the_store_is_there(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for its offer's lease to end; and while the store is away, it is not forgotten."""
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    shop = Shop()
    offer = offered(store, shop.router)
    other = apsw.Connection(str(tmp_path / "yizhan.db"))
    with deliverer(store, shop.router) as worker:
        other.execute("BEGIN IMMEDIATE")
        worker.deliver(offer)
        with pytest.raises(StoreUnavailable):
            worker.give_back()
        other.execute("ROLLBACK")
        assert (worker.give_back(), worker.give_back()) == (1, 0)
        (again,) = claim(store, shop.router)
        worker.deliver(again)
    other.close()
    assert shop.runs == 1


def test_outcome_that_comes_after_the_lease_does_not_count(store: SqliteStore, clock: Clock) -> None:
    shop = Shop(timeout=2)
    shop.go_on.clear()
    offer = offered(store, shop.router)
    with delivering(store, shop.router) as run, capture_logs() as lines:
        attempt = threading.Thread(target=run, args=(offer,))
        attempt.start()
        shop.running.wait()
        clock.pass_time(seconds=13)
        assert store.sweep({"shop": 15}).lost == 1
        shop.go_on.set()
        attempt.join()
    found = store.delivery(offer.delivery_id)
    assert found is not None
    assert (found.state, found.attempts) == ("due", 1)
    assert [made.outcome for made in store.attempts(found.id)] == ["lost"]
    assert [line["counted"] for line in lines if line["event"] == "delivery.attempted"] == [False]


def test_store_that_stays_away_is_waited_for_as_long_as_the_lease_and_no_longer(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    monkeypatch.setattr("receiver.deliver.RUN_LEASE_MARGIN", timedelta(seconds=0.3))
    shop = Shop(timeout=0.2)
    shop.go_on.clear()
    offer = offered(store, shop.router)
    other = apsw.Connection(str(tmp_path / "yizhan.db"))
    with delivering(store, shop.router) as run, capture_logs() as lines:
        attempt = threading.Thread(target=run, args=(offer,))
        attempt.start()
        shop.running.wait()
        other.execute("BEGIN IMMEDIATE")
        shop.go_on.set()
        attempt.join(5)
        assert not attempt.is_alive()
        other.execute("ROLLBACK")
    other.close()
    assert "delivery.not_settled" in [line["event"] for line in lines]
    assert [made.outcome for made in store.attempts(offer.delivery_id)] == ["running"]
