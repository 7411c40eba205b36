"""What an attempt costs: few statements, each its own transaction, and found by index."""

from typing import Any

import psycopg
import pytest
from builders import owed
from contending import SUCCEEDED, TIMEOUTS, accept, begin, owe
from databases import Database

from receiver.deliveries import Dispatched, Filters, Started
from receiver.standing import Standing
from receiver.store.postgresql import PostgresStore, guarding, query


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """The statements and what they were bound to."""
    asked: list[tuple[str, Any]] = []
    row = query.row

    def note(connection: query.Connection, sql: str, bindings: query.Bindings = None) -> tuple[Any, ...] | None:
        asked.append((sql, dict(bindings) if isinstance(bindings, dict) else bindings))
        return row(connection, sql, bindings)

    monkeypatch.setattr(query, "row", note)
    return asked


def tell(store: PostgresStore, *stages: int) -> None:
    """Deliveries of one order that tell how far it has come."""
    store.dispatch(
        [
            Dispatched(envelope_id=envelope_id, deliveries=(owed("order:7", standing=Standing(stage, None)),))
            for envelope_id, stage in zip(accept(store, len(stages)), stages, strict=True)
        ]
    )


def test_an_attempt_begins_and_ends_in_a_statement_each(postgres: PostgresStore, asked: list[tuple[str, Any]]) -> None:
    """Two begin it where something has to be judged."""
    tell(postgres, 1, 2)
    for statements in (1, 2):
        (offer,) = postgres.claim(1, {"a": 1})
        asked.clear()
        started = postgres.start(offer, TIMEOUTS)
        assert isinstance(started, Started)
        assert len(asked) == statements
        asked.clear()
        assert postgres.settle(started, SUCCEEDED)
        assert len(asked) == 1


def test_many_are_judged_in_slices_as_they_are_alone(postgres: PostgresStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """What all of a replay are compared with would not fit into memory."""
    monkeypatch.setattr(guarding, "_AT_ONCE", 2)
    tell(postgres, 3)
    assert postgres.settle(begin(postgres), SUCCEEDED)
    tell(postgres, 1, 9, 2, 1)
    ids = postgres.delivery_ids(Filters())
    assert postgres.stale(ids) == [ids[1], ids[3], ids[4]]
    assert postgres.stale(ids[::-1]) == [ids[4], ids[3], ids[1]]


def test_no_row_or_lane_is_held_while_a_handler_runs(postgres: PostgresStore, database: Database) -> None:
    owe(postgres, "x")
    begin(postgres)
    assert database.run(
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid)"
        " WHERE datname = current_database() AND pid <> pg_backend_pid() AND locktype <> 'virtualxid'"
    ) == [(0,)]


def test_an_attempt_is_found_by_index_however_many_are_offered(
    postgres: PostgresStore, database: Database, asked: list[tuple[str, Any]]
) -> None:
    """A session keeps the plan that it made when nothing was offered."""
    owe(postgres, *[None] * 500)
    database.run("ANALYZE")
    (offer, *_) = postgres.claim(500, {"a": 500})
    asked.clear()
    started = postgres.start(offer, TIMEOUTS)
    assert isinstance(started, Started)
    ((sql, bindings),) = asked
    assert "UPDATE delivery" in sql
    with psycopg.connect(database.url) as other:
        other.execute("SET plan_cache_mode = force_generic_plan")
        other.execute(sql.encode(), bindings, prepare=True)
        ((name, count),) = other.execute(
            "SELECT name, cardinality(parameter_types) FROM pg_prepared_statements"
        ).fetchall()
        plan = other.execute(f"EXPLAIN EXECUTE {name} ({', '.join(['NULL'] * count)})".encode()).fetchall()
    assert [line for (line,) in plan if "delivery_leased" in line or "Seq Scan on delivery" in line] == []
