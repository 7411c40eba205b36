"""The broker is a doorbell: a message is two numbers, and rings for one attempt."""

import orjson
from dramatiq import Worker
from dramatiq.brokers.stub import StubBroker

from receiver import broker
from receiver.deliveries import Offer


def test_message_carries_ids_and_nothing_else() -> None:
    """What is no id may be personal, and what is not there cannot be lost with the broker."""
    stub = broker.in_memory()
    assert isinstance(stub, StubBroker)
    ring = broker.declare(stub, lambda _: None)
    ring(Offer(delivery_id=7, number=3, handler="shop.see"))
    sent = orjson.loads(stub.queues[broker.QUEUE].get_nowait())
    assert (sent["actor_name"], sent["args"], sent["kwargs"], sent["options"]) == (
        broker.ACTOR,
        [7, 3, "shop.see"],
        {},
        {},
    )
    assert sent.keys() == {
        "queue_name", "actor_name", "args", "kwargs", "options", "message_id", "message_timestamp"
    }  # fmt: skip
    stub.close()


def test_none_of_its_middleware_is_used() -> None:
    """Each of its retries, delays and limits would be a second truth beside the store's."""
    assert broker.in_memory().middleware == []


def test_actor_delivers_what_was_rung_for() -> None:
    delivered: list[Offer] = []
    stub = broker.in_memory()
    ring = broker.declare(stub, delivered.append)
    worker = Worker(stub, worker_threads=2, worker_timeout=10)
    worker.start()
    rung = [Offer(number, number + 100, "shop.see") for number in range(20)]
    for offer in rung:
        ring(offer)
    stub.join(broker.QUEUE, timeout=5_000)
    worker.stop()
    stub.close()
    assert sorted(delivered, key=lambda offer: offer.delivery_id) == rung


def test_delivery_that_raises_is_not_tried_again_by_the_broker() -> None:
    delivered: list[Offer] = []

    def deliver(offer: Offer) -> None:
        delivered.append(offer)
        raise ConnectionError

    stub = broker.in_memory()
    assert isinstance(stub, StubBroker)
    ring = broker.declare(stub, deliver)
    worker = Worker(stub, worker_threads=1, worker_timeout=10)
    worker.start()
    ring(Offer(1, 1, "shop.see"))
    ring(Offer(2, 1, "shop.see"))
    stub.join(broker.QUEUE, timeout=5_000, fail_fast=False)
    worker.stop()
    stub.close()
    assert delivered == [Offer(1, 1, "shop.see"), Offer(2, 1, "shop.see")]
