"""Where something listens, as a URL."""

import socket

#: Where one can reach what listens on every address.
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - nothing is bound here


def of(host: str, port: int) -> str:
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def from_here(host: str, port: int) -> str:
    """For one on this machine."""
    return of(_EVERYWHERE.get(host, host), port)


def listening(listener: socket.socket) -> tuple[str, int]:
    host, port = listener.getsockname()[:2]
    return host, port
