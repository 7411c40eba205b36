"""Servers that tests need: the one that the environment names, else one of the test run's own, gone when it ends.

Where neither can be had, the tests that need it are skipped and say why; with ``CI=true`` they fail.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import psycopg
import pytest
from processes import free_port

_IN_CI = os.environ.get("CI") == "true"
#: How long a server may take until it answers.
_PATIENCE = 30.0


@contextmanager
def postgresql() -> Iterator[str]:
    """The URL of a server where databases may be made: ``TEST_POSTGRESQL``, or one of our own."""
    given = os.environ.get("TEST_POSTGRESQL")
    if given:
        yield given
        return
    postgres, initdb = (
        program(name, "usr/lib/postgresql/*/bin", package="postgresql") for name in ("postgres", "initdb")
    )
    url = f"postgresql://yizhan@127.0.0.1:{(port := free_port())}/postgres"
    with place() as folder:
        data = folder / "data"
        made: list[str | Path] = [
            initdb,
            "-D",
            data,
            "-U",
            "yizhan",
            "--auth=trust",
            "--encoding=UTF8",
            "--locale=C",
            "--no-sync",
        ]
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, user=unprivileged())
        # A kill of the server loses nothing without fsync, only a power cut does.
        settings = {"listen_addresses": "127.0.0.1", "port": port, "unix_socket_directories": folder, "fsync": "off"}
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with _running([postgres, "-D", data, *options], folder / "log", lambda: psycopg.connect(url).close()):
            yield url


@contextmanager
def _running(command: list[str | Path], log: Path, answers: Callable[[], None]) -> Iterator[None]:
    """A server, until it is no longer needed. ``answers`` raises while it does not."""
    with log.open("wb") as output:
        server = subprocess.Popen(command, stdout=output, stderr=output, user=unprivileged())
    try:
        deadline = time.monotonic() + _PATIENCE
        while True:
            try:
                answers()
                break
            except Exception as error:
                if server.poll() is not None or time.monotonic() > deadline:
                    raise AssertionError(f"{command[0]} does not answer:\n{log.read_text()}") from error
                time.sleep(0.05)
        yield
    finally:
        server.send_signal(signal.SIGQUIT)  # at once: nothing in there is wanted
        server.wait(_PATIENCE)


@contextmanager
def place() -> Iterator[Path]:
    """A folder of the server's own. pytest's are closed to other users."""
    with tempfile.TemporaryDirectory(prefix="yizhan-") as name:
        if (user := unprivileged()) is not None:
            shutil.chown(name, user)
        yield Path(name)


def program(name: str, where: str, *, package: str) -> str:
    """Its path. ``where``: a pattern of the folders that no PATH names."""
    for again in (False, True):
        folders = sorted(Path("/").glob(where), reverse=True)  # the newest first
        found = shutil.which(name, path=os.pathsep.join([*map(str, folders), os.environ.get("PATH", os.defpath)]))
        if found is not None:
            return found
        if not again:
            install(package)
    return _missing(f"{name} is not installed; on Debian: apt-get install {package}")


def install(*packages: str) -> None:
    """Where nobody needs to be asked for it."""
    if os.geteuid() == 0 and shutil.which("apt-get"):
        for words in (("update",), ("install", "--yes", "--no-install-recommends", *packages)):
            subprocess.run(["apt-get", "--quiet", *words], check=False)


def unprivileged() -> str | None:
    """Servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    return "postgres" if "postgres" in {user.pw_name for user in pwd.getpwall()} else "nobody"


def _missing(reason: str) -> NoReturn:
    if _IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)
