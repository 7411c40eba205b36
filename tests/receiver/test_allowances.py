"""What one account may bring. That it is refused alone is tested with the inbox."""

from dataclasses import replace

import pytest
from builders import envelope

from receiver.allowances import Allowances
from receiver.errors import NotCommitted


def test_rate_lets_in_so_many_a_second_and_those_of_one_second_at_once() -> None:
    now = [100.0]
    allowances = Allowances({"main": 3}, now=lambda: now[0])

    for passed, admitted in ((0, 3), (0.4, 1), (60, 3)):
        now[0] += passed
        for _ in range(admitted):
            allowances.admit(envelope())
        with pytest.raises(NotCommitted, match="rate"):
            allowances.admit(envelope())
    for _ in range(9):
        allowances.admit(replace(envelope(), account="other"))


def test_rate_below_one_lets_one_in_at_once() -> None:
    now = [0.0]
    allowances = Allowances({"main": 0.5}, now=lambda: now[0])
    for _ in range(3):
        allowances.admit(envelope())
        with pytest.raises(NotCommitted):
            allowances.admit(envelope())
        now[0] += 2


def test_what_is_released_waits_no_longer() -> None:
    allowances = Allowances({})
    each = envelope()
    allowances.admit(each)
    assert allowances.waiting == 1
    allowances.release(each)
    assert allowances.waiting == 0
