"""Where the processes that run alike keep what they count, so that any of them tells it of all."""

import contextlib
import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PREFIX = "yizhan-metrics-"


@contextlib.contextmanager
def tallies() -> Iterator[Path]:
    """A folder of their own, gone at the end; what others left who were killed goes at the start.

    Call it before they are forked: its lock is theirs, too, and the kernel lets go of it when the last of them ends.
    """
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # somebody uses it, or it is another user's
            _remove(folder)
    while True:
        with tempfile.TemporaryDirectory(prefix=_PREFIX) as name, _opened(Path(name)) as held:
            fcntl.flock(held, fcntl.LOCK_SH)
            if Path(name).exists():  # else another that starts just now took it for left behind
                yield Path(name)
                return


def _remove(folder: Path) -> None:
    """Raises ``BlockingIOError`` while anyone uses it."""
    with _opened(folder) as held:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        shutil.rmtree(folder)


@contextlib.contextmanager
def _opened(folder: Path) -> Iterator[int]:
    held = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        yield held
    finally:
        os.close(held)
