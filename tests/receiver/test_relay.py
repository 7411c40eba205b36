"""The relay dispatches and offers, the timers put back, and nothing that fails in them stops them."""

import contextlib
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from builders import Clock, message
from steps import accept, deliverer, delivering, standing_still
from structlog.testing import capture_logs
from structlog.typing import EventDict

from receiver import relay, timers
from receiver.deliveries import Delivery, DeliveryState, Filters, Offer
from receiver.errors import BrokerUnavailable
from receiver.events import OrderEvent
from receiver.relay import Relay
from receiver.routing import Context, Router
from receiver.shares import Shares
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore, writer
from receiver.timers import Timers

FINE = Router()


@FINE.on(OrderEvent, name="shop")
def note(ctx: Context[OrderEvent]) -> None: ...


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "REST", 0.02)
    monkeypatch.setattr(timers, "TICK", 0.02)
    monkeypatch.setattr(relay, "BACK_OFF", 0.05)


def outages(lines: Sequence[EventDict]) -> list[tuple[str, str]]:
    return [(line["event"], line["of"]) for line in lines if line["event"].startswith("outage.")]


class Bell:
    """Rings for one after the other; ``ring`` raises where the broker is away."""

    def __init__(self, ring: Callable[[Offer], None], forgot: threading.Event | None = None) -> None:
        """``forgot``: the broker lost what it was given, and nobody noticed yet."""
        self._ring = ring
        self._forgot = forgot or threading.Event()

    def ring(self, offers: Sequence[Offer]) -> None:
        for offer in offers:
            self._ring(offer)

    def listen(self) -> bool:
        forgot = self._forgot.is_set()
        self._forgot.clear()
        return not forgot


@contextlib.contextmanager
def relaying(
    store: SqliteStore,
    ring: Callable[[Offer], None],
    *,
    limit: int = 100,
    router: Router = FINE,
    sources: Any = SOURCES,
    give_back: Callable[[], int] = lambda: 0,
    wake: threading.Event | None = None,
    forgot: threading.Event | None = None,
) -> Iterator[Relay]:
    woken = wake or threading.Event()
    putting_back = Timers(store=store, router=router, holder=None, keep_payloads=None, wake=woken)
    running = Relay(
        store=store,
        sources=sources,
        router=router,
        bell=Bell(ring, forgot),
        shares=Shares(8),
        give_back=give_back,
        limit=limit,
        wake=woken,
    )
    running.start()
    putting_back.start()
    try:
        yield running
    finally:
        putting_back.stop()
        running.stop()


def eventually(holds: Callable[[], object]) -> None:
    until = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < until, "it never came to hold"
        time.sleep(0.005)


def reaches(found: list[Offer], count: int) -> None:
    """So many come, and no more."""
    eventually(lambda: len(found) >= count)
    time.sleep(0.1)
    assert len(found) == count


def deliveries(store: SqliteStore, state: DeliveryState) -> list[Delivery]:
    return store.deliveries(Filters(state=state), 1000)


def accept_orders(store: SqliteStore, count: int) -> None:
    accept(store, *(message() for _ in range(count)))


class Shop:
    """Takes every offer up and never comes back, as if its worker died, for orders that are marked so."""

    def __init__(self, store: SqliteStore, deadly: str = "shop") -> None:
        self.store = store
        self.deadly = deadly
        self.taken: list[Offer] = []
        self.died: list[Offer] = []

    def ring(self, offer: Offer) -> None:
        found = self.store.delivery(offer.delivery_id)
        assert found is not None
        if found.handler == self.deadly:
            started = self.store.start(offer, {route.name: route.timeout for route in FINE})
            assert started is not None
            self.died.append(offer)
        self.taken.append(offer)


def test_what_is_stored_is_dispatched_and_offered(store: SqliteStore) -> None:
    rung: list[Offer] = []
    with relaying(store, rung.append):
        accept_orders(store, 3)
        eventually(lambda: len(rung) == 3)
    assert {one.id for one in deliveries(store, "offered")} == {offer.delivery_id for offer in rung}


def test_whole_path_is_walked(store: SqliteStore) -> None:
    wake = threading.Event()
    with delivering(store, FINE, wake.set) as run, relaying(store, run, limit=2, wake=wake):
        accept_orders(store, 20)
        eventually(lambda: len(deliveries(store, "succeeded")) == 20)


