"""A network whose every connect, name look-up aside, and every read and write ends at the deadline of the call at hand.

The library's own timeouts are those of each single read: a server that sends a byte a second never meets them.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable
from ssl import SSLContext
from typing import Any

import httpcore2

#: As ``socket.getaddrinfo``.
Resolve = Callable[..., list[tuple[Any, ...]]]
#: Not worth beginning.
_TOO_LATE = 0.001


class Network(httpcore2.NetworkBackend):
    """Each thread has its call, and each call its deadline.

    ``permit`` raises what it thinks of an address, before anything is sent to it.
    """

    def __init__(
        self, resolve: Resolve = socket.getaddrinfo, permit: Callable[[str], None] = lambda _address: None
    ) -> None:
        self._resolve = resolve
        self._permit = permit
        self._plain = httpcore2.SyncBackend()
        self._call = threading.local()

    def begin(self, seconds: float) -> None:
        self._call.until = time.monotonic() + seconds

    def left(self, otherwise: type[httpcore2.TimeoutException]) -> float:
        left: float = self._call.until - time.monotonic()
        if left <= _TOO_LATE:
            raise otherwise
        return left

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        """To the first of the host's addresses that answers: the library would give each of them the whole time."""
        try:
            found = self._resolve(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore2.ConnectError(str(error)) from error
        failure: httpcore2.ConnectError | None = None
        for *_, address in found:
            self._permit(str(address[0]))
            try:
                left = self.left(httpcore2.ConnectTimeout)
                stream = self._plain.connect_tcp(str(address[0]), port, left, local_address, socket_options)
            except httpcore2.ConnectError as error:
                failure = error
            else:
                return _Stream(stream, self)
        raise failure or httpcore2.ConnectError("no address")


class _Stream(httpcore2.NetworkStream):
    """A connection outlives its call: whoever reads from it does so within the deadline of the call at hand."""

    def __init__(self, plain: httpcore2.NetworkStream, network: Network) -> None:
        self._plain = plain
        self._network = network

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002
        return self._plain.read(max_bytes, self._network.left(httpcore2.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002
        """In pieces, since the library gives each ``send()`` the whole time."""
        connection: socket.socket = self._plain.get_extra_info("socket")
        rest = memoryview(buffer)
        while rest:
            left = self._network.left(httpcore2.WriteTimeout)
            try:
                connection.settimeout(left)
                rest = rest[connection.send(rest) :]
            except TimeoutError as error:
                raise httpcore2.WriteTimeout from error
            except OSError as error:
                raise httpcore2.WriteError(str(error)) from error

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002
    ) -> "_Stream":
        left = self._network.left(httpcore2.ConnectTimeout)
        return _Stream(self._plain.start_tls(ssl_context, server_hostname, left), self._network)

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)
