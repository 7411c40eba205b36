"""A clock that was set back: what was to come at a time that it told before would wait until it gets there again."""

from collections.abc import Callable

#: Seconds. No lease is asked for longer: one that ends later was taken before the clock was set back, and is void.
LONGEST_LEASE = 900.0


class SetBack:
    """Whether it was, as far as this process knows. At first nobody knows: it may have been while none ran."""

    def __init__(self) -> None:
        self._last: int | None = None

    def make_up(self, now: int, retime: Callable[[], int]) -> int:
        """What ``retime`` returns, where it is called for; where it fails, it will be again. ``now``: milliseconds."""
        retimed = retime() if self._last is None or now < self._last else 0
        self._last = now
        return retimed
