"""Callbacks go first, and deliveries go on."""

from receiver.precedence import LONGEST_REST, MANY, Precedence


class Hand:
    """A clock that stands, and the rests that were taken."""

    def __init__(self) -> None:
        self.now = 100.0
        self.rests: list[float] = []
        self.precedence = Precedence(clock=lambda: self.now, sleep=self._sleep)

    def turn(self, seconds: float, rows: int) -> None:
        """The relay works so long, and so many callbacks are committed meanwhile."""
        self.now += seconds
        self.precedence.committed(rows)
        self.precedence.give_way()

    def _sleep(self, seconds: float) -> None:
        self.rests.append(seconds)
        self.now += seconds


def test_the_relay_rests_thrice_as_long_as_it_worked_while_many_come_in() -> None:
    hand = Hand()
    hand.turn(0.05, rows=100)
    assert [round(rest, 6) for rest in hand.rests] == [0.15]


def test_deliveries_go_on_however_many_come_in() -> None:
    hand = Hand()
    hand.turn(2.0, rows=100_000)
    assert hand.rests == [LONGEST_REST]


def test_usual_traffic_makes_no_delivery_wait() -> None:
    hand = Hand()
    hand.turn(0.01, rows=1)
    hand.turn(1.0, rows=MANY)
    assert hand.rests == []


def test_a_burst_that_is_over_makes_no_delivery_wait() -> None:
    hand = Hand()
    hand.turn(0.05, rows=100)
    hand.turn(0.05, rows=0)
    assert len(hand.rests) == 1
