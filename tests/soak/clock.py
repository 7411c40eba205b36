"""Processes whose clock is wrong, by libfaketime."""

from collections.abc import Mapping
from pathlib import Path


def faketime() -> Path | None:
    return next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)


def missing(_site: object) -> str | None:
    """Why clocks cannot be moved here."""
    return None if faketime() else "libfaketime is not installed; on Debian: apt-get install libfaketime"


def ahead(hours: int) -> Mapping[str, str]:
    """The environment of a process whose clock is so many hours ahead."""
    library = faketime()
    assert library is not None
    return {
        "LD_PRELOAD": str(library),
        "FAKETIME": f"+{hours}h",
        # Whoever sets a clock leaves the monotonic one alone.
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "DONT_FAKE_MONOTONIC": "1",
    }
