"""``yizhan inbox drift``, beside a process that runs on the store."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import Result

from receiver.deliveries import Dispatched
from receiver.drift import Drift
from receiver.store.sqlite import SqliteStore, system_clock

Yizhan = Callable[..., Result]
See = Callable[..., str]


@pytest.fixture
def see(store: SqliteStore, accept: Callable[..., str]) -> See:
    """An envelope that differs so is dispatched; its id."""

    def dispatch(*drift: Drift, source: str = "pandapon") -> str:
        envelope_id = accept("11", source=source)
        store.dispatch([Dispatched(envelope_id=envelope_id, drift=drift)])
        return envelope_id

    return dispatch


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def paths(result: Result) -> list[str]:
    return [row["path"] for row in rows(result)]


def test_a_row_says_what_how_often_when_and_where(yizhan: Yizhan, see: See, clock: Any) -> None:
    see(Drift("field", "ORDER_CREATE", "messageBody.colour"))
    clock.now += 1_000
    envelope_id = see(Drift("field", "ORDER_CREATE", "messageBody.colour"))
    (row,) = rows(yizhan("inbox", "drift", "--json"))
    assert list(row.items()) == [
        ("kind", "field"),
        ("source", "pandapon"),
        ("topic", "ORDER_CREATE"),
        ("path", "messageBody.colour"),
        ("count", 2),
        ("first_at", "2026-09-21T14:13:20Z"),
        ("last_at", "2026-09-21T14:13:21Z"),
        ("envelope_id", envelope_id),
    ]


def test_the_table_tells_topics_fields_and_what_has_vanished(yizhan: Yizhan, see: See) -> None:
    new = see(Drift("topic", "ORDER_OF_TOMORROW"))
    changed = see(Drift("field", "ORDER_CREATE", "messageBody.colour"), Drift("vanished", "ORDER_CREATE", "timestamp"))
    title, *lines = yizhan("inbox", "drift").stdout.splitlines()
    assert " ".join(title.split()) == "what source topic field how often first seen last seen envelope"
    told = [" ".join(line.split()) for line in lines]
    assert [line.split()[-1] for line in told] == [changed, changed, new]
    assert [line.split(" 1 ")[0] for line in told] == [
        "new field pandapon ORDER_CREATE messageBody.colour",
        "vanished pandapon ORDER_CREATE timestamp",
        "new topic pandapon ORDER_OF_TOMORROW",
    ]


def test_filters_leave_what_is_so(yizhan: Yizhan, see: See, clock: Any) -> None:
    clock.now = system_clock() - 3 * 3_600_000
    see(Drift("field", "A", "a"))
    clock.now = system_clock()
    see(Drift("field", "B", "b"), source="dajisaas")
    assert paths(yizhan("inbox", "drift", "--json")) == ["b", "a"]
    assert paths(yizhan("inbox", "drift", "--json", "--source", "dajisaas")) == ["b"]
    assert paths(yizhan("inbox", "drift", "--json", "--topic", "A")) == ["a"]
    assert paths(yizhan("inbox", "drift", "--json", "--since", "2h")) == ["b"]
    assert paths(yizhan("inbox", "drift", "--json", "--limit", 1)) == ["b"]


@pytest.mark.usefixtures("store")
def test_without_drift_there_is_nothing_to_tell(yizhan: Yizhan) -> None:
    assert rows(yizhan("inbox", "drift", "--json")) == []
    assert len(yizhan("inbox", "drift").stdout.splitlines()) == 1
