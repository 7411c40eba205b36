"""When a process looks whether its store's clock was set back."""

import time

import pytest

from receiver.store.set_back import SetBack

NOW = 1_779_263_269_913
HOURS = 8 * 3_600_000


@pytest.fixture
def passed(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """Seconds; monotonic time is the last of them."""
    seconds = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: seconds[-1])
    return seconds


def looks(watch: SetBack, passed: list[float], *ticks: tuple[float, int], found: int = 0) -> list[bool]:
    """At each tick, so many seconds after the one before, of a clock that tells so much."""
    looked = []
    for seconds, now in ticks:
        passed.append(passed[-1] + seconds)
        asked: list[int] = []
        assert watch.look(now, lambda at, asked=asked: asked.append(at) or found) == (found if asked else 0)  # type: ignore[misc]
        looked.append(asked == [now])
    return looked


def test_at_first_and_when_it_was_set_back(passed: list[float]) -> None:
    ticks = [(1, NOW), (1, NOW + 1000), (1, NOW - HOURS), (1, NOW - HOURS + 1000), (8, NOW), (1, NOW), (1, NOW)]
    assert looks(SetBack(), passed, *ticks) == [True, False, True, True, True, False, False]


def test_not_for_a_small_step(passed: list[float]) -> None:
    assert looks(SetBack(), passed, (1, NOW), (1, NOW - 59_000)) == [True, False]


def test_after_a_while_in_which_it_did_not_look(passed: list[float]) -> None:
    """Another process did, by a clock that was ahead."""
    assert looks(SetBack(), passed, (1, NOW), (9, NOW + 1), (11, NOW + 2), (1, NOW + 3)) == [True, False, True, False]


def test_again_while_something_is_found(passed: list[float]) -> None:
    assert looks(SetBack(), passed, (1, NOW), (1, NOW), (1, NOW), found=1) == [True, True, True]


def test_again_where_it_failed(passed: list[float]) -> None:
    watch = SetBack()
    with pytest.raises(RuntimeError):
        watch.look(NOW, _fail)
    assert looks(watch, passed, (1, NOW), (1, NOW)) == [True, False]


def _fail(_: int) -> int:
    raise RuntimeError
