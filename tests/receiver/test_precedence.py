"""Callbacks go first, and deliveries go on."""

from collections.abc import Callable

import pytest

from receiver.precedence import COUNTED, LONGEST_REST, MANY, Precedence


class Hand:
    """A clock that stands but for turns and rests, and what comes in meanwhile."""

    def __init__(self, coming_in: Callable[[float], float]) -> None:
        """``coming_in``: callbacks a second, at a time."""
        self.now = 0.0
        self.rested = 0.0
        self._coming_in = coming_in
        self._precedence = Precedence(clock=lambda: self.now, sleep=self._rest)

    def turn(self, seconds: float) -> None:
        """The relay works so long."""
        self._pass(seconds)
        self._precedence.give_way()

    def _rest(self, seconds: float) -> None:
        self.rested += seconds
        self._pass(seconds + 0.001)  # no sleep is shorter than it was asked to be

    def _pass(self, seconds: float) -> None:
        self._precedence.committed(round(self._coming_in(self.now) * seconds))
        self.now += seconds


def test_the_relay_rests_while_many_come_in_and_no_longer() -> None:
    hand = Hand(lambda now: 4 * MANY if now < 0.6 else 0)
    hand.turn(COUNTED)
    assert hand.rested == pytest.approx(0.5, abs=COUNTED)


def test_deliveries_go_on_however_many_come_in() -> None:
    hand = Hand(lambda _now: 100 * MANY)
    hand.turn(2.0)
    assert hand.rested == pytest.approx(LONGEST_REST, abs=COUNTED)
    hand.turn(COUNTED)
    assert hand.rested == pytest.approx(2 * LONGEST_REST, abs=2 * COUNTED)


def test_usual_traffic_makes_no_delivery_wait() -> None:
    hand = Hand(lambda _now: 0.9 * MANY)
    for _ in range(100):
        hand.turn(COUNTED)
    assert hand.rested == 0


def test_one_batch_is_no_rate() -> None:
    hand = Hand(lambda now: 20 / 0.001 if now == 0 else 0)
    for _ in range(200):
        hand.turn(0.001)
    assert hand.rested == 0
