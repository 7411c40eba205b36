"""``yizhan prune``: old payloads are emptied, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import Clock
from typer.testing import Result

from receiver.deliveries import Filters
from receiver.store.sqlite import SqliteStore


@pytest.fixture
def old(store: SqliteStore, clock: Clock, owe: Callable[..., int], attempt: Callable[..., None]) -> list[str]:
    """One that succeeded and one that is dead, both of an age; their envelopes."""
    clock.now -= 10 * 24 * 3600 * 1000  # the command goes by the time of the day
    for state in ("succeeded", "dead"):
        owe()
        attempt(state, error="ValueError at shop.py:7" if state == "dead" else None)
    return store.envelope_ids(Filters())


def payloads(store: SqliteStore, ids: list[str]) -> list[bool]:
    return [bool(found.payload) for each in ids if (found := store.envelope(each))]


def test_what_succeeded_long_ago_loses_its_payload(
    store: SqliteStore, old: list[str], yizhan: Callable[..., Result]
) -> None:
    """What is dead keeps it; deliveries and attempts stay."""
    assert yizhan("prune", "--older-than", "400000d").stdout == "emptied 0 payloads, 0 bytes\n"
    result = yizhan("prune", "--older-than", "2d")
    assert (result.exit_code, result.stdout) == (0, "emptied 1 payloads, 13 bytes\n")
    assert payloads(store, old) == [False, True]
    assert len(store.deliveries(Filters(), 10)) == 2
    assert yizhan("prune", "--older-than", "2d").stdout == "emptied 0 payloads, 0 bytes\n"


def test_the_configured_age_is_taken_where_none_is_given(
    folder: Path, store: SqliteStore, old: list[str], yizhan: Callable[..., Result]
) -> None:
    nothing = yizhan("prune")
    assert nothing.exit_code == 2
    assert "give --older-than 90d, or set retention.payloads" in nothing.stderr
    with (folder / "yizhan.toml").open("a") as file:
        file.write('[retention]\npayloads = "2d"\n')
    assert yizhan("prune").exit_code == 0
    assert payloads(store, old) == [False, True]


def test_an_age_that_is_none_says_what_is_expected(store: SqliteStore, yizhan: Callable[..., Result]) -> None:
    result = yizhan("prune", "--older-than", "soon")
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert "--older-than: expected a number and its unit" in result.stderr
