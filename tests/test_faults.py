"""Four faults of ``make soak``, briefly: broker, PostgreSQL, web and worker processes fail under load, in turn."""

import builders
import pytest
import services
import steps
from brokers import BrokerServer
from databases import Database
from machines import ACCOUNT
from soak.faults import crash_store, kill_webs, kill_workers_in_handlers, take_broker_away
from soak.round import play
from soak.sender import Answer, callbacks
from soak.shop import HANDLERS
from soak.site import Fault
from soak.stage import Stage, stage
from soak.verdict import judge
from soak.volume import plain

from receiver.events import OrderEvent
from receiver.routing import Context, Router
from receiver.store.postgresql import PostgresStore


def strike(site: Stage) -> None:
    for fault in (take_broker_away, crash_store, kill_webs, kill_workers_in_handlers):
        fault(site)


@pytest.mark.timeout(600)
def test_what_was_acknowledged_is_done_whatever_fails(redis_server: BrokerServer) -> None:
    """Each in the inbox byte for byte, each delivery ended, none twice, lanes in order; and what was to fail did."""
    redis_server.empty()
    with services.place() as folder, stage(folder, plain(folder), redis_server, minute=2) as site:
        played = play(site, Fault("four in turn", strike), seed=1, seconds=1, rate=4)
    assert played.verdict.broken == {}
    assert played.verdict.acknowledged == played.verdict.sent > 20
    assert played.verdict.attempts_lost > 0


def test_every_promise_that_is_broken_is_counted(database: Database, postgres: PostgresStore) -> None:
    """Else a suite that finds nothing would say nothing: here what is stored and what handlers told do not agree."""
    router = Router()
    for name in HANDLERS:
        router.on(OrderEvent, name=name)(ignore)
    order = builders.new_order_id()
    owed = steps.owe(postgres, router, *(builders.message(orderId=order, n=n) for n in range(2)), of=ACCOUNT)
    first, second = dict.fromkeys(delivery.envelope_id for delivery in owed)
    database.run("UPDATE delivery SET state = 'succeeded', head = false WHERE handler = 'shop.shaky'")
    genuine = (planned for planned in callbacks("unstored") if planned.kind == "genuine")
    answers = [Answer(planned, status, 0.1) for planned, status in zip(genuine, (200, 503), strict=False)]
    runs = [
        ("began", "shop.note", "1", second),
        ("ended", "shop.note", "1", second),
        ("began", "shop.note", "1", first),  # after a later one
        ("ended", "shop.note", "1", first),
        ("began", "shop.slow", "1", first),
        ("began", "shop.slow", "2", second),  # beside the one ahead
        ("ended", "shop.slow", "1", first),
        ("ended", "shop.slow", "2", second),
    ]
    assert judge(database, answers, runs, since=0).broken == {
        "never acknowledged": 1,
        "lost": 1,
        "forged": 2,
        "not ended": 4,
        "twice": 4,  # no attempt was begun
        "out of order": 2,
        "succeeded unseen": 2,
    }


def ignore(_: Context[OrderEvent]) -> None: ...
