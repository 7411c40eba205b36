"""Long work in short transactions: in chunks, at a rate, with a bar on stderr once it takes long enough to wonder."""

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from rich.progress import Progress, TaskID

from receiver.cli import output

Id = TypeVar("Id", int, str)

#: So few rows that a running process hardly waits for the transaction.
CHUNK = 200
#: Seconds.
_LONG = 1.0


def chunks(ids: Sequence[Id], size: int) -> Iterator[Sequence[Id]]:
    return (ids[start : start + size] for start in range(0, len(ids), size))


def in_chunks(title: str, ids: Sequence[Id], work: Callable[[Sequence[Id]], int], *, rate: float | None = None) -> int:
    """Do the work on all ids, at most ``rate`` of them a second; how many it says it did.

    If it is stopped on the way it tells how far it came, since what is done stays done.
    """
    done = passed = 0
    began = time.monotonic()
    long = rate is not None and len(ids) > rate * _LONG
    size = CHUNK if rate is None else min(CHUNK, max(1, int(rate / 10)))
    try:
        with _bar(title, len(ids)) as (progress, task):
            for chunk in chunks(ids, size):
                if not progress.disable and (long or time.monotonic() - began > _LONG):
                    progress.start()
                if rate is not None:
                    time.sleep(max(0.0, began + passed / rate - time.monotonic()))
                done += work(chunk)
                passed += len(chunk)
                progress.update(task, completed=passed)
    except BaseException:
        output.stderr.print(f"stopped: {title} got to {passed} of {len(ids)}")
        raise
    return done


@contextlib.contextmanager
def _bar(title: str, total: int) -> Iterator[tuple[Progress, TaskID]]:
    """Not started yet; never where stderr is no terminal."""
    progress = Progress(console=output.stderr, transient=True, disable=not output.stderr.is_terminal)
    task = progress.add_task(title, total=total)
    try:
        yield progress, task
    finally:
        if progress.live.is_started:
            progress.stop()
