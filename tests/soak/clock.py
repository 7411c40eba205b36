"""Processes whose clock is wrong. Their monotonic one is right: whoever sets a clock leaves that alone."""

import struct
from collections.abc import Mapping
from pathlib import Path

import preloading

_SOURCE = Path(__file__).with_name("clock.c")


class Clock:
    """Of the processes that are started in its environment."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "clock"
        self._library = preloading.compiled(_SOURCE, folder)
        self.set(hours=0)

    @property
    def environment(self) -> Mapping[str, str]:
        return {"LD_PRELOAD": str(self._library), "CLOCK_AHEAD": str(self._file)}

    def set(self, *, hours: int) -> None:
        """So far ahead, from now on."""
        new = self._file.with_suffix(".new")
        new.write_bytes(struct.pack("=q", hours * 3600))
        new.replace(self._file)


def missing(_site: object) -> str | None:
    """Why clocks cannot be moved here."""
    return preloading.missing()