def test_no_more_is_offered_than_the_limit(store: SqliteStore) -> None:
    rung: list[Offer] = []
    with relaying(store, rung.append, limit=3), delivering(store, FINE) as run:
        accept_orders(store, 10)
        reaches(rung, 3)
        run(rung[0])
        reaches(rung, 4)


def test_wake_makes_it_look_at_once(store: SqliteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay, "REST", 30)
    rung: list[Offer] = []
    wake = threading.Event()
    with relaying(store, rung.append, wake=wake):
        for count in (1, 2, 3):
            accept_orders(store, 1)
            wake.set()
            reaches(rung, count)


def test_what_the_broker_does_not_take_is_due_at_once_and_no_attempt_is_burnt(store: SqliteStore) -> None:
    rung: list[Offer] = []
    tries: list[Offer] = []
    away = threading.Event()
    away.set()

    def ring(offer: Offer) -> None:
        if away.is_set():
            tries.append(offer)
            raise BrokerUnavailable("the broker is away")
        rung.append(offer)

    with capture_logs() as lines, relaying(store, ring):
        accept_orders(store, 5)
        eventually(lambda: len(tries) > 3)
        away.clear()
        eventually(lambda: len(rung) == 5)
    offered = deliveries(store, "offered")
    assert len(offered) == 5
    assert {one.attempts for one in offered} == {0}
    # Told once an outage, not once a try.
    assert outages(lines) == [("outage.began", "broker"), ("outage.ended", "broker")]


def test_what_a_failing_broker_took_all_the_same_counts_no_more(store: SqliteStore) -> None:
    """Nobody can tell which it took, so all are offered anew, under other numbers."""
    rung: list[Offer] = []

    def ring(offer: Offer) -> None:
        rung.append(offer)
        if len(rung) == 2:
            raise BrokerUnavailable("the broker is away")

    accept_orders(store, 3)
    with relaying(store, ring), delivering(store, FINE) as run:
        eventually(lambda: len(rung) == 5)
        for offer in rung[:2]:
            run(offer)
        assert deliveries(store, "succeeded") == []
        for offer in rung[2:]:
            run(offer)
        assert len(deliveries(store, "succeeded")) == 3


