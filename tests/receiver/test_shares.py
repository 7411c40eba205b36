"""How the worker threads are shared out among handlers."""

import threading
import time

import pytest

from receiver.shares import MOMENT, Shares

LIMIT = 128


def several(threads: int) -> Shares:
    """Among more handlers than one."""
    shares = Shares(threads)
    shares.room("another", LIMIT)
    return shares


@pytest.mark.parametrize(("threads", "share"), [(1, 1), (2, 1), (4, 3), (8, 6), (16, 12)])
def test_no_handler_holds_more_than_its_share(threads: int, share: int) -> None:
    shares = several(threads)
    assert [shares.begin("a") for _ in range(threads + 1)] == [True] * share + [False] * (threads + 1 - share)


def test_the_only_handler_holds_all_there_are() -> None:
    shares = Shares(8)
    assert [shares.begin("a") for _ in range(8)] == [True] * 8
    assert not shares.begin("a")
    shares.end("a", MOMENT * 2)
    assert shares.room("a", LIMIT) == 1


def test_others_do_not_notice() -> None:
    shares = several(8)
    while shares.begin("hangs"):
        pass
    assert shares.begin("other")


def test_one_that_is_quick_is_offered_a_queue_and_one_that_is_slow_only_what_can_begin() -> None:
    shares = several(8)
    assert shares.begin("a")
    assert shares.room("a", LIMIT) == LIMIT
    shares.end("a", MOMENT * 2)
    assert shares.room("a", LIMIT) == 6
    assert shares.begin("a")
    assert shares.room("a", LIMIT) == 5
    shares.end("a", MOMENT / 2)
    assert shares.room("a", LIMIT) == LIMIT


def test_one_that_keeps_its_share_full_is_slow_before_anything_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receiver.shares.MOMENT", 1)
    shares = several(4)
    while shares.begin("hangs"):
        pass
    assert shares.room("hangs", LIMIT) == 0
    began = time.monotonic()
    assert not shares.begin("hangs")
    assert time.monotonic() - began < 1, "it is known by now: nobody waits for it again"


def test_one_that_is_quick_is_waited_for() -> None:
    """Giving back an offer costs a transaction; a quick handler's turn comes sooner."""
    shares = several(2)
    assert shares.begin("quick")
    threading.Timer(MOMENT / 5, shares.end, ("quick", 0.001)).start()
    assert shares.begin("quick")


def test_a_share_that_is_let_go_of_is_taken_by_who_waits_for_it() -> None:
    """Whoever else waits, and for longer."""
    shares = several(2)
    assert shares.begin("a")
    assert shares.begin("b")
    began = dict[str, bool]()
    for handler in ("a", "b"):
        waits = threading.Thread(target=lambda name: began.update({name: shares.begin(name)}), args=(handler,))
        waits.start()
        time.sleep(MOMENT / 10)
    shares.end("b", 0.001)
    waits.join()
    assert began["b"]
