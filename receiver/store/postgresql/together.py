"""What the threads of a process ask of the store at once, done in one transaction: what that costs is mostly its end.

Who finds nothing under way begins at once, with what is there by then; who comes meanwhile waits for the next, and one
of those who wait does it for all. One item that fails takes no other with it: then each is done alone.
"""

import contextlib
import threading
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

import psycopg
from psycopg.errors import LockNotAvailable

from receiver.errors import StoreUnavailable

Item = TypeVar("Item")
Result = TypeVar("Result")

#: Seconds. A batch that takes longer waits for somebody's lock: the next does not wait for it.
_MOMENT = 0.05
#: Items done at once.
_MOST = 64


class _Asked(Generic[Item, Result]):
    __slots__ = ("ended", "error", "item", "result", "taken", "wake")

    def __init__(self, item: Item) -> None:
        self.item = item
        self.result: Result
        self.error: Exception | None = None
        #: Somebody does it, or has done it.
        self.taken = False
        self.ended = False
        #: Released when it has ended, or when it is the next to do what waits.
        self.wake = threading.Lock()
        self.wake.acquire()


class Together(Generic[Item, Result]):
    def __init__(self, do: Callable[[Sequence[Item]], Sequence[Result]]) -> None:
        """``do`` is one transaction, and has a result for each item, in order."""
        self._do = do
        self._changing = threading.Lock()
        self._waiting: list[_Asked[Item, Result]] = []
        self._under_way = 0

    def ask(self, item: Item) -> Result:
        """Return once it is committed; raises what concerns this item, or ``StoreUnavailable``, its own."""
        mine: _Asked[Item, Result] = _Asked(item)
        with self._changing:
            self._waiting.append(mine)
            batch = [] if self._under_way else self._take()
        while not batch and not mine.ended:
            mine.wake.acquire(timeout=-1 if mine.taken else _MOMENT)
            with self._changing:
                if not mine.taken:
                    batch = self._take()
        if batch:
            self._run(batch)
        if mine.error is not None:
            raise mine.error
        return mine.result

    def _take(self) -> list[_Asked[Item, Result]]:
        """The first of those that wait."""
        batch = self._waiting[:_MOST]
        del self._waiting[:_MOST]
        for each in batch:
            each.taken = True
        self._under_way += 1
        return batch

    def _run(self, batch: list[_Asked[Item, Result]]) -> None:
        try:
            self._try(batch)
        finally:
            with self._changing:
                self._under_way -= 1
                following = self._waiting[:1]
            for each in batch:
                each.ended = True
            for each in [*batch, *following]:
                _wake(each)

    def _try(self, batch: list[_Asked[Item, Result]]) -> None:
        try:
            results = self._do([each.item for each in batch])
        except Exception as error:  # noqa: BLE001  (each is told)
            if len(batch) > 1 and _may_be_of_one(error):
                for each in batch:
                    self._try([each])
                return
            for each in batch:
                each.error = error if len(batch) == 1 else _own(error)
        else:
            for each, result in zip(batch, results, strict=True):
                each.result = result


def _wake(asked: _Asked[Item, Result]) -> None:
    with contextlib.suppress(RuntimeError):  # it was woken before, and has not looked yet
        asked.wake.release()


def _may_be_of_one(error: Exception) -> bool:
    """What one item or the lock it waits for is to blame for, and not the server or the way to it."""
    cause = error.__cause__ if isinstance(error, StoreUnavailable) else error
    if isinstance(cause, psycopg.OperationalError):
        return isinstance(cause, LockNotAvailable)
    return not isinstance(error, StoreUnavailable) or isinstance(cause, psycopg.Error)


def _own(error: Exception) -> StoreUnavailable:
    """An error is raised in one thread: its traceback grows there."""
    ours = StoreUnavailable(str(error))
    ours.__cause__ = error
    return ours
