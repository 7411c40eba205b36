"""The story of an order or refund is read by index, however large the inbox is."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import apsw
import pytest
from builders import envelope

from receiver.deliveries import Dispatched, NewDelivery
from receiver.store.sqlite import SqliteStore, connecting, telling

HANDLERS = {"a": timedelta(seconds=30)}


def owe_refunds(store: SqliteStore, order: int, refunds: Iterable[int]) -> None:
    asyncio.run(store.put([envelope(order_ids=(f"{order}",), refund_ids=(f"R{n}",)) for n in refunds]))


def owe(store: SqliteStore, *numbers: int) -> None:
    """An envelope of an order and its refund for each, dispatched."""
    receipts = asyncio.run(store.put([envelope(order_ids=(f"{n}",), refund_ids=(f"R{n}",)) for n in numbers]))
    store.dispatch(
        [
            Dispatched(
                envelope_id=receipt.envelope_id,
                deliveries=(
                    NewDelivery(
                        number=0,
                        handler="a",
                        event="order",
                        order_id=f"{n}",
                        refund_id=f"R{n}",
                        lane=f"refund:R{n}",
                    ),
                ),
            )
            for receipt, n in zip(receipts, numbers, strict=True)
        ]
    )


@pytest.fixture
def plans(tmp_path: Path) -> Callable[[str], list[str]]:
    """How SQLite finds each thing that the story of this subject asks for."""

    def explain(subject_id: str) -> list[str]:
        statements: list[tuple[str, Any]] = []
        with contextlib.closing(connecting.connect_to_read(tmp_path / "yizhan.db")) as reader:

            def note(_cursor: apsw.Cursor, sql: str, bindings: Any) -> bool:
                statements.append((sql, bindings))
                return True

            reader.exec_trace = note
            assert telling.timeline(reader, subject_id, now=0)
            reader.exec_trace = None
            return [
                detail
                for sql, bindings in statements
                if sql.lstrip().startswith(("SELECT", "WITH"))
                for *_, detail in reader.execute(f"EXPLAIN QUERY PLAN {sql}", bindings)
            ]

    return explain


@pytest.mark.parametrize("analysed", [False, True])
def test_no_table_is_read_from_end_to_end(
    store: SqliteStore, tmp_path: Path, plans: Callable[[str], list[str]], *, analysed: bool
) -> None:
    owe(store, *range(2_000))
    owe_refunds(store, 1500, range(3_000, 3_020))
    (offer,) = store.claim(1, {"a": 1})
    store.start(offer, HANDLERS)
    if analysed:
        with contextlib.closing(apsw.Connection(str(tmp_path / "yizhan.db"))) as other:
            other.execute("ANALYZE")
    found = plans("1500")
    assert len(found) > 10
    read = {detail.split()[1] for detail in found if detail.startswith("SEARCH")}
    assert {"envelope", "indexed_subject", "delivery", "redelivery", "attempt"} <= read
    scanned = {detail.split()[1] for detail in found if detail.startswith("SCAN")}
    # Of one row; and what was found by subject, as it is found.
    assert scanned <= {"json_each", "indexed"}, found
    # What the index does not tell of yet is read from where that ends: once for the order's number as an order, once
    # for it as a refund, once for all refunds of the order.
    assert sum("(rowid>?)" in detail for detail in found) == 3, found
