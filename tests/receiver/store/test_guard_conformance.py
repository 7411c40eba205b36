"""The stale guard: asked of every store."""

import asyncio
from datetime import UTC, datetime, timedelta

from builders import envelope, owed
from databases import on_every_store

from receiver.deliveries import Delivery, Dispatched, Ended, Filters, Offer, Skipped, Started
from receiver.standing import Standing
from receiver.store.base import Store

pytestmark = on_every_store

TIMEOUT = timedelta(seconds=30)
TIMEOUTS = {"careful": TIMEOUT}
SUCCEEDED = Ended(outcome="succeeded", state="succeeded")
DEAD = Ended(outcome="failed", state="dead", error="E")

CREATED, PAID, SHIPPED = Standing(0, None), Standing(30, None), Standing(40, None)


def at(minute: int) -> datetime:
    return datetime(2026, 5, 20, 12, minute, tzinfo=UTC)


def owe(store: Store, *told: Standing | None, lane: str = "order:7") -> None:
    receipts = asyncio.run(store.put([envelope() for _ in told]))
    store.dispatch(
        [
            Dispatched(
                envelope_id=receipt.envelope_id,
                deliveries=(owed(lane, handler="careful", event="order.paid", standing=standing),),
            )
            for receipt, standing in zip(receipts, told, strict=True)
        ]
    )


def work(store: Store, ended: Ended = SUCCEEDED) -> list[Started | Skipped]:
    """Attempt all there is, head after head."""
    made: list[Started | Skipped] = []
    while offers := store.claim(100, dict.fromkeys(TIMEOUTS, 100)):
        for offer in offers:
            made.append(begun(store, offer))
            if isinstance(made[-1], Started):
                store.settle(made[-1], ended)
    return made


def begun(store: Store, offer: Offer) -> Started | Skipped:
    started = store.start(offer, TIMEOUTS)
    assert started is not None
    return started


def rows(store: Store) -> list[Delivery]:
    return store.deliveries(Filters(), 1000)[::-1]


def states(store: Store) -> list[str]:
    return [row.state for row in rows(store)]


def test_old_news_is_skipped_and_says_what_it_is_older_than(store: Store) -> None:
    owe(store, PAID, SHIPPED, CREATED)
    assert isinstance(work(store)[-1], Skipped)
    assert states(store) == ["succeeded", "succeeded", "skipped"]
    skipped = rows(store)[-1]
    assert (skipped.older_than, skipped.attempts, skipped.error) == (2, 0, None)
    assert skipped.ended_at is not None


def test_a_skipped_head_lets_the_next_of_its_lane_go(store: Store) -> None:
    owe(store, SHIPPED, PAID, SHIPPED)
    work(store)
    assert states(store) == ["succeeded", "skipped", "succeeded"]


def test_news_is_not_uncertain(store: Store) -> None:
    owe(store, CREATED, PAID, SHIPPED)
    work(store)
    assert [(row.state, row.uncertain) for row in rows(store)] == [("succeeded", False)] * 3


def test_what_cannot_be_compared_runs_and_is_marked(store: Store) -> None:
    owe(store, PAID, PAID, Standing(None, None))
    made = work(store)
    assert [each.uncertain for each in made if isinstance(each, Started)] == [False, True, True]
    assert [row.uncertain for row in rows(store)] == [False, True, True]


def test_time_tells_two_of_one_stage_apart(store: Store) -> None:
    owe(store, Standing(10, at(1)), Standing(10, at(3)), Standing(10, at(2)))
    work(store)
    assert states(store) == ["succeeded", "succeeded", "skipped"]


def test_what_adds_is_never_skipped_and_supersedes_nothing(store: Store) -> None:
    owe(store, SHIPPED, None, None)
    work(store)
    owe(store, None, lane="order:8")
    owe(store, CREATED, lane="order:8")
    work(store)
    assert states(store) == ["succeeded"] * 5
    assert not any(row.uncertain for row in rows(store))


def test_only_what_succeeded_supersedes(store: Store) -> None:
    """The handler never acted on the newer one: the older is still the best it can have."""
    owe(store, SHIPPED)
    work(store, DEAD)
    owe(store, PAID)
    work(store)
    assert states(store) == ["dead", "succeeded"]


def test_other_orders_are_not_compared(store: Store) -> None:
    owe(store, SHIPPED, lane="order:7")
    owe(store, PAID, lane="order:8")
    work(store)
    assert states(store) == ["succeeded", "succeeded"]


def test_a_replay_of_old_news_is_skipped_unless_a_person_insists(store: Store) -> None:
    owe(store, PAID)
    work(store, DEAD)
    owe(store, SHIPPED)
    work(store)
    assert store.stale([1, 2]) == [1]
    store.replay([1], by="mei")
    work(store)
    assert states(store) == ["skipped", "succeeded"]
    store.replay([1], by="mei", stale=True)
    work(store)
    assert states(store) == ["succeeded", "succeeded"]


def test_a_replay_of_the_newest_is_news(store: Store) -> None:
    owe(store, PAID, SHIPPED)
    work(store)
    store.replay([2], by="mei")
    work(store)
    assert states(store) == ["succeeded", "succeeded"]
    assert not rows(store)[1].uncertain
