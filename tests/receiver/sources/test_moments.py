"""Times as the platforms write them."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.sources.moments import moment


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1603703663, "2020-10-26T09:14:23+00:00"),
        (1650939687564, "2022-04-26T02:21:27.564000+00:00"),
        ("1779263269913", "2026-05-20T07:47:49.913000+00:00"),
        ("1603703663", "2020-10-26T09:14:23+00:00"),
        ("2018-05-30 19:24:18", "2018-05-30T11:24:18+00:00"),
        (" 2018-05-30 19:24:18 ", "2018-05-30T11:24:18+00:00"),
        ("2018-05-30T19:24:18Z", "2018-05-30T19:24:18+00:00"),
        ("20170913231708000-0700", "2017-09-14T06:17:08+00:00"),
        ("20170913231708123+0800", "2017-09-13T15:17:08.123000+00:00"),
        ("20170913231708", "2017-09-13T15:17:08+00:00"),
    ],
)
def test_a_time_is_read_whatever_its_unit(value: Any, expected: str) -> None:
    found = moment(value)
    assert found is not None
    assert found.isoformat() == expected


@pytest.mark.parametrize(
    "value",
    [None, True, "", " ", "soon", 0, -1, 10**30, 1e308, [], {}, "0001-01-01", "9999-12-31", "20171399999999000-0700"],
)
def test_nonsense_is_no_time(value: Any) -> None:
    assert moment(value) is None


@given(st.one_of(st.text(), st.integers(), st.floats(), st.from_regex(r"[0-9]{14,20}[+-]?[0-9]{0,4}")))
def test_nothing_is_an_error(value: Any) -> None:
    found = moment(value)
    assert found is None or found.tzinfo is not None
