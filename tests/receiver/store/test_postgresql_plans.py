"""What PostgreSQL's planner makes of the statements that dispatch and list, in an inbox of some size."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import pytest
from bench.growth import filling
from builders import envelope, owed
from databases import Database

from receiver.deliveries import Dispatched, Filters
from receiver.store.postgresql import PostgresStore, query

#: A batch is a hundred. What a plan that reads more than that says: all there is, all that waits, or all that is open.
_MORE = ("Seq Scan on envelope", "Seq Scan on delivery", "envelope_stored", "delivery_open", "Bitmap", "Hash", "Merge")


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A line each, of every statement from here on, as the planner sees it at that moment."""
    found: list[str] = []

    def explaining(run: Callable[..., Any]) -> Callable[..., Any]:
        def explain(connection: query.Connection, sql: str, bindings: query.Bindings = None, **how: Any) -> Any:
            found.extend(line for (line,) in connection.execute(f"EXPLAIN {sql}".encode(), bindings))
            return run(connection, sql, bindings, **how)

        return explain

    for name in ("rows", "change"):
        monkeypatch.setattr(query, name, explaining(getattr(query, name)))
    return found


@pytest.mark.parametrize("analysed", [False, True], ids=["statistics of a quiet hour", "analysed"])
def test_a_batch_is_dispatched_by_index_although_much_waits(
    postgres: PostgresStore, database: Database, plans: list[str], *, analysed: bool
) -> None:
    filling.postgresql(database.url, 20_000)
    ids = [receipt.envelope_id for receipt in asyncio.run(postgres.put([envelope() for _ in range(6_000)]))]
    batches = [
        [Dispatched(envelope_id=each, deliveries=(owed(f"order:{each}"),)) for each in ids[first : first + 100]]
        for first in range(0, 3_000, 100)
    ]
    for batch in batches[1:]:
        postgres.dispatch(batch)
    if analysed:
        database.run("ANALYZE")
    plans.clear()
    postgres.dispatch(batches[0])
    read = {word for line in plans for word in line.split() if word.startswith(("envelope_", "delivery_"))}
    assert {"envelope_id", "envelope_pkey", "delivery_owed", "delivery_lane"} <= read
    assert [line for line in plans if any(each in line for each in _MORE)] == []


def test_a_list_of_what_none_or_few_have_is_not_looked_for_in_all_there_is(
    postgres: PostgresStore, database: Database, plans: list[str]
) -> None:
    filling.postgresql(database.url, 20_000)
    of_envelopes = [Filters(source="none"), Filters(platform="taobao"), Filters(topic=filling.RARE["topic"])]
    of_deliveries = [Filters(event=filling.RARE["event"]), Filters(handler="none")]
    lists: list[tuple[Callable[[], Sequence[object]], str]] = [
        *((partial(postgres.envelopes, chosen, 20), "envelope_values") for chosen in of_envelopes),
        *((partial(postgres.deliveries, chosen, 20), "envelope_values") for chosen in of_envelopes),
        *((partial(postgres.deliveries, chosen, 20), "delivery_values") for chosen in of_deliveries),
    ]
    for ask, index in lists:
        plans.clear()
        assert len(ask()) in (0, 3)
        assert any(f"Bitmap Index Scan on {index}" in line for line in plans)
