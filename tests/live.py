"""The real web application on a real port, served from a thread, and a client that writes the very bytes."""

import contextlib
import gc
import select
import socket
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import apsw
import builders
import steps
from structlog.typing import EventDict, WrappedLogger

from receiver import web
from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.metrics import Metrics
from receiver.serving import Server
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

#: How long a test waits for what comes at once: far beyond any deadline.
PATIENCE = 5.0

ACCOUNT = builders.account(name="main")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


class Connection:
    """One connection to the server."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._incoming = self._socket.makefile("rb")

    def send(self, data: bytes) -> None:
        self._socket.sendall(data)

    def readable(self, seconds: float) -> bool:
        """Whether something comes within so long."""
        return bool(select.select([self._socket], [], [], seconds)[0])

    def answer(self, *, to: str = "POST") -> Answer:
        """The next answer. Raises ``ConnectionError`` if there is none."""
        line = self._incoming.readline()
        if not line:
            raise ConnectionResetError
        headers: dict[str, str] = {}
        while (header := self._incoming.readline()) not in {b"\r\n", b""}:
            name, _, value = header.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = 0 if to == "HEAD" else int(headers.get("content-length", 0))
        return Answer(int(line.split()[1]), headers, self._incoming.read(length))

    def ended(self) -> bool:
        """The server has hung up and said nothing more."""
        return self._incoming.read(1) == b""

    def close(self) -> None:
        self._incoming.close()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Journal:
    """The log, as a structlog processor: what was written, and waiting for a line."""

    def __init__(self) -> None:
        self._lines: list[EventDict] = []
        self._written = threading.Condition()

    def __call__(self, _logger: WrappedLogger, method: str, line: EventDict) -> EventDict:
        with self._written:
            self._lines.append({**line, "level": method})
            self._written.notify_all()
        return line

    def lines(self) -> list[EventDict]:
        with self._written:
            return list(self._lines)

    def named(self, event: str) -> list[EventDict]:
        with self._written:
            return [line for line in self._lines if line["event"] == event]

    def wait_for(self, event: str) -> EventDict:
        with self._written:
            assert self._written.wait_for(lambda: self.named(event), PATIENCE), f"{event} was not logged: {self._lines}"
            return self.named(event)[0]

    def __str__(self) -> str:
        with self._written:
            return "\n".join(map(repr, self._lines))


@dataclass(frozen=True, slots=True)
class Site:
    """A running web process."""

    port: int
    store: SqliteStore
    path: Path
    metrics: Metrics
    journal: Journal = field(repr=False)

    def connect(self) -> Connection:
        return Connection(self.port)

    def ask(self, data: bytes, *, to: str = "POST") -> Answer:
        """One request on a connection of its own."""
        with self.connect() as connection:
            connection.send(data)
            return connection.answer(to=to)

    def get(self, path: str) -> Answer:
        return self.ask(request(method="GET", path=path), to="GET")

    def counted(self, outcome: str, account: str = "main") -> float:
        """Whatever their topics."""
        return sum(
            sample.value
            for metric in self.metrics.registry.collect()
            for sample in metric.samples
            if sample.name == "yizhan_callbacks_total"
            and (sample.labels["account"], sample.labels["outcome"]) == (account, outcome)
        )

    def payloads(self) -> list[bytes]:
        """What is committed, as another connection sees it."""
        return [payload for (payload,) in self._rows("SELECT payload FROM envelope ORDER BY seq")]  # type: ignore[misc]

    def held(self) -> int:
        """How many envelopes are committed."""
        return self._rows("SELECT count(*) FROM envelope")[0][0]  # type: ignore[return-value]

    def newest(self) -> bytes | None:
        """The payload that was committed last."""
        rows = self._rows("SELECT payload FROM envelope ORDER BY seq DESC LIMIT 1")
        return rows[0][0] if rows else None  # type: ignore[return-value]

    def redeliveries(self) -> list[int]:
        return [count for (count,) in self._rows("SELECT redeliveries FROM envelope ORDER BY seq")]  # type: ignore[misc]

    def standing_still(self) -> contextlib.AbstractContextManager[None]:
        """While another connection writes, nothing can be committed."""
        return steps.standing_still(self.path)

    def _rows(self, query: str) -> list[tuple[object, ...]]:
        with contextlib.closing(apsw.Connection(str(self.path))) as other:
            return list(other.execute(query))


@contextlib.contextmanager
def serve(
    store: SqliteStore,
    path: Path,
    journal: Journal,
    *,
    accounts: Iterable[Account] = (ACCOUNT,),
    max_body: int = 1024 * 1024,
) -> Iterator[Site]:
    metrics = Metrics()
    table = {account.name: (account, SOURCES[account.source]) for account in accounts}
    app = web.create(store=store, accounts=table, metrics=metrics, max_body=max_body)
    ready = threading.Event()
    server = Server(app, on_ready=ready.set)
    thresholds = gc.get_threshold()
    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="web")
        thread.start()
        try:
            assert ready.wait(PATIENCE)
            yield Site(listener.getsockname()[1], store, path, metrics, journal)
        finally:
            server.should_exit = True
            thread.join(2 * PATIENCE)
            gc.unfreeze()
            gc.set_threshold(*thresholds)
            assert not thread.is_alive()


def signed(body: bytes | None = None, *, by: Account = ACCOUNT) -> Callback:
    return builders.callback(body, of=by)


def request(
    callback: Callback | None = None,
    *,
    method: str = "POST",
    path: str = "/callbacks/main",
    headers: Mapping[str, str] | None = None,
    version: str = "1.1",
) -> bytes:
    """The bytes of a request; its length is declared unless ``headers`` says something of it."""
    body = b"" if callback is None else callback.body
    fields = {"host": "callbacks.example.com"}
    if callback is not None:
        fields |= {name.decode(): value.decode("latin-1") for name, value in callback.headers}
        fields["content-length"] = str(len(body))
    fields |= headers or {}
    if "transfer-encoding" in fields:
        del fields["content-length"]
    head = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{method} {path} HTTP/{version}\r\n{head}\r\n".encode("latin-1") + body
