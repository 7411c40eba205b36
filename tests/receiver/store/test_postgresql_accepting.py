"""What a 200 rests on, however many web processes there are."""

import asyncio
import threading
from functools import partial
from typing import Any

import psycopg
from builders import envelope
from contending import accept
from databases import Database

from receiver.store.postgresql import PostgresStore


def test_what_promises_rest_on_holds_whatever_the_servers_defaults_are(database: Database) -> None:
    ((name,),) = database.run("SELECT current_database()")
    database.run(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
    database.run(f'ALTER DATABASE "{name}" SET default_transaction_isolation = "repeatable read"')
    otherwise = "-c%20synchronous_commit%3Doff%20-c%20default_transaction_isolation%3Dserializable"
    for url in (database.url, f"{database.url}?options={otherwise}"):
        store = PostgresStore(url)
        try:
            accept(store)
            connection = store._entrance._connection
            assert connection is not None
            assert connection.info.parameter_status("application_name") == "yizhan"
            assert asyncio.run(_shown(connection)) == ("on", "read committed", "5s", "5s", "30s")
        finally:
            store.close()


async def _shown(connection: psycopg.AsyncConnection[Any]) -> tuple[str, ...]:
    names = (
        "synchronous_commit",
        "transaction_isolation",
        "statement_timeout",
        "lock_timeout",
        "idle_in_transaction_session_timeout",
    )
    cursor = await connection.execute(
        b"SELECT " + b", ".join(b"current_setting('%s')" % name.encode() for name in names)
    )
    (row,) = await cursor.fetchall()
    return tuple(row)


def test_copies_of_one_callback_at_many_processes_are_one_envelope(database: Database) -> None:
    """They come in at once, in any order, with and without another push time, and nobody waits for ever."""
    contents = [{"order": str(number)} for number in range(20)]

    def batch(turn: int) -> list[Any]:
        sent = [
            envelope(content=each, order_ids=(each["order"],), push_time=str(turn % 3))
            for each in [*contents[turn:], *contents[:turn]]
        ]
        return sent if turn % 2 else sent[::-1]

    receipts: list[tuple[str, bool]] = []

    def send(turns: range) -> None:
        store = PostgresStore(database.url)
        try:
            for turn in turns:
                got = asyncio.run(store.put(batch(turn)))
                receipts.extend((receipt.envelope_id, receipt.redelivery) for receipt in got)
        finally:
            store.close()

    senders = [threading.Thread(target=send, args=(range(number, 20, 5),)) for number in range(5)]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    assert len(receipts) == 400
    new = {envelope_id for envelope_id, redelivery in receipts if not redelivery}
    assert len(new) == 20
    assert (
        {envelope_id for envelope_id, _ in receipts}
        == new
        == {envelope_id for (envelope_id,) in database.run("SELECT id FROM envelope")}
    )
    assert database.run("SELECT sum(redeliveries) FROM envelope") == [(380,)]
    assert database.run("SELECT count(*) FROM redelivery") == [(380,)]


def test_copies_that_nobody_can_tell_from_news_are_one_envelope_more(database: Database) -> None:
    """A, B, and then A as pushed later, at many processes at once: one of those is stored as ambiguous."""
    a = partial(envelope, content={"state": "A"}, order_ids=("7",))
    stores = [PostgresStore(database.url) for _ in range(6)]
    asyncio.run(stores[0].put([a(), envelope(content={"state": "B"}, order_ids=("7",))]))
    receipts: list[Any] = []
    senders = [
        threading.Thread(
            target=lambda each=each, push=str(number): receipts.extend(asyncio.run(each.put([a(push_time=push)])))
        )
        for number, each in enumerate(stores, 2)
    ]
    for sender in senders:
        sender.start()
    for sender in senders:
        sender.join()
    for each in stores:
        each.close()
    assert (
        sorted((receipt.redelivery, receipt.ambiguous) for receipt in receipts) == [(False, True)] + [(True, False)] * 5
    )
    assert len({receipt.envelope_id for receipt in receipts}) == 1


def test_what_came_later_in_a_batch_is_not_what_came_in_between(postgres: PostgresStore) -> None:
    """A again, and B after it: A was repeated before anything happened."""
    a = envelope("A", order_ids=("7",), push_time="1")
    asyncio.run(postgres.put([a]))
    again, news = asyncio.run(
        postgres.put([envelope("A", order_ids=("7",), push_time="2"), envelope("B", order_ids=("7",))])
    )
    assert (again.redelivery, news.redelivery) == (True, False)
