"""The broker is a doorbell, whichever it is: a message is three ids, and rings for one attempt."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import dramatiq
import pika
import pytest
import redis
from brokers import BrokerServer
from processes import wait_until
from structlog.testing import capture_logs

from receiver import broker as brokers
from receiver.broker.memory import MemoryBroker
from receiver.broker.messages import ACTOR, MARK, queue_named
from receiver.broker.rabbitmq import RabbitBroker
from receiver.broker.redis import RedisBroker
from receiver.broker.worker import Worker
from receiver.deliveries import Offer
from receiver.errors import BrokerUnavailable

QUEUE = queue_named("default")


@pytest.fixture(params=["memory", "redis", "rabbitmq"])
def broker(request: pytest.FixtureRequest) -> Iterator[brokers.Broker]:
    """Each kind, with nothing in it."""
    url = "memory://"
    if request.param != "memory":
        url = request.getfixturevalue(f"{request.param}_server").url
    opened = brokers.open_broker(url)
    opened.declare_queue(QUEUE)
    opened.flush(QUEUE)
    yield opened
    opened.close()


class Taken:
    """What was delivered."""

    def __init__(self) -> None:
        self.offers: list[Offer] = []

    def __call__(self, offer: Offer) -> None:
        self.offers.append(offer)

    def reaches(self, count: int) -> None:
        wait_until(lambda: len(self.offers) >= count, seconds=20, what=f"{count} deliveries")


@contextlib.contextmanager
def working(broker: brokers.Broker, deliver: Callable[[Offer], None], *, threads: int = 2) -> Iterator[Worker]:
    brokers.declare(broker, ["default"], deliver)
    worker = Worker(broker, threads)
    worker.start()
    try:
        yield worker
    finally:
        worker.stop(timeout=5_000)


def bell(broker: brokers.Broker) -> brokers.Doorbell:
    return brokers.Doorbell(broker, lambda _handler: "default")


def offers(*numbers: int) -> list[Offer]:
    return [Offer(number, number + 100, "shop.see") for number in numbers]


def put(broker: brokers.Broker, body: bytes) -> None:
    """Bytes of somebody else's, into our queue."""
    if isinstance(broker, RedisBroker):
        broker.do_enqueue(QUEUE, f"foreign-{body!r}", body)
    elif isinstance(broker, RabbitBroker):
        broker.declare_queue(QUEUE, ensure=True)
        broker.channel.basic_publish(exchange="", routing_key=QUEUE, body=body)


def left(broker: brokers.Broker) -> int:
    """Messages that wait, or were taken and not acknowledged."""
    if isinstance(broker, RedisBroker):
        size: int = broker.client.hlen(f"yizhan:{QUEUE}.msgs")
        return size
    if isinstance(broker, RabbitBroker):
        return broker.get_queue_message_counts(QUEUE)[0]
    waiting: int = broker.queues[QUEUE].unfinished_tasks
    return waiting


def test_none_of_dramatiqs_middleware_is_used(broker: brokers.Broker) -> None:
    """Each of its retries, delays and limits would be a second truth beside the store's."""
    assert broker.middleware == []