def test_what_a_store_that_was_away_kept_from_starting_is_offered_again_at_once(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    rung: list[Offer] = []
    accept_orders(store, 1)
    with deliverer(store, FINE) as worker, relaying(store, rung.append, give_back=worker.give_back):
        eventually(lambda: len(rung) == 1)
        with standing_still(tmp_path / "yizhan.db"):
            worker.deliver(rung[0])
        eventually(lambda: len(rung) == 2)
        worker.deliver(rung[1])
        assert len(deliveries(store, "succeeded")) == 1


def test_a_broker_that_is_away_does_not_keep_dispatch_waiting(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "BACK_OFF", 30)

    def ring(_: Offer) -> None:
        raise BrokerUnavailable("the broker is away")

    with relaying(store, ring):
        for count in (1, 2, 3):
            accept_orders(store, 1)
            eventually(lambda count=count: len(deliveries(store, "due")) == count)  # type: ignore[misc]


def test_offer_that_the_broker_forgot_is_made_again_under_another_number(store: SqliteStore, clock: Clock) -> None:
    rung: list[Offer] = []
    with relaying(store, rung.append):
        accept_orders(store, 1)
        reaches(rung, 1)
        clock.pass_time(seconds=59)
        reaches(rung, 1)
        clock.pass_time(seconds=2)
        reaches(rung, 2)
    first, second = rung
    assert (second.delivery_id, second.number) == (first.delivery_id, first.number + 1)
    assert deliveries(store, "offered")[0].attempts == 0


def test_what_a_broker_lost_is_offered_again_once_it_is_heard_of(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay, "LISTEN_EVERY", 0.02)
    rung: list[Offer] = []
    forgot = threading.Event()
    with relaying(store, rung.append, forgot=forgot), delivering(store, FINE) as run:
        accept_orders(store, 2)
        reaches(rung, 2)
        forgot.set()
        reaches(rung, 4)
        for offer in rung:  # it had not lost them after all
            run(offer)
    done = deliveries(store, "succeeded")
    assert [one.attempts for one in done] == [1, 1]


def test_what_a_broker_lost_is_offered_again_although_the_store_was_away_when_it_was_heard_of(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    monkeypatch.setattr(relay, "LISTEN_EVERY", 0.02)
    rung: list[Offer] = []
    forgot = threading.Event()
    with relaying(store, rung.append, forgot=forgot):
        accept_orders(store, 1)
        reaches(rung, 1)
        with standing_still(tmp_path / "yizhan.db"):
            forgot.set()
            eventually(lambda: not forgot.is_set())
        reaches(rung, 2)


def test_what_a_relay_claimed_and_never_rang_for_does_not_wait_for_its_lease(store: SqliteStore) -> None:
    """It was killed in between."""
    rung: list[Offer] = []
    with relaying(store, rung.append):
        accept_orders(store, 1)
        reaches(rung, 1)
    with relaying(store, rung.append):
        reaches(rung, 2)


def test_attempt_whose_worker_died_counts_and_the_next_is_due_at_once(store: SqliteStore, clock: Clock) -> None:
    shop = Shop(store)
    with relaying(store, shop.ring):
        accept_orders(store, 1)
        eventually(lambda: len(shop.taken) == 1)
        clock.pass_time(seconds=41)
        eventually(lambda: len(shop.taken) == 2)
    assert [made.outcome for made in store.attempts(shop.taken[0].delivery_id)] == ["lost", "running"]


def test_delivery_that_lost_five_workers_in_a_row_is_buried_and_no_other(store: SqliteStore, clock: Clock) -> None:
    router = Router(FINE)
    router.on(OrderEvent, name="neighbour")(note)
    shop = Shop(store)
    with relaying(store, shop.ring, router=router):
        accept_orders(store, 1)
        for taken in range(1, 6):
            reaches(shop.died, taken)
            clock.pass_time(seconds=41)
        eventually(lambda: deliveries(store, "dead"))
        with delivering(store, router) as run:
            eventually(lambda: [run(offer) for offer in [*shop.taken]] and deliveries(store, "succeeded"))
    (dead,) = deliveries(store, "dead")
    assert (dead.handler, dead.attempts, dead.error) == ("shop", 5, "the worker died in 5 attempts in a row")
    (done,) = deliveries(store, "succeeded")
    assert (done.handler, done.attempts) == ("neighbour", 1)


def test_suspects_are_offered_one_at_a_time(store: SqliteStore, clock: Clock) -> None:
    """So that those which merely ran beside the one that kills workers are not buried with it."""
    shop = Shop(store)
    with relaying(store, shop.ring):
        accept_orders(store, 3)
        for taken in (3, 6):
            reaches(shop.taken, taken)
            clock.pass_time(seconds=41)
        reaches(shop.taken, 7)
        accept_orders(store, 2)
        reaches(shop.taken, 9)  # who is above suspicion does not wait


@pytest.mark.parametrize("failing", [False, True])
def test_stop_returns_promptly(store: SqliteStore, monkeypatch: pytest.MonkeyPatch, *, failing: bool) -> None:
    monkeypatch.setattr(relay, "REST", 30)
    monkeypatch.setattr(relay, "BACK_OFF", 30)
    rung = threading.Event()

    def ring(_: Offer) -> None:
        rung.set()
        if failing:
            raise ConnectionError

    accept_orders(store, 1)
    with relaying(store, ring) as running:
        rung.wait()
        time.sleep(0.05)
        began = time.monotonic()
        running.stop()
        assert time.monotonic() - began < 5, "it did not rest to the end"
        assert not running.is_alive()


def test_it_outlives_a_store_that_is_away(store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BUSY_TIMEOUT_MS", 10)
    rung: list[Offer] = []
    accept_orders(store, 2)
    with capture_logs() as lines, contextlib.ExitStack() as running:
        with standing_still(tmp_path / "yizhan.db"):
            running.enter_context(relaying(store, rung.append))
            eventually(lambda: lines)
            time.sleep(0.3)
            assert rung == []
        eventually(lambda: len(rung) == 2)
    assert outages(lines) == [("outage.began", "store"), ("outage.ended", "store")]


def test_step_that_fails_does_not_keep_the_others_from_their_work(store: SqliteStore, clock: Clock) -> None:
    """Else one fault in dispatch would end every retry."""

    class Broken(dict[str, Any]):
        def get(self, *_: object) -> None:
            raise RuntimeError

    rung: list[Offer] = []
    with relaying(store, rung.append):
        accept_orders(store, 1)
        eventually(lambda: len(rung) == 1)
    accept_orders(store, 1)
    clock.pass_time(seconds=61)
    with capture_logs() as lines, relaying(store, rung.append, sources=Broken()):
        eventually(lambda: len(rung) == 2)
    assert "relay.failed" in [line["event"] for line in lines]
    assert rung[0].delivery_id == rung[1].delivery_id
