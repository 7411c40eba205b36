"""A server under test: started for the measurement, its processor time and memory, ended with it."""

import os
import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import TracebackType
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_PATIENCE = 30.0
_LOOK = 0.5
#: Of a core.
_IDLE = 0.1


class Served:
    """``with Served(command, folder, port=…)``: it answers, and is gone at the end."""

    def __init__(
        self, command: Sequence[str], folder: Path, *, port: int, path: str, environment: Mapping[str, str]
    ) -> None:
        self.port = port
        self._path = path
        self._command = command
        self._folder = folder
        self._environment = environment

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        self._log = self._folder / "log"
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                self._command, cwd=self._folder, env={**os.environ, **self._environment}, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _PATIENCE
        while not answers(self.port, self._path, method="POST"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise RuntimeError(f"{' '.join(self._command)} did not start:\n{self._log.read_text()[-2000:]}")
            time.sleep(0.05)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    @property
    def processor_seconds(self) -> float:
        """Of all its threads, so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / _TICKS

    @property
    def resident_bytes(self) -> int:
        return int(Path(f"/proc/{self._process.pid}/statm").read_text().split()[1]) * _PAGE

    def rest(self) -> None:
        """Return when it has nothing left to do, or after a minute."""
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            before = self.processor_seconds
            time.sleep(_LOOK)
            if self.processor_seconds - before < _LOOK * _IDLE:
                return


def answers(port: int, path: str, *, method: str = "GET") -> bool:
    """With 200."""
    connection = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        connection.request(method, path)
        return connection.getresponse().status == 200
    except (OSError, HTTPException):
        return False
    finally:
        connection.close()
