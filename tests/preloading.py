"""Libraries in C that stand before the system's, by LD_PRELOAD: a disk that is slow, a clock that is wrong."""

import shutil
import subprocess
from pathlib import Path


def missing() -> str | None:
    """Why none can be made here."""
    return None if _compiler() else "no C compiler: apt-get install gcc libc6-dev (Debian, Ubuntu)"


def compiled(source: Path, folder: Path) -> Path:
    """The library. Raises ``RuntimeError`` where ``missing`` says why."""
    compiler = _compiler()
    if compiler is None:
        raise RuntimeError(missing())
    library = folder / f"{source.stem}.so"
    options = ("-O2", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC")
    subprocess.run([compiler, *options, "-o", str(library), str(source), "-ldl"], check=True)
    return library


def _compiler() -> str | None:
    return shutil.which("gcc") or shutil.which("cc")
