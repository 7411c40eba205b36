"""Serve and work as processes of their own, over PostgreSQL and a broker; killed, emptied and rolled over."""

import contextlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import builders
import steps
from brokers import BrokerServer
from databases import Database
from machines import ACCOUNT, Process, headers, machines
from processes import wait_until

from receiver.deliveries import OFFER_LEASE, Filters
from receiver.envelope import Callback
from receiver.events import OrderEvent
from receiver.routing import Router

NOTE = """
@router.on(OrderEvent, name="shop.note")
def note(ctx: Context[OrderEvent]) -> None:
    time.sleep(0.02)
    tell(ctx)
"""


def signed() -> Callback:
    return builders.callback(of=ACCOUNT)


def value(exposition: str, name: str) -> float:
    """Summed over its labels."""
    lines = [line for line in exposition.splitlines() if line.startswith((f"{name} ", f"{name}{{"))]
    return sum(float(line.rpartition(" ")[2]) for line in lines)


def test_callbacks_are_shared_out_among_processes_and_none_runs_twice(
    tmp_path: Path, database: Database, broker_server: BrokerServer
) -> None:
    """From a post to a web process to a run in a worker process; and the metrics of each kind tell of all its kind."""
    broker_server.empty()
    with machines(tmp_path, database, broker_server.url, NOTE) as site:
        web = site.serve("--workers", "2")
        worker = site.work("--processes", "2", "--threads", "2")
        assert [web.post(signed()) for _ in range(60)] == [200] * 60
        site.reaches("succeeded", 60)
        runs = site.runs()
        assert len({order for _, order, _, _ in runs}) == len(runs) == 60
        assert {int(pid) for _, _, pid, _ in runs} == set(worker.children())
        assert value(web.get("/metrics")[1], "yizhan_callbacks_total") == 60
        assert value(worker.get("/metrics")[1], "yizhan_attempts_total") == 60
        assert value(worker.get("/metrics")[1], "yizhan_store_up") == 1
        assert (web.stop(), worker.stop()) == (0, 0)


def test_a_killed_child_is_replaced_and_its_attempt_made_again(
    tmp_path: Path, database: Database, redis_server: BrokerServer
) -> None:
    """The attempt counts, as lost; the other child notices nothing."""
    shop = """
@router.on(OrderEvent, name="shop.long", timeout=1)
def long(ctx: Context[OrderEvent]) -> None:
    tell(ctx, "began")
    if ctx.attempt == 1:
        time.sleep(0.9)
    tell(ctx, "ended")
"""
    redis_server.empty()
    with machines(tmp_path, database, redis_server.url, shop) as site:
        worker = site.work("--processes", "2")
        before = set(worker.children())
        site.accept(1)
        wait_until(lambda: bool(site.runs()), seconds=20, what="it began")
        struck = int(site.runs()[0][2])
        os.kill(struck, signal.SIGKILL)
        wait_until(lambda: len(set(worker.children()) - {struck}) == 2, seconds=20, what="the child is replaced")
        site.reaches("succeeded", 1)
        assert before - {struck} < set(worker.children())
        assert [line["pid"] for line in worker.lines("process.died")] == [struck]
        (delivery,) = site.deliveries()
        assert [attempt.outcome for attempt in site.store.attempts(delivery.id)] == ["lost", "succeeded"]
        assert [(what, attempt) for what, _, _, attempt in site.runs()] == [
            ("began", "1"),
            ("began", "2"),
            ("ended", "2"),
        ]
        assert worker.get("/healthz")[0] == 200


def test_a_broker_that_is_killed_costs_waiting_and_no_attempt(
    tmp_path: Path, database: Database, broker_server: BrokerServer
) -> None:
    """Callbacks are acknowledged meanwhile, the outage is told once, and all is done when the broker is back."""
    broker_server.empty()
    with machines(tmp_path, database, broker_server.url, NOTE) as site:
        web, worker = site.serve(), site.work()
        site.accept(5)
        site.reaches("succeeded", 5)
        broker_server.kill()
        try:
            assert [web.post(signed()) for _ in range(20)] == [200] * 20
            wait_until(lambda: bool(worker.lines("outage.began")), seconds=30, what="the outage is told")
            site.reaches("due", 20)
            time.sleep(3)
            assert (web.get("/readyz")[0], worker.get("/healthz")[0]) == (200, 200)
        finally:
            broker_server.start()
        site.reaches("succeeded", 25)
        assert {delivery.attempts for delivery in site.deliveries()} == {1}
        assert [line["of"] for line in worker.lines("outage.began")] == ["broker"]
        assert [line["of"] for line in worker.lines("outage.ended")] == ["broker"]


GATED = """
@router.on(OrderEvent, name="shop.note")
def note(ctx: Context[OrderEvent]) -> None:
    while not (folder / "open").exists():
        time.sleep(0.02)
    tell(ctx)
"""


def test_what_a_broker_lost_is_done_before_the_lease_of_its_offers_ends(
    tmp_path: Path, database: Database, broker_server: BrokerServer
) -> None:
    """FLUSHALL beneath a worker that is busy; and what a dead relay claimed and never rang for, when one starts."""
    broker_server.empty()
    with machines(tmp_path, database, broker_server.url, GATED) as site:
        worker = site.work("--threads", "1")
        site.accept(20)
        site.reaches("offered", 19)
        broker_server.empty()
        (tmp_path / "open").touch()
        site.reaches("succeeded", 20, seconds=OFFER_LEASE.total_seconds() / 2)
        worker.kill()
        router = Router()
        router.on(OrderEvent, name="shop.note")(lambda _: None)
        steps.owe(site.store, router, *(builders.message() for _ in range(5)), of=ACCOUNT)
        assert len(steps.claim(site.store, router)) == 5
        site.work()
        site.reaches("succeeded", 25, seconds=OFFER_LEASE.total_seconds() / 2)
        assert {delivery.attempts for delivery in site.deliveries()} == {1}
        assert len(site.runs()) == 25


