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
