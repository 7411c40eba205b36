"""Named leases, so that what one may do at a time is done by one: asked of every store."""

from builders import Clock
from databases import on_every_store

from receiver.store.base import Store

pytestmark = on_every_store


def test_one_holds_it_and_may_go_on_holding_it(store: Store, clock: Clock) -> None:
    assert store.hold("prune", "one", 10)
    assert not store.hold("prune", "two", 10)
    clock.pass_time(seconds=9)
    assert store.hold("prune", "one", 10)
    clock.pass_time(seconds=9)
    assert not store.hold("prune", "two", 10)


def test_it_is_anybodys_once_it_ended(store: Store, clock: Clock) -> None:
    store.hold("prune", "one", 10)
    clock.pass_time(seconds=10)
    assert store.hold("prune", "two", 10)
    assert not store.hold("prune", "one", 10)


def test_who_lets_go_of_it_makes_room_at_once_and_nobody_else_can(store: Store) -> None:
    store.hold("prune", "one", 10)
    store.release("prune", "two")
    assert not store.hold("prune", "two", 10)
    store.release("prune", "one")
    assert store.hold("prune", "two", 10)


def test_another_name_is_another_lease(store: Store) -> None:
    assert store.hold("prune", "one", 10)
    assert store.hold("report", "two", 10)


def test_places_in_a_row_come_one_after_another_and_a_rest_is_made_good_once(store: Store, clock: Clock) -> None:
    """Five a second: a second's worth at once, then each waits for the one before; in whatever process it is asked."""
    assert [store.book("api:main:rate", 0.2, 1.0, within=9, most=9) for _ in range(7)] == [0, 0, 0, 0, 0, 0.2, 0.4]
    clock.pass_time(seconds=1)
    assert [store.book("api:main:rate", 0.2, 1.0, within=9, most=9) for _ in range(4)] == [
        0,
        0,
        0,
        0.2,
    ]  # two were booked ahead
    clock.pass_time(seconds=60)
    assert [store.book("api:main:rate", 0.2, 1.0, within=9, most=9) for _ in range(6)] == [0, 0, 0, 0, 0, 0.2]
    assert store.book("api:other:rate", 2.0, 1.0, within=9, most=9) == 0
    assert store.book("api:other:rate", 2.0, 1.0, within=9, most=9) == 2.0


def test_a_place_that_comes_too_late_is_not_booked(store: Store, clock: Clock) -> None:
    """Else those who give up would push it away from those who do not."""
    waits = [store.book("rate", 10.0, 1.0, within=15, most=15) for _ in range(5)]
    assert waits == [0, 10, 20, 20, 20]
    clock.pass_time(seconds=6)
    assert store.book("rate", 10.0, 1.0, within=15, most=15) == 14
    assert store.book("rate", 10.0, 1.0, within=30, most=30) == 24


def test_a_slow_rate_is_kept(store: Store) -> None:
    assert [store.book("rate", 2_000.0, 1.0, within=300, most=300) for _ in range(3)] == [0, 2_000, 2_000]
