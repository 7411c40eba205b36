"""Real ``yizhan serve`` and ``yizhan work`` over one database and one broker, that a test may kill."""

import contextlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import Any

import builders
import steps
from databases import Database
from processes import ENVIRONMENT, free_port, wait_until

from receiver.deliveries import Delivery, Filters
from receiver.envelope import Callback
from receiver.store.postgresql import PostgresStore

ACCOUNT = builders.account(name="main")
NOTHING_MORE: Mapping[str, str] = MappingProxyType({})

#: What the handlers of a test's module write to, a line a run: they run in other processes.
SHOP = """
import os, time
from pathlib import Path
from receiver import Context, Router
from receiver.events import Event, OrderEvent

router = Router()
folder = Path(__file__).parent

def tell(ctx, what="ran"):
    with (folder / "runs.txt").open("a") as runs:
        runs.write(f"{what} {ctx.event.order_id} {os.getpid()} {ctx.attempt}\\n")
"""


class Process:
    """One of them, whose log is kept."""

    def __init__(
        self, folder: Path, name: str, command: Sequence[str], port: int, environment: Mapping[str, str]
    ) -> None:
        self.port = port
        self.log = folder / f"{name}.log"
        with self.log.open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "receiver", *command],
                cwd=folder,
                # What is killed cleans nothing up.
                env={**os.environ, **ENVIRONMENT, "TMPDIR": str(folder), **environment},
                stdout=log,
                stderr=log,
            )
        self.pid = self._process.pid

    def ready(self, path: str) -> None:
        def answers() -> bool:
            assert self._process.poll() is None, self.log.read_text()[-4000:]
            return self.get(path)[0] == 200

        wait_until(answers, seconds=40, what=f"{path} answers 200; see {self.log}")

    def get(self, path: str) -> tuple[int, str]:
        """Status and body; 0 where nobody answers."""
        sender = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            sender.request("GET", path)
            answer = sender.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, HTTPException):
            return 0, ""
        finally:
            sender.close()

    def post(self, callback: Callback) -> int:
        """The status; 0 where nobody answers."""
        sender = HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            sender.request("POST", f"/callbacks/{ACCOUNT.name}", callback.body, headers(callback))
            return sender.getresponse().status
        except (OSError, HTTPException):
            return 0
        finally:
            sender.close()

    def children(self) -> list[int]:
        return [int(word) for word in Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def ask_to_stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)

    def ended(self) -> int:
        """Its exit code, once it has ended."""
        return self._process.wait(60)

    def stop(self) -> int:
        self.ask_to_stop()
        return self.ended()

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(30)

    def lines(self, event: str) -> list[dict[str, Any]]:
        """What it logged under this name."""
        written = [line for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in map(json.loads, written) if line["event"] == event]


class Machines:
    """A folder with a configuration, and whatever was started from it."""

    def __init__(self, folder: Path, database: Database, broker_url: str, shop: str, settings: str = "") -> None:
        self.folder = folder
        self._database = database
        self.store = PostgresStore(database.url)
        self._started: list[Process] = []
        (folder / "shop.py").write_text(SHOP + shop)
        (folder / "yizhan.toml").write_text(
            f'{settings}\n[store]\nurl = "{database.url}"\n[broker]\nurl = "{broker_url}"\n'
            f'[handlers]\nrouters = ["shop:router"]\n[[accounts]]\nname = "main"\nsource = "pandapon"\n'
            f'access_key = "{ACCOUNT.access_key}"\naccess_secret = {list(ACCOUNT.secrets)}\n'
        )

    def serve(self, *options: str, environment: Mapping[str, str] = NOTHING_MORE) -> Process:
        return self._start("serve", "/readyz", options, environment)

    def work(self, *options: str, environment: Mapping[str, str] = NOTHING_MORE) -> Process:
        return self._start("work", "/healthz", options, environment)

    def accept(self, count: int) -> None:
        """So many callbacks about new orders, committed as by a web process."""
        with contextlib.closing(PostgresStore(self._database.url)) as store:
            steps.accept(store, *(builders.message() for _ in range(count)), of=ACCOUNT)

    def runs(self) -> list[list[str]]:
        """What handlers told: what, order, process, attempt."""
        return told(self.folder)

    def deliveries(self, **filters: Any) -> list[Delivery]:
        return self.store.deliveries(Filters(**filters), 10_000)

    def reaches(self, state: str, count: int, *, seconds: float = 40) -> None:
        def holds() -> bool:
            return len(self.deliveries(state=state)) == count

        try:
            wait_until(holds, seconds=seconds, what=f"{count} deliveries are {state}")
        except AssertionError as error:
            found = [(delivery.handler, delivery.state) for delivery in self.deliveries()]
            logs = "\n".join(process.log.read_text()[-3000:] for process in self._started)
            raise AssertionError(f"{error}; there are {found}\n{logs}") from None

    def close(self) -> None:
        for process in self._started:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
        self.store.close()

    def _start(self, command: str, probe: str, options: Sequence[str], environment: Mapping[str, str]) -> Process:
        port = free_port()
        name = f"{command}-{len(self._started)}"
        process = Process(self.folder, name, (command, "--port", str(port), *options), port, environment)
        self._started.append(process)
        process.ready(probe)
        return process


def told(folder: Path) -> list[list[str]]:
    """What the handlers in this folder told, a line each, in words."""
    with contextlib.suppress(FileNotFoundError):
        return [line.split() for line in (folder / "runs.txt").read_text().splitlines()]
    return []


def headers(callback: Callback) -> dict[str, str]:
    return {name.decode(): value.decode() for name, value in callback.headers}


@contextlib.contextmanager
def machines(folder: Path, database: Database, broker_url: str, shop: str, settings: str = "") -> Iterator[Machines]:
    made = Machines(folder, database, broker_url, shop, settings)
    try:
        yield made
    finally:
        made.close()
