"""Lanes and claims, where two are at work on one."""

import threading

import psycopg
from builders import owed
from contending import SUCCEEDED, accept, begin, beside, owe
from databases import Database

from receiver.deliveries import Dispatched, Offer
from receiver.store.parts import Part
from receiver.store.postgresql import PostgresStore, lanes, query, relaying


def test_who_ends_a_head_sees_what_is_being_added_behind_it(postgres: PostgresStore, database: Database) -> None:
    owe(postgres, "x")
    started = begin(postgres)
    (envelope_id,) = accept(postgres)
    with psycopg.connect(database.url) as other:
        part = Part(Dispatched(envelope_id=envelope_id), (owed("x"),), last=True)
        relaying.dispatch(other, [part])
        settle = beside(lambda: postgres.settle(started, SUCCEEDED), database)
        other.commit()
        settle.join()
    assert begin(postgres).offer.delivery_id == started.offer.delivery_id + 1


def test_who_adds_to_a_lane_sees_that_its_head_is_ending(postgres: PostgresStore, database: Database) -> None:
    owe(postgres, "x")
    started = begin(postgres)
    (envelope_id,) = accept(postgres)
    with psycopg.connect(database.url) as other:
        lanes.lock_of(other, started.offer.delivery_id)
        query.change(
            other, "UPDATE delivery SET state = 'dead', head = false WHERE id = %s", (started.offer.delivery_id,)
        )
        added = Dispatched(envelope_id=envelope_id, deliveries=(owed("x"),))
        dispatch = beside(lambda: postgres.dispatch([added]), database)
        other.commit()
        dispatch.join()
    assert begin(postgres).offer.delivery_id == started.offer.delivery_id + 1


def test_what_was_cut_short_is_owed_once_and_no_lane_is_left_without_a_head(postgres: PostgresStore) -> None:
    """The first of an envelope's deliveries was owed, and has ended, before another relay owed the rest."""
    (envelope_id,) = accept(postgres)
    whole = Dispatched(envelope_id=envelope_id, deliveries=tuple(owed("x", number=number) for number in range(3)))
    postgres._run(lambda c: relaying.dispatch(c, [Part(whole, whole.deliveries[:1], last=False)]))
    postgres.settle(begin(postgres), SUCCEEDED)
    for _ in range(2):
        postgres.dispatch([whole])
    for expected in (2, 3):
        started = begin(postgres)
        assert started.offer.delivery_id == expected
        postgres.settle(started, SUCCEEDED)
    assert postgres.claim(10, {"a": 10}) == []


def test_claims_of_many_relays_at_once_hold_no_more_than_their_limit_and_nothing_twice(
    postgres: PostgresStore, database: Database
) -> None:
    owe(postgres, *[None] * 60)
    claimed: list[Offer] = []
    relays = [threading.Thread(target=lambda: claimed.extend(postgres.claim(40, {"a": 15}))) for _ in range(8)]
    for relay in relays:
        relay.start()
    for relay in relays:
        relay.join()
    assert len(claimed) == len({offer.delivery_id for offer in claimed}) == 40
