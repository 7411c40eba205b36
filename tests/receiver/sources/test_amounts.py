"""Amounts come out in fen, exactly, or not at all."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.events import Money
from receiver.sources import amounts


@pytest.mark.parametrize(
    ("value", "amount", "raw"),
    [
        (6.15, 615, "6.15"),
        (0.29, 29, "0.29"),  # 0.29 * 100 is 28.999999999999996
        (0.57, 57, "0.57"),
        (1.15, 115, "1.15"),
        (6, 600, "6"),
        (0, 0, "0"),
        ("6.150", 615, "6.150"),
        (" 6.15 ", 615, "6.15"),
        ("0.290000", 29, "0.290000"),
        (-39.89, -3989, "-39.89"),
        (Decimal("6.1500"), 615, "6.1500"),
        (39.900000000000006, 3990, "39.900000000000006"),  # a sum of doubles
        (999_999_999_999_999, 99_999_999_999_999_900, "999999999999999"),
    ],
)
def test_yuan_become_fen(value: Any, amount: int, raw: str) -> None:
    assert amounts.of_yuan(value) == Money(amount=amount, currency="CNY", raw=raw)


@pytest.mark.parametrize(
    ("value", "amount", "raw"),
    [(9800, 9800, "9800"), ("69", 69, "69"), (100.0, 100, "100.0"), (-3989, -3989, "-3989"), ("0", 0, "0")],
)
def test_fen_stay_fen(value: Any, amount: int, raw: str) -> None:
    assert amounts.of_fen(value) == Money(amount=amount, currency="CNY", raw=raw)


@pytest.mark.parametrize(
    "value",
    [
        *(
            None,
            True,
            False,
            [],
            {},
            [6.15],
            "",
            " ",
            "-",
            ".5",
            "5.",
            "abc",
            "6,15",
            "1,000.00",
            "￥6.15",
            "+6",
            "6 15",
        ),
        *("NaN", "Infinity", "-inf", "1e3", "1E+400", "1_000", "٦", "\uff16", "0x10", "9" * 16, "9" * 5000, "6\n15"),
        *(float("nan"), float("inf"), 1e16, 1e300, 10**15, -(10**400), 1e-7, Decimal("NaN"), Decimal("1E+999999")),
        *("0.001", 0.0049, "6.155"),  # no whole fen
    ],
    ids=repr,
)
def test_what_is_no_amount_is_none(value: Any) -> None:
    assert amounts.of_yuan(value) is None


@pytest.mark.parametrize("value", ["0.5", 99.5, "1.01"])
def test_parts_of_a_fen_are_none(value: Any) -> None:
    assert amounts.of_fen(value) is None


@pytest.mark.parametrize(
    ("currency", "named"),
    [("CNY", "CNY"), ("USD", "USD"), (None, "CNY"), ("", "CNY"), ("yuan", "CNY"), (156, "CNY"), ([], "CNY")],
)
def test_a_currency_is_three_letters_and_else_the_yuan(currency: Any, named: str) -> None:
    money = amounts.of_fen(1, currency)
    assert money is not None
    assert money.currency == named


@given(st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1))
def test_every_fen_survives_as_yuan_in_text_and_every_smaller_one_as_a_number(fen: int) -> None:
    sign, whole = "-" * (fen < 0), abs(fen)
    text = f"{sign}{whole // 100}.{whole % 100:02}"
    found = amounts.of_yuan(text)
    assert found == Money(amount=fen, raw=text)
    if whole < 10**13:  # as far as a double tells hundredths apart
        number = amounts.of_yuan(float(text))
        assert number is not None
        assert number.amount == fen


@given(st.one_of(st.floats(), st.integers(), st.text(), st.decimals(), st.binary(), st.none()))
def test_nothing_raises(value: Any) -> None:
    for found in (amounts.of_fen(value, value), amounts.of_yuan(value)):
        assert found is None or abs(found.amount) < 10**17
