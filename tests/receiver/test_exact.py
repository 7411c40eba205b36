"""JSON without losing a digit."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver import exact

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=10),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=10,
)


@pytest.mark.parametrize(
    "number",
    [
        "3305075341149134260",
        "9223372036854775808",
        "18446744073709551615",
        "18446744073709551616",
        "-9999999999999999999",
        "330507534114913426012",
    ],
)
def test_a_whole_number_keeps_its_digits(number: str) -> None:
    found = exact.loads(f'{{"id":{number}}}')["id"]
    assert isinstance(found, int)
    assert str(found) == number


@pytest.mark.parametrize("number", ["0.1234567890123456789", "1234567890123456789.5", "1234567890123456789E2"])
def test_a_decimal_that_a_float_would_round_is_kept_whole(number: str) -> None:
    assert exact.loads(number) == Decimal(number)


def test_a_price_is_a_float() -> None:
    assert exact.loads("6.15") == 6.15


def test_a_byte_order_mark_is_passed_over() -> None:
    assert exact.loads(b'\xef\xbb\xbf{"a":1}') == {"a": 1}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{",
        b"NaN",
        b"\xff",
        b'"\\ud800"',
        b"[" * 100_000,
        b"1" * 5000,
        b"1e-99999999999999999999999",
        b"1e99999999999999999999999",
        b'{"a":1}\0',
    ],
)
def test_what_is_no_json_is_told_by_one_error(text: bytes) -> None:
    with pytest.raises(exact.NotJson):
        exact.loads(text)


@given(
    st.binary(max_size=100) | st.from_regex(rb"-?[0-9]{1,25}(\.[0-9]{1,25})?([eE][+-]?[0-9]{1,25})?", fullmatch=True)
)
def test_nothing_but_not_json_is_raised(data: bytes) -> None:
    try:
        exact.loads(data)
    except exact.NotJson:
        return


def test_keys_are_sorted_and_nothing_is_spaced() -> None:
    assert exact.dumps_sorted({"b": 1, "a": {"d": "é", "c": None}}) == '{"a":{"c":null,"d":"é"},"b":1}'.encode()


def test_a_number_over_64_bits_is_written_whole() -> None:
    assert exact.dumps_sorted({"id": 330507534114913426012}) == b'{"id":330507534114913426012}'


def test_what_is_nested_too_deep_is_not_written() -> None:
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(exact.NotJson):
        exact.dumps_sorted(deep)


@given(JSON)
def test_what_is_written_is_read_back(value: Any) -> None:
    assert exact.loads(exact.dumps_sorted(value)) == value


@given(st.integers(min_value=-(10**30), max_value=10**30))
def test_every_whole_number_is_exact(number: int) -> None:
    assert exact.loads(str(number)) == number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("3305075341149134260", "3305075341149134260"),
        (" 1 ", "1"),
        (3305075341149134260, "3305075341149134260"),
        (0, "0"),
        ("", None),
        ("  ", None),
        (None, None),
        (True, None),
        (1.0, None),
        (Decimal(1), None),
        ([], None),
        ("1\0", None),
        ("1" * 200, "1" * 200),
        ("1" * 201, None),
    ],
)
def test_an_id_is_text_or_a_whole_number(value: Any, expected: str | None) -> None:
    assert exact.identifier(value) == expected
