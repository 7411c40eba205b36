"""Whatever is chosen by, alone or two together, a list holds what is so and nothing else, the newest first."""

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import combinations
from typing import Any

from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Delivery, Dispatched, Ended, Filters, NewDelivery, Started
from receiver.envelope import StoredEnvelope
from receiver.store.base import Store

pytestmark = on_every_store

HANDLERS = ("a", "b")
_ENVELOPES = 24


def fill(store: Store, clock: Clock) -> None:
    """Each column holds its values in a rhythm of its own; two thirds are dispatched, some of that unreadable."""
    for first in range(0, _ENVELOPES, 6):
        clock.pass_time(seconds=60)
        batch = [
            replace(
                envelope(("T", "U", "V")[n % 3], order_ids=(f"{n % 5}",), refund_ids=("R",) if n % 4 else ()),
                account=("main", "other")[n % 2],
                source=("pandapon", "dajisaas")[n % 7 > 1],
                platform=(None, "taobao", "1688")[n % 5 % 3],
            )
            for n in range(first, first + 6)
        ]
        receipts = asyncio.run(store.put(batch))
        store.dispatch(
            [
                Dispatched(envelope_id=receipt.envelope_id, unreadable="a: missing")
                if n % 8 == 7
                else Dispatched(
                    envelope_id=receipt.envelope_id,
                    deliveries=tuple(
                        NewDelivery(
                            number=0,
                            handler=handler,
                            event=("paid", "sent")[n % 3 == 1],
                            order_id=each.order_ids[0],
                            refund_id=next(iter(each.refund_ids), None),
                            lane=None,
                        )
                        for handler in HANDLERS[: 1 + n % 2]
                    ),
                )
                for n, (receipt, each) in enumerate(zip(receipts, batch, strict=True), first)
                if n % 6 < 4
            ]
        )
    for offer in store.claim(9, dict.fromkeys(HANDLERS, 5)):
        if offer.delivery_id % 2:
            started = store.start(offer, dict.fromkeys(HANDLERS, timedelta(seconds=30)))
            assert isinstance(started, Started)
            if offer.delivery_id % 3:
                store.settle(started, Ended(outcome="failed", state="dead", error="E"))


def pairs(columns: Iterable[str], rows: Iterable[Any], clock: Clock) -> list[dict[str, Any]]:
    """Every value that a row has in a column, and one that none has; a time; and any two of them."""
    found = list(rows)
    each: list[dict[str, Any]] = [
        {column: value}
        for column in columns
        for value in {getattr(row, column) for row in found} - {None} | {"nobody"}
        if column != "state" or value != "nobody"
    ]
    some = datetime.fromtimestamp(clock.now / 1000, UTC) - timedelta(seconds=90)
    each += [{"since": some}, {"until": some}]
    return [{}, *each, *(one | other for one, other in combinations(each, 2))]


def so(row: StoredEnvelope | Delivery, chosen: dict[str, Any], received_at: Callable[[Any], datetime]) -> bool:
    return all(
        received_at(row) >= value
        if name == "since"
        else received_at(row) < value
        if name == "until"
        else getattr(row, name) == value
        for name, value in chosen.items()
    )


def test_envelopes(store: Store, clock: Clock) -> None:
    fill(store, clock)
    everything = store.envelopes(Filters(), 1000)
    assert len(everything) == _ENVELOPES
    columns = ("account", "source", "platform", "topic", "order_id", "refund_id", "state")
    chosen = pairs(columns, everything, clock)
    assert {"stored", "dispatched", "unreadable"} <= {each.get("state") for each in chosen}
    for each in chosen:
        expected = [row.id for row in everything if so(row, each, lambda row: row.received_at)]
        assert [row.id for row in store.envelopes(Filters(**each), 1000)] == expected, each
        assert [row.id for row in store.envelopes(Filters(**each), 3)] == expected[:3], each
        assert store.envelope_ids(Filters(**each)) == expected[::-1], each


def test_a_state_that_the_other_has_is_nobodys(store: Store, clock: Clock) -> None:
    fill(store, clock)
    assert store.envelopes(Filters(state="due"), 10) == []
    assert store.envelope_ids(Filters(state="due", account="main")) == []
    assert store.deliveries(Filters(state="stored"), 10) == []


def test_deliveries(store: Store, clock: Clock) -> None:
    fill(store, clock)
    everything = store.deliveries(Filters(), 1000)
    received = {row.id: row.received_at for row in store.envelopes(Filters(), 1000)}
    columns = ("envelope_id", "account", "source", "platform", "topic", "event", "order_id", "refund_id", "handler")
    chosen = pairs((*columns, "state"), everything, clock)
    assert {"due", "offered", "running", "dead"} <= {each.get("state") for each in chosen}
    for each in chosen:
        expected = [row.id for row in everything if so(row, each, lambda row: received[row.envelope_id])]
        assert [row.id for row in store.deliveries(Filters(**each), 1000)] == expected, each
        assert [row.id for row in store.deliveries(Filters(**each), 3)] == expected[:3], each
        assert store.delivery_ids(Filters(**each)) == expected[::-1], each