def test_a_worker_that_is_asked_to_stop_ends_what_runs_and_leaves_the_rest_to_others(
    tmp_path: Path, database: Database, redis_server: BrokerServer
) -> None:
    shop = """
@router.on(OrderEvent, name="shop.long")
def long(ctx: Context[OrderEvent]) -> None:
    tell(ctx, "began")
    time.sleep(2)
    tell(ctx, "ended")
"""
    redis_server.empty()
    with machines(tmp_path, database, redis_server.url, shop) as site:
        first = site.work("--threads", "1")
        site.accept(3)
        wait_until(lambda: bool(site.runs()), seconds=20, what="it began")
        second = site.work("--threads", "1")
        first.ask_to_stop()
        assert first.ended() == 0
        site.reaches("succeeded", 3)
        runs = site.runs()
        assert len({order for what, order, _, _ in runs if what == "began"}) == 3
        assert len(runs) == 6, runs  # each began and ended once
        assert {delivery.attempts for delivery in site.deliveries()} == {1}
        assert second.stop() == 0


def test_a_handler_that_does_not_end_in_time_is_left_to_its_lease(
    tmp_path: Path, database: Database, redis_server: BrokerServer
) -> None:
    """Whoever asked it to stop does not wait for ever, and what it held is not forgotten."""
    shop = """
@router.on(OrderEvent, name="shop.endless")
def endless(ctx: Context[OrderEvent]) -> None:
    tell(ctx)
    time.sleep(25)
"""
    redis_server.empty()
    with machines(tmp_path, database, redis_server.url, shop, '[work]\ngrace = "1s"') as site:
        worker = site.work()
        site.accept(1)
        wait_until(lambda: bool(site.runs()), seconds=20, what="it began")
        asked = time.monotonic()
        assert worker.stop() == 0
        assert time.monotonic() - asked < 20
        assert [delivery.state for delivery in site.deliveries()] == ["running"]


def test_workers_of_a_queue_run_its_handlers_alone(
    tmp_path: Path, database: Database, redis_server: BrokerServer
) -> None:
    shop = """
@router.on(OrderEvent, name="shop.quick")
def quick(ctx: Context[OrderEvent]) -> None: ...

@router.on(OrderEvent, name="shop.slow", queue="slow")
def slow(ctx: Context[OrderEvent]) -> None: ...
"""
    redis_server.empty()
    with machines(tmp_path, database, redis_server.url, shop) as site:
        site.work("--queues", "slow")
        site.accept(4)
        site.reaches("succeeded", 4)
        assert Counter((one.handler, one.state) for one in site.deliveries()) == {
            ("shop.slow", "succeeded"): 4,
            ("shop.quick", "due"): 4,
        }


class Balancer:
    """Sends callbacks without a pause to whichever web process is ready, as a balancer sees it."""

    def __init__(self, *webs: Process) -> None:
        self.webs = list(webs)
        self.statuses: Counter[int | str] = Counter()
        self._ready: list[Process] = list(webs)
        self._stopping = threading.Event()

    @contextlib.contextmanager
    def sending(self) -> Iterator[None]:
        threads = [threading.Thread(target=self._send), threading.Thread(target=self._send)]
        threads.append(threading.Thread(target=self._probe))
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._stopping.set()
            for thread in threads:
                thread.join(30)

    def _probe(self) -> None:
        while not self._stopping.wait(0.05):
            self._ready = [web for web in self.webs if web.get("/readyz")[0] == 200]

    def _send(self) -> None:
        """Each connection is kept until the server ends it."""
        while not self._stopping.is_set():
            for web in self._ready[:1]:
                with contextlib.closing(HTTPConnection("127.0.0.1", web.port, timeout=5)) as connection:
                    while web in self._ready and not self._stopping.is_set() and self._sent_by(connection):
                        pass

    def _sent_by(self, connection: HTTPConnection) -> bool:
        """Whether the connection may be used again."""
        callback = signed()
        try:
            connection.request("POST", "/callbacks/main", callback.body, headers(callback))
            answer = connection.getresponse()
            answer.read()
        except (OSError, HTTPException) as error:
            self.statuses[type(error).__name__] += 1
            return False
        self.statuses[answer.status] += 1
        return not answer.will_close


def test_a_rolling_restart_under_load_is_answered_with_200_alone(
    tmp_path: Path, database: Database, redis_server: BrokerServer
) -> None:
    """Asked to stop, a web process first says that it will, and goes on answering until everyone knows."""
    with machines(tmp_path, database, redis_server.url, NOTE, '[web]\ndrain = "2s"') as site:
        balancer = Balancer(site.serve(), site.serve())
        with balancer.sending():
            for _ in range(2):
                old = balancer.webs[0]
                old.ask_to_stop()
                wait_until(lambda old=old: old.get("/readyz")[0] == 503, seconds=5, what="it says so")  # type: ignore[misc]
                assert old.post(signed()) == 200
                assert old.ended() == 0
                balancer.webs = [balancer.webs[1], site.serve()]
                sent = balancer.statuses[200]
                wait_until(lambda sent=sent: balancer.statuses[200] > sent + 20, seconds=20, what="it goes on")  # type: ignore[misc]
        assert set(balancer.statuses) == {200}
        assert len(site.store.envelope_ids(Filters())) >= balancer.statuses[200]
