"""When a delivery is attempted again, and when never."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.errors import HandlerTimeout, PermanentFailure, TransientFailure, Undecodable
from receiver.retries import LONGEST_DELAY, LONGEST_RETRY_AFTER, delay_after

SECONDS = timedelta(seconds=1)
MANY = 10**9


@given(st.integers(min_value=1, max_value=10**6))
def test_delay_doubles_from_5_s_to_6_h_within_a_fifth(attempts: int) -> None:
    wanted = 21_600 if attempts > 13 else min(5 * 2 ** (attempts - 1), 21_600)
    delay = delay_after(attempts, MANY, ValueError())
    assert delay is not None
    assert 0.8 * wanted <= delay / SECONDS <= 1.2 * wanted


def test_failures_together_do_not_come_back_together() -> None:
    delays = {delay_after(1, 15, ValueError()) for _ in range(50)}
    assert len(delays) > 40


def test_fifteen_attempts_span_about_a_day() -> None:
    """Long enough to outlast a night without anyone on call, and what ends is told the same week."""
    delays = [delay_after(attempts, 15, ValueError()) for attempts in range(1, 15)]
    total = sum((delay for delay in delays if delay is not None), timedelta(0))
    assert timedelta(hours=12) < total < timedelta(hours=24)


@pytest.mark.parametrize("failure", [ValueError(), TransientFailure(), HandlerTimeout(), SystemExit(), TimeoutError()])
def test_last_attempt_is_the_last(failure: BaseException) -> None:
    assert delay_after(2, 3, failure) is not None
    assert delay_after(3, 3, failure) is None
    assert delay_after(4, 3, failure) is None


@pytest.mark.parametrize("failure", [PermanentFailure("no"), Undecodable("messageBody", "missing")])
def test_what_waiting_does_not_mend_is_not_tried_again(failure: BaseException) -> None:
    assert delay_after(1, 15, failure) is None


def test_time_that_the_handler_names_is_kept_to_the_second() -> None:
    for seconds in (0, 1, 86_400 * 30):
        failure = TransientFailure(retry_after=timedelta(seconds=seconds))
        assert delay_after(1, 15, failure) == timedelta(seconds=seconds)


def test_time_that_the_handler_names_gives_no_further_attempt() -> None:
    assert delay_after(15, 15, TransientFailure(retry_after=SECONDS)) is None


@given(st.timedeltas(), st.integers(min_value=1, max_value=100))
def test_delay_is_never_negative_nor_beyond_the_calendar(retry_after: timedelta, attempts: int) -> None:
    for failure in (TransientFailure(retry_after=retry_after), TransientFailure()):
        delay = delay_after(attempts, MANY, failure)
        assert delay is not None
        assert timedelta(0) <= delay <= max(LONGEST_RETRY_AFTER, LONGEST_DELAY * 1.2)


def test_time_of_a_wrong_type_is_as_none() -> None:
    """Nobody type-checks every plug-in, and an error in here would cost the record of the attempt."""
    wrong: Any = 30
    delay = delay_after(1, 15, TransientFailure("later", retry_after=wrong))
    assert delay is not None
    assert 4 <= delay / SECONDS <= 6


def test_failure_with_a_constructor_of_its_own_gets_the_policy() -> None:
    class Mine(TransientFailure):
        def __init__(self, code: int) -> None:
            self.code = code

    assert delay_after(1, 15, Mine(7)) is not None
