"""The connection itself, for faults that no answer can play: hanging up, headers without an end."""

import asyncio
from typing import Final

from starlette.types import Receive, Scope

from receiver.connections import Http

_KEY: Final = "yizhan.transport"
_LINE: Final = b"x-endless: " + b"0" * 1000 + b"\r\n"


class Connection(Http):
    """The product's own protocol; it lets the application at its transport."""

    def on_headers_complete(self) -> None:
        extensions = self.scope.setdefault("extensions", {})
        if extensions is not None:
            extensions[_KEY] = {"transport": self.transport}
        super().on_headers_complete()


async def hang_up(scope: Scope, receive: Receive) -> None:
    """Close without a word."""
    _transport(scope).close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def write_headers(scope: Scope) -> None:
    """Headers and headers, for as long as the client reads them."""
    transport = _transport(scope)
    transport.write(b"HTTP/1.1 200 OK\r\n")
    while not transport.is_closing():
        transport.write(_LINE)
        await asyncio.sleep(0.005)


def _transport(scope: Scope) -> asyncio.Transport:
    transport: asyncio.Transport = scope["extensions"][_KEY]["transport"]
    return transport