def test_message_carries_ids_and_nothing_else(broker: brokers.Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is no id may be personal, and what is not there cannot be lost with the broker."""
    sent: list[dramatiq.Message[None]] = []
    monkeypatch.setattr(broker, "enqueue_many", sent.extend)
    bell(broker).ring([Offer(delivery_id=7, number=3, handler="shop.see")])
    assert [(m.queue_name, m.actor_name, m.args, m.kwargs, m.options) for m in sent] == [
        (QUEUE, ACTOR, (7, 3, "shop.see"), {}, {})
    ]


def test_actor_delivers_what_was_rung_for(broker: brokers.Broker) -> None:
    taken = Taken()
    rung = offers(*range(200))
    with working(broker, taken):
        bell(broker).ring(rung)
        taken.reaches(200)
    assert sorted(taken.offers, key=lambda offer: offer.delivery_id) == rung
    assert left(broker) == 0


def test_delivery_that_raises_is_not_tried_again_by_the_broker(broker: brokers.Broker) -> None:
    taken = Taken()

    def deliver(offer: Offer) -> None:
        taken(offer)
        raise ConnectionError

    with working(broker, deliver, threads=1):
        for offer in offers(1, 2):
            bell(broker).ring([offer])
        taken.reaches(2)
        wait_until(lambda: not left(broker), seconds=10, what="both acknowledged")
    assert taken.offers == offers(1, 2)


def test_message_is_acknowledged_after_its_attempt_and_not_before(broker: brokers.Broker) -> None:
    """Else a worker that dies takes the wake-up with it."""
    began, go_on = threading.Event(), threading.Event()

    def deliver(_: Offer) -> None:
        began.set()
        go_on.wait(10)

    with working(broker, deliver, threads=1) as worker:
        bell(broker).ring(offers(1))
        assert began.wait(10)
        assert worker.work_queue.unfinished_tasks == 1
        if not isinstance(broker, RabbitBroker):  # which counts those that wait alone
            assert left(broker) == 1
        go_on.set()
        wait_until(lambda: not left(broker), seconds=10, what="acknowledged")


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"], indirect=True)
@pytest.mark.parametrize(
    "body",
    [
        b"\xff\x00 no JSON",
        b'{"json": "but no message"}',
        b"[]",
        dramatiq.Message(QUEUE, "somebody.elses", (1, 2, "x"), {}, {}).encode(),
        dramatiq.Message("another-queue", ACTOR, (1, 2, "x"), {}, {}).encode(),
        dramatiq.Message(QUEUE, ACTOR, ("no ids",), {}, {}).encode(),
    ],
)
def test_what_is_not_ours_is_dropped_and_strands_nothing(broker: brokers.Broker, body: bytes) -> None:
    taken = Taken()
    bell(broker).ring(offers(1, 2))
    put(broker, body)
    bell(broker).ring(offers(3, 4))
    with capture_logs() as lines, working(broker, taken) as worker:
        taken.reaches(4)
        wait_until(lambda: not left(broker), seconds=10, what="the foreign one is gone, too")
        assert worker.alive()
    assert sorted(offer.delivery_id for offer in taken.offers) == [1, 2, 3, 4]
    told = {line["event"] for line in lines}
    assert told <= {"broker.foreign_message", "broker.unreadable_message"}


@pytest.mark.parametrize("broker", ["redis"], indirect=True)
def test_key_whose_message_is_gone_strands_nothing(broker: brokers.Broker) -> None:
    """A server that was out of memory may have evicted it, or a person have deleted it."""
    assert isinstance(broker, RedisBroker)
    taken = Taken()
    bell(broker).ring(offers(1))
    broker.client.lpush(f"yizhan:{QUEUE}", "gone")
    with working(broker, taken):
        taken.reaches(1)
        wait_until(lambda: not left(broker), seconds=10, what="acknowledged")


@pytest.mark.parametrize("broker", ["redis", "rabbitmq"], indirect=True)
def test_what_was_taken_ahead_is_let_go_of_at_once_when_asked_to_stop(
    broker: brokers.Broker,
) -> None:
    """Another worker has it while this one's handler still runs."""
    began, go_on = threading.Event(), threading.Event()
    here, there = Taken(), Taken()

    def slowly(offer: Offer) -> None:
        here(offer)
        began.set()
        go_on.wait(20)

    other = brokers.open_broker(other_url(broker))
    with contextlib.closing(other), working(broker, slowly, threads=1) as stopping:
        bell(broker).ring(offers(1, 2))
        assert began.wait(10)
        wait_until(lambda: stopping.work_queue.qsize() == 1, seconds=10, what="one is taken ahead")
        end = threading.Thread(target=stopping.stop, kwargs={"timeout": 20_000})
        end.start()
        with working(other, there):
            wait_until(lambda: 2 in ids(there), seconds=10, what="the other worker has it")
            go_on.set()
            end.join(20)
    assert ids(here) == [1]


def test_what_another_worker_took_over_is_not_forgotten_by_a_late_acknowledgement(
    request: pytest.FixtureRequest,
) -> None:
    """On Redis, whoever is silent for a while is taken for dead."""
    broker, other = (RedisBroker(request.getfixturevalue("redis_server").url) for _ in range(2))
    with contextlib.closing(broker), contextlib.closing(other):
        broker.flush(QUEUE)
        bell(broker).ring(offers(1, 2))
        keys = [dramatiq.Message.decode(data).options["redis_message_id"] for data in other.do_fetch(QUEUE, 2)]
        broker.done[QUEUE] += keys
        broker.forget_done(QUEUE)
        assert left(broker) == 2
        other.done[QUEUE] += keys
        other.forget_done(QUEUE)
        assert left(broker) == 0


def test_what_ended_while_its_consumer_was_made_anew_is_acknowledged_by_the_new_one(
    request: pytest.FixtureRequest,
) -> None:
    with contextlib.closing(RedisBroker(request.getfixturevalue("redis_server").url)) as broker:
        broker.flush(QUEUE)
        bell(broker).ring(offers(1))
        before, after = (broker.consume(QUEUE, prefetch=1, timeout=100) for _ in range(2))
        message = next(before)
        assert message is not None
        before.ack(message)
        assert left(broker) == 1
        after.close()
        assert left(broker) == 0


def test_what_redis_could_not_be_told_of_is_told_again(request: pytest.FixtureRequest) -> None:
    with contextlib.closing(RedisBroker("redis://127.0.0.1:1/0")) as broker:
        broker.done[QUEUE] += ["1", "2"]
        with pytest.raises(redis.ConnectionError):
            broker.forget_done(QUEUE)
        assert list(broker.done[QUEUE]) == ["1", "2"]


def ids(taken: Taken) -> list[int]:
    return [offer.delivery_id for offer in taken.offers]


def other_url(broker: brokers.Broker) -> str:
    if isinstance(broker, RedisBroker):
        at: dict[str, Any] = broker.client.connection_pool.connection_kwargs
        return f"redis://{at['host']}:{at['port']}/0"
    assert isinstance(broker, RabbitBroker)
    return f"amqp://guest:guest@{broker.parameters.host}:{broker.parameters.port}/%2F"  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", ["redis://:planted-secret@127.0.0.1:1", "amqp://me:planted-secret@127.0.0.1:1"])
def test_broker_that_is_away_is_told_in_one_word_and_without_its_url(url: str) -> None:
    broker = brokers.open_broker(url)
    broker.declare_queue(QUEUE)
    with pytest.raises(BrokerUnavailable) as rung:
        bell(broker).ring(offers(1))
    with pytest.raises(BrokerUnavailable) as heard:
        bell(broker).listen()
    for told in (rung.value, heard.value):
        assert "planted-secret" not in f"{told} {told.__cause__}"
    broker.close()


@pytest.mark.parametrize("kind", ["redis", "rabbitmq"])
def test_broker_that_lost_what_it_held_says_so_once(request: pytest.FixtureRequest, kind: str) -> None:
    """Emptied beneath its clients, or started anew with nothing."""
    server: BrokerServer = request.getfixturevalue(f"{kind}_server")
    server.empty()
    with contextlib.closing(brokers.open_broker(server.url)) as broker:
        heard = bell(broker)
        assert [heard.listen() for _ in range(3)] == [False, True, True]
        with contextlib.closing(brokers.open_broker(server.url)) as other:
            assert bell(other).listen()
        server.empty()
        answers = []

        def answer() -> bool:
            with contextlib.suppress(BrokerUnavailable):  # a connection that broke with the server
                answers.append(heard.listen())
            return len(answers) == 3

        wait_until(answer, seconds=60, what="it answers again")
        assert answers == [False, True, True]


def test_rabbitmq_whose_queues_were_purged_or_that_was_killed_may_have_lost_messages(
    rabbitmq_server: BrokerServer,
) -> None:
    """Of what nobody waited for to be on the disk."""

    def heard() -> bool:
        with contextlib.closing(brokers.open_broker(rabbitmq_server.url)) as broker:
            return bell(broker).listen()

    heard()
    assert heard()
    with contextlib.closing(pika.BlockingConnection(pika.URLParameters(rabbitmq_server.url))) as purging:
        purging.channel().queue_purge(MARK)
    assert not heard()
    assert heard()
    rabbitmq_server.kill()
    rabbitmq_server.start()
    assert not heard()
    assert heard()


def test_brokers_own_clients_are_what_their_errors_are_caught_as() -> None:
    assert issubclass(redis.TimeoutError, RedisBroker.errors)
    assert issubclass(pika.exceptions.AMQPConnectionError, RabbitBroker.errors)
    assert MemoryBroker.errors == ()
