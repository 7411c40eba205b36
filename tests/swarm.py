"""Processes that relay, work and accept on one PostgreSQL store, for tests that count what they did and kill them."""

import asyncio
import contextlib
import multiprocessing
import queue
import random
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from multiprocessing.process import BaseProcess
from pathlib import Path

import builders
import psycopg
from databases import Database

from receiver.deliveries import Dispatched, Ended, NewDelivery, Offer, Started
from receiver.envelope import StoredEnvelope
from receiver.errors import StoreUnavailable
from receiver.store.postgresql import PostgresStore

HANDLERS = ("a", "b", "c")
TIMEOUTS = dict.fromkeys(HANDLERS, timedelta(seconds=30))
#: Whatever is lost is attempted again: the test kills more often than machines do.
LIMITS = dict.fromkeys(HANDLERS, 1_000_000)
THREADS = 4
LIMIT = 24

#: Every run of a delivery, in the order in which they began; an offer runs once.
RUNS = """
CREATE TABLE run (number bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY, delivery_id bigint NOT NULL,
                  offer integer NOT NULL, UNIQUE (delivery_id, offer))
"""

#: Lanes in which something is open, and not one head.
BROKEN_LANES = """
SELECT handler, lane, count(*) FILTER (WHERE head) FROM delivery
WHERE lane IS NOT NULL AND state IN ('due', 'offered', 'running')
GROUP BY handler, lane HAVING count(*) FILTER (WHERE head) <> 1
"""


@contextlib.contextmanager
def swarm(database: Database, size: int) -> Iterator[list[BaseProcess]]:
    """So many processes that relay and work, until the end. One that is killed is the caller's to replace."""
    database.run(RUNS)
    processes = [spawn(database, seed) for seed in range(size)]
    try:
        yield processes
    finally:
        for process in processes:
            process.kill()
            process.join()
            process.close()


def spawn(database: Database, seed: int) -> BaseProcess:
    process = multiprocessing.get_context("spawn").Process(target=_relay_and_work, args=(database.url, seed))
    process.start()
    return process


def accept(database: Database, numbers: range, lanes: int) -> None:
    """An envelope for each number, of so many orders in turn, in batches."""
    store = PostgresStore(database.url)
    try:
        asyncio.run(_put_all(store, numbers, lanes))
    finally:
        store.close()


async def _put_all(store: PostgresStore, numbers: range, lanes: int) -> None:
    for start in range(0, len(numbers), 10):
        some = numbers[start : start + 10]
        batch = [builders.envelope(order_ids=(str(number % lanes),), content={"number": number}) for number in some]
        while True:
            try:
                await store.put(batch)
                break
            except StoreUnavailable:  # nothing was acknowledged: the source sends it again
                await asyncio.sleep(0.01)


def accept_and_tell(url: str, told: str) -> None:
    """Put batch after batch, and write down what was acknowledged, until killed."""
    store = PostgresStore(url)

    async def put() -> None:
        while True:
            receipts = await store.put([builders.envelope(content={"n": random.random()}) for _ in range(5)])
            file.writelines(f"{receipt.envelope_id}\n" for receipt in receipts)

    with Path(told).open("w", buffering=1) as file:
        asyncio.run(put())


def _relay_and_work(url: str, seed: int) -> None:
    store = PostgresStore(url)
    offers: queue.Queue[Offer] = queue.Queue()
    for number in range(THREADS):
        threading.Thread(target=_work, args=(url, store, offers, seed * THREADS + number), daemon=True).start()
    while True:
        with contextlib.suppress(StoreUnavailable):  # terminated, by the test
            _relay(store, offers)
        time.sleep(0.01)


def _relay(store: PostgresStore, offers: "queue.Queue[Offer]") -> None:
    found = store.undispatched(20)
    store.dispatch([_dispatched(envelope) for envelope in found])
    for offer in store.claim(LIMIT, dict.fromkeys(HANDLERS, LIMIT)):
        offers.put(offer)
    store.sweep(LIMITS)


def _dispatched(envelope: StoredEnvelope) -> Dispatched:
    return Dispatched(
        envelope_id=envelope.id,
        deliveries=tuple(
            NewDelivery(
                number=number,
                handler=handler,
                event="order",
                order_id=envelope.order_id,
                refund_id=None,
                lane=f"order:{envelope.order_id}",
            )
            for number in range(2)
            for handler in HANDLERS
        ),
    )


def _work(url: str, store: PostgresStore, offers: "queue.Queue[Offer]", seed: int) -> None:
    chance = random.Random(seed)
    while True:
        offer = offers.get()
        with contextlib.suppress(StoreUnavailable):
            started = store.start(offer, TIMEOUTS)
            if isinstance(started, Started):
                _run(url, offer)
                time.sleep(chance.random() * 0.01)
                _settle(store, started, chance)


def _run(url: str, offer: Offer) -> None:
    with psycopg.connect(url, autocommit=True) as beside:
        beside.execute("INSERT INTO run (delivery_id, offer) VALUES (%s, %s)", (offer.delivery_id, offer.number))


def _settle(store: PostgresStore, started: Started, chance: random.Random) -> None:
    ended = (
        Ended(outcome="failed", state="due", due_in=timedelta(milliseconds=5), error="E")
        if chance.random() < 0.1
        else Ended(outcome="succeeded", state="succeeded")
    )
    store.settle(started, ended)


def out_of_order(database: Database) -> Sequence[tuple[object, ...]]:
    """Runs that began after the first run of a later delivery of their lane."""
    return database.run(
        "WITH first AS ("
        "  SELECT delivery_id, handler, lane, min(run.number) AS began"
        "  FROM run JOIN delivery ON delivery.id = delivery_id GROUP BY delivery_id, handler, lane)"
        " SELECT * FROM first JOIN first AS later USING (handler, lane)"
        " WHERE first.delivery_id < later.delivery_id AND first.began > later.began"
    )
