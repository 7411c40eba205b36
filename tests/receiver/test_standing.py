"""Which of two words about one order is the newer."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.standing import Standing, Verdict, compare

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
LATER = NOON + timedelta(minutes=1)

standings = st.builds(
    Standing,
    st.none() | st.integers(0, 5),
    st.none() | st.sampled_from([NOON + timedelta(minutes=minutes) for minutes in range(5)]),
)


@pytest.mark.parametrize(
    ("this", "other", "verdict"),
    [
        (Standing(30, None), Standing(10, None), "newer"),
        (Standing(10, None), Standing(30, None), "older"),
        (Standing(10, LATER), Standing(10, NOON), "newer"),
        (Standing(None, NOON), Standing(None, LATER), "older"),
        (Standing(30, LATER), Standing(10, NOON), "newer"),
        (Standing(30, NOON), Standing(10, NOON), "newer"),
        (Standing(30, NOON), Standing(10, LATER), "unknown"),
        (Standing(10, None), Standing(10, None), "unknown"),
        (Standing(10, NOON), Standing(10, NOON), "unknown"),
        (Standing(None, None), Standing(30, NOON), "unknown"),
    ],
)
def test_stage_and_time_decide_together(this: Standing, other: Standing, verdict: Verdict) -> None:
    assert compare(this, other) == verdict


@given(standings, standings)
def test_what_is_newer_one_way_is_older_the_other(this: Standing, other: Standing) -> None:
    opposite = {"newer": "older", "older": "newer", "unknown": "unknown"}
    assert compare(other, this) == opposite[compare(this, other)]


@given(standings)
def test_nothing_is_older_than_itself(this: Standing) -> None:
    assert compare(this, this) == "unknown"


@given(standings, standings, standings)
def test_newer_than_newer_is_never_older(a: Standing, b: Standing, c: Standing) -> None:
    if compare(a, b) == compare(b, c) == "newer":
        assert compare(a, c) != "older"
