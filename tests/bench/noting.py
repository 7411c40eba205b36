"""When each handler began, noted by the processes that run them: cheap enough to measure nothing of its own."""

import itertools
import mmap
import os
import struct
import time
from collections.abc import Mapping
from pathlib import Path

_RECORD = struct.Struct("<qd")
_MOST = 100_000
_PATIENCE = 30.0
_GO = "go"


class Notes:
    """Of one process, into a file of its own."""

    def __init__(self, folder: Path) -> None:
        with (folder / f"{os.getpid()}.notes").open("w+b") as file:
            file.truncate(_MOST * _RECORD.size)
            self._records = mmap.mmap(file.fileno(), _MOST * _RECORD.size)
        self._places = itertools.count()  # its steps are atomic, for all threads

    def note(self, number: int) -> None:
        _RECORD.pack_into(self._records, next(self._places) * _RECORD.size, number, time.monotonic())


def stand_ready(folder: Path) -> Notes:
    """In a process that is about to work: wait until all may begin."""
    notes = Notes(folder)
    deadline = time.monotonic() + _PATIENCE
    while not (folder / _GO).exists():
        if time.monotonic() > deadline:
            raise RuntimeError("nobody said go")
        time.sleep(0.001)
    return notes


def go(folder: Path, processes: int) -> None:
    """Let so many processes begin, once all of them stand ready."""
    deadline = time.monotonic() + _PATIENCE
    while len(list(folder.glob("*.notes"))) < processes:
        if time.monotonic() > deadline:
            raise RuntimeError(f"no {processes} processes stand ready")
        time.sleep(0.01)
    (folder / _GO).touch()


def noted(folder: Path) -> Mapping[int, float]:
    """Of each number, when it was noted first: monotonic time, the same for all processes of a machine."""
    found: dict[int, float] = {}
    for file in folder.glob("*.notes"):
        for number, at in _RECORD.iter_unpack(file.read_bytes()):
            if at == 0:
                break
            found[number] = min(at, found.get(number, at))
    return found
