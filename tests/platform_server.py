"""A platform on a real port: it reads what a client writes, byte by byte, and answers what a test says."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, urlsplit

import orjson


@dataclass(frozen=True, slots=True)
class Asked:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


#: Writes the answer, or whatever it likes, and returns; then the connection is closed unless it says ``True``.
Answering: TypeAlias = Callable[[socket.socket, Asked], object]


def answer(body: bytes, *, status: str = "200 OK", headers: str = "", keep: bool = True) -> Answering:
    def write(connection: socket.socket, _: Asked) -> bool:
        connection.sendall(f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n{headers}\r\n".encode() + body)
        return keep

    return write


def data(value: Any = None, *, code: int = 200) -> Answering:
    return answer(orjson.dumps({"requestId": "r", "code": code, "developId": "1", "msg": "m", "data": value}))


@dataclass
class Platform:
    port: int
    answering: Answering
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    #: How many requests were being answered at one time, at most.
    busiest: int = 0
    _busy: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError), connection, connection.makefile("rb") as incoming:
            while (asked := _read(incoming)) is not None:
                with self._lock:
                    self.asked.append(asked)
                    self._busy += 1
                    self.busiest = max(self.busiest, self._busy)
                try:
                    keep = self.answering(connection, asked)
                finally:
                    with self._lock:
                        self._busy -= 1
                if keep is not True:
                    return


@contextlib.contextmanager
def platform(answering: Answering | None = None) -> Iterator[Platform]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        found = Platform(listener.getsockname()[1], answering or data())
        threading.Thread(target=_accept, args=(listener, found), daemon=True).start()
        yield found


def _accept(listener: socket.socket, found: Platform) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:  # closed: the test is over
            return
        found.connections += 1
        threading.Thread(target=found.serve, args=(connection,), daemon=True).start()


def _read(incoming: Any) -> Asked | None:
    line = incoming.readline().decode()
    if not line:
        return None
    method, target, _ = line.split(" ")
    headers: dict[str, str] = {}
    while (header := incoming.readline().decode().strip()) != "":
        name, _, value = header.partition(":")
        headers[name.lower()] = value.strip()
    parts = urlsplit(target)
    body = incoming.read(int(headers.get("content-length", 0)))
    return Asked(method, parts.path, dict(parse_qsl(parts.query, keep_blank_values=True)), headers, body)
