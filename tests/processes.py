"""A real ``yizhan run``, in a folder of its own, that a test may kill."""

import contextlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.store.sqlite import SqliteStore

#: An interpreter that ends in a warning ends in an error; apprise imports imghdr below Python 3.13.
_WARNINGS = "error,ignore:'imghdr' is deprecated:DeprecationWarning"
ENVIRONMENT = {"PYTHONWARNINGS": _WARNINGS, "YIZHAN_LOG__FORMAT": "json"}


def free_port() -> int:
    """Free, as is the next, where `yizhan dev` has its sandbox.

    Of a range from which no system takes the near end of a connection: a port that is free now stays so.
    """
    while True:
        port = random.randrange(10_000, 32_000, 2)
        free = socket.create_server
        with contextlib.suppress(OSError), free(("127.0.0.1", port)), free(("127.0.0.1", port + 1)):
            return port


class Yizhan:
    """``with Yizhan(folder, accounts) as yizhan``: running, and gone at the end."""

    def __init__(
        self, folder: Path, accounts: tuple[Account, ...], *, settings: str = "", command: tuple[str, ...] = ("run",)
    ) -> None:
        self.folder = folder
        self.port = free_port()
        self.store_path = folder / ".yizhan" / "yizhan.db"
        self.log = folder / "log.jsonl"
        self._command = command
        self._process: subprocess.Popen[bytes] | None = None
        tables = "".join(
            f'[[accounts]]\nname = "{account.name}"\nsource = "{account.source}"\naccess_key = "{account.access_key}"\n'
            f"access_secret = {list(account.secrets)}\n"
            for account in accounts
        )
        (folder / "yizhan.toml").write_text(f"{settings}\n[web]\nport = {self.port}\n{tables}")

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._process is not None:
            self.kill()

    def start(self, environment: Mapping[str, str] | None = None) -> None:
        """Return once callbacks can be committed."""
        self.spawn(environment)
        deadline = time.monotonic() + 20
        while self.get("/readyz") != 200:
            if self.ended() or time.monotonic() > deadline:
                raise AssertionError(f"yizhan did not start:\n{self.log.read_text()[-4000:]}")
            time.sleep(0.02)

    def spawn(self, environment: Mapping[str, str] | None = None) -> None:
        """Return at once."""
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "receiver", *self._command],
                cwd=self.folder,
                env={**os.environ, **ENVIRONMENT, **(environment or {})},
                stdout=log,
                stderr=log,
            )

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def ended(self) -> bool:
        """By itself."""
        return self._process is None or self._process.poll() is not None

    def kill(self) -> None:
        """SIGKILL: wherever it is."""
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        """SIGTERM, and wait; the exit code."""
        return self._end(signal.SIGTERM)

    def post(self, callback: Callback, account: Account, connection: HTTPConnection | None = None) -> int | None:
        """The status, or ``None`` where nobody answered."""
        sender = connection or HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            headers = {name.decode(): value.decode() for name, value in callback.headers}
            sender.request("POST", f"/callbacks/{account.name}", callback.body, headers)
            response = sender.getresponse()
            response.read()
        except (OSError, HTTPException):
            sender.close()
            return None
        if connection is None:
            sender.close()
        return response.status

    def get(self, path: str) -> int | None:
        sender = HTTPConnection("127.0.0.1", self.port, timeout=2)
        try:
            sender.request("GET", path)
            return sender.getresponse().status
        except (OSError, HTTPException):
            return None
        finally:
            sender.close()

    def store(self) -> SqliteStore:
        """The store beside the process; the caller closes it."""
        return SqliteStore(self.store_path)

    def _end(self, how: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            raise AssertionError("not running")
        process.send_signal(how)
        return process.wait(60)


def wait_until(condition: Callable[[], bool], *, seconds: float, what: str) -> None:
    """For what another process does: looked at until it holds."""
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)
