"""Envelopes that could not be read are dispatched again when a person says so: asked of every store."""

import asyncio
from datetime import UTC, datetime, timedelta

from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Dispatched, Filters
from receiver.store.base import Store

pytestmark = on_every_store


def put(store: Store, *unreadable: str | None) -> list[str]:
    """Envelopes, dispatched: each readable, or unreadable for this reason."""
    ids = [receipt.envelope_id for receipt in asyncio.run(store.put([envelope() for _ in unreadable]))]
    store.dispatch(
        [Dispatched(envelope_id=each, unreadable=reason) for each, reason in zip(ids, unreadable, strict=True)]
    )
    return ids


def test_what_was_unreadable_is_stored_again_and_says_who_and_when(store: Store, clock: Clock) -> None:
    (envelope_id,) = put(store, "a: missing")
    for times in (1, 2):
        clock.pass_time(seconds=60)
        assert store.replay_envelopes([envelope_id], by="mei") == 1
        (found,) = store.undispatched(10)
        assert (found.id, found.error, found.replays, found.replayed_by) == (envelope_id, None, times, "mei")
        assert found.replayed_at == datetime.fromtimestamp(clock.now / 1000, UTC)
        store.dispatch([Dispatched(envelope_id=envelope_id, unreadable="a: missing still")])
    (found,) = store.envelopes(Filters(), 10)
    assert (found.state, found.error) == ("unreadable", "a: missing still")


def test_what_was_read_is_not_dispatched_twice(store: Store) -> None:
    read, unread = put(store, None, "a: missing")
    assert store.replay_envelopes([read, unread, unread, "nothing"], by="mei") == 1
    assert [each.id for each in store.undispatched(10)] == [unread]
    found = store.envelope(read)
    assert found is not None
    assert (found.state, found.replays, found.replayed_by) == ("dispatched", 0, None)


def test_ids_come_in_the_order_of_acceptance(store: Store, clock: Clock) -> None:
    ids = put(store, "a: missing", None, "b: missing")
    clock.pass_time(seconds=60)
    ids += put(store, "c: missing")
    assert store.envelope_ids(Filters()) == ids
    assert store.envelope_ids(Filters(state="unreadable")) == [ids[0], ids[2], ids[3]]
    since = datetime.fromtimestamp(clock.now / 1000, UTC) - timedelta(seconds=1)
    assert store.envelope_ids(Filters(state="unreadable", since=since)) == [ids[3]]
