"""A small disk that can be filled to its last byte without harm: an image, mounted. Root alone may mount."""

import contextlib
import errno
import io
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import services

_SIZE = "400M"


@dataclass(frozen=True, slots=True)
class Volume:
    #: For the server's data.
    data: Path
    #: Why it cannot be filled; ``None``: it can.
    unlimited: str | None

    @contextlib.contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is free, until the end of it."""
        ballast = self.data.with_name("ballast")
        try:
            with ballast.open("wb", buffering=0) as file:
                for size in (2**20, 2**12, 1):
                    while _written(file, size):
                        pass
            yield
        finally:
            ballast.unlink()


def _written(file: io.FileIO, size: int) -> bool:
    try:
        return file.write(bytes(size)) > 0
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        return False


def plain(folder: Path) -> Volume:
    """Of the machine's own disk."""
    return Volume(_data(folder), "the disk is the machine's own")


@contextlib.contextmanager
def volume(folder: Path) -> Iterator[Volume]:
    mounted = folder / "disk"
    mounted.mkdir()
    why_not = _mount(folder / "disk.img", mounted)
    try:
        yield Volume(_data(mounted), why_not)
    finally:
        if why_not is None:
            subprocess.run(["umount", mounted], check=True)


def _data(folder: Path) -> Path:
    data = folder / "data"
    data.mkdir()
    if (user := services.unprivileged()) is not None:
        shutil.chown(data, user)
    return data


def _mount(image: Path, where: Path) -> str | None:
    """Why it could not be."""
    if os.geteuid() != 0:
        return "only root may mount a disk of limited size"
    for command in (
        ["truncate", "--size", _SIZE, str(image)],
        ["mkfs.ext4", "-q", "-m", "0", str(image)],
        ["mount", "-o", "loop", str(image), str(where)],
    ):
        try:
            done = subprocess.run(command, check=False, capture_output=True, text=True)
        except FileNotFoundError:
            return f"{command[0]} is not installed"
        if done.returncode:
            return f"{command[0]} is not allowed here: {done.stderr.strip().splitlines()[-1]}"
    return None
