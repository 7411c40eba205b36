"""Connections that are cut, a server that goes away, and what errors tell of it."""

import asyncio
import threading

import psycopg
import pytest
from builders import envelope
from contending import SUCCEEDED, TIMEOUTS, accept, begin, beside, cut, owe
from databases import Database, Templates

from receiver.deliveries import Filters
from receiver.errors import StoreUnavailable
from receiver.store.postgresql import PostgresStore, connecting


def test_connections_that_were_cut_are_replaced_unnoticed(postgres: PostgresStore, database: Database) -> None:
    owe(postgres, "x")
    started = begin(postgres)
    cut(database)
    assert postgres.settle(started, SUCCEEDED)
    cut(database)
    assert postgres.claim(1, {"a": 1}) == []


def test_a_batch_whose_connection_was_cut_is_not_acknowledged_and_the_next_is(
    postgres: PostgresStore, database: Database
) -> None:
    accept(postgres)
    cut(database)
    with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
        accept(postgres)
    accept(postgres)
    assert database.run("SELECT count(*) FROM envelope") == [(2,)]


def test_a_batch_that_is_cut_while_it_commits_is_stored_whole_or_not_at_all(
    postgres: PostgresStore, database: Database
) -> None:
    """And the same batch again is recognised, whichever it was."""
    batch = [envelope() for _ in range(5)]
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE subject")
        failed: list[BaseException] = []

        def put() -> None:
            try:
                asyncio.run(postgres.put(batch))
            except StoreUnavailable as error:
                failed.append(error)

        thread = beside(put, database)
        database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        thread.join()
        assert failed
    assert database.run("SELECT count(*) FROM envelope") == [(0,)]
    assert [receipt.redelivery for receipt in asyncio.run(postgres.put(batch))] == [False] * 5


def test_a_settle_that_is_cut_happened_not_at_all_and_can_be_made_again(
    postgres: PostgresStore, database: Database
) -> None:
    owe(postgres, "x", "x")
    started = begin(postgres)
    with psycopg.connect(database.url) as other:
        other.execute("LOCK TABLE attempt")
        failed: list[BaseException] = []

        def settle() -> None:
            try:
                postgres.settle(started, SUCCEEDED)
            except StoreUnavailable as error:
                failed.append(error)

        thread = beside(settle, database)
        database.run(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
            " AND datname = current_database()"
        )
        thread.join()
        assert failed
    assert [each.state for each in postgres.deliveries(Filters(), 10)] == ["due", "running"]
    assert postgres.settle(started, SUCCEEDED)
    assert begin(postgres).offer.delivery_id == started.offer.delivery_id + 1


def test_while_the_database_is_away_it_says_so_and_afterwards_all_goes_on(
    postgres: PostgresStore, database: Database, templates: Templates
) -> None:
    owe(postgres, None)
    ((name,),) = database.run("SELECT current_database()")
    server = Database(templates.server)
    server.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    server.run("SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = %s", name)
    for _ in range(2):
        for ask in (postgres.ready, lambda: postgres.claim(1, {"a": 1}), lambda: accept(postgres)):
            with pytest.raises(StoreUnavailable):
                ask()
    server.run(f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')
    postgres.ready()
    assert len(postgres.claim(1, {"a": 1})) == 1
    accept(postgres)


def test_a_server_that_only_reads_is_not_ready(postgres: PostgresStore, database: Database) -> None:
    postgres.ready()
    ((name,),) = database.run("SELECT current_database()")
    database.run(f'ALTER DATABASE "{name}" SET default_transaction_read_only = on')
    cut(database)
    with pytest.raises(StoreUnavailable, match="read-only"):
        postgres.ready()


def test_no_more_connections_are_made_than_allowed(database: Database) -> None:
    store = PostgresStore(database.url, most_connections=2)
    try:
        owe(store, *[None] * 20)
        offers = store.claim(20, {"a": 20})
        workers = [threading.Thread(target=store.start, args=(offer, TIMEOUTS)) for offer in offers]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert {each.state for each in store.deliveries(Filters(), 100)} == {"running"}
        ((made,),) = database.run(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'yizhan'"
        )
        assert made <= 3, "two, and the web's"
    finally:
        store.close()


@pytest.mark.parametrize(
    "url", ["postgresql://me:PLANTED@127.0.0.1:1/x", "postgresql://me:PLANTED@127.0.0.1:PLANTED/x", "postgresql://%zz"]
)
def test_no_error_tells_a_password(url: str) -> None:
    with pytest.raises(StoreUnavailable) as raised:
        PostgresStore(url).check_schema()
    error: BaseException | None = raised.value
    while error is not None:
        assert "PLANTED" not in repr(error)
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_no_error_quotes_a_row(postgres: PostgresStore, database: Database) -> None:
    """PostgreSQL's own error tells the whole row that does not fit."""
    database.run("ALTER TABLE envelope ADD CHECK (topic <> 'PLANTED')")
    with pytest.raises(StoreUnavailable) as raised:
        asyncio.run(postgres.put([envelope("PLANTED", order_ids=("PLANTED-7",))]))
    assert "PLANTED" not in str(raised.value)
    assert "CheckViolation" in str(raised.value)


def test_what_the_url_says_of_the_network_holds() -> None:
    parameters = connecting.parameters("postgresql://me@host/x?connect_timeout=1&application_name=shop")
    assert "connect_timeout=1" in parameters
    assert "application_name=shop" in parameters
