"""Which machine this was measured on, without its name or paths."""

import os
import platform
import re
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import apsw

_PACKAGES = (
    "yizhan",
    "starlette",
    "uvicorn",
    "uvloop",
    "httptools",
    "orjson",
    "fastapi",
    "celery",
    "dramatiq",
    "psycopg",
)


def described() -> list[str]:
    model = re.search(r"^model name\s*:\s*(.*)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9
    return [
        f"{model[1] if model else platform.machine()}, {os.cpu_count()} cores, {memory:.0f} GB",
        f"Linux {platform.release()}, Python {platform.python_version()}, SQLite {apsw.sqlite_lib_version()}",
        ", ".join(f"{name} {found}" for name in _PACKAGES if (found := _version(name))),
    ]


def load() -> str:
    """How many processes wanted a core, in the last minute: more than there are cores blurs every ratio."""
    return f"{os.getloadavg()[0]:.1f}"


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
