"""How the web application is served: by uvicorn, set up alike wherever it runs."""

import asyncio
import contextlib
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator

import uvicorn
from starlette.types import ASGIApp

from receiver.connections import Connections, room
from receiver.errors import SettingsError
from receiver.front import Straight


def listen(host: str, port: int, key: str) -> socket.socket:
    """A socket to serve on. Raises ``SettingsError``, which names the port's key, if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError(key, f"{host}:{port}", f"an address to listen on ({error.strerror})") from error
    return listener


class Server(uvicorn.Server):
    """``run(sockets=[…])`` serves until SIGTERM or SIGINT, answers what has come in by then, and returns.

    Asked to stop, it first goes on serving for ``drain`` seconds: ``on_drain`` is called, and with each answer
    the sender is told to connect anew, so that a balancer leads it elsewhere and no request meets a closed door.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        on_ready: Callable[[], None] = lambda: None,
        on_drain: Callable[[], None] = lambda: None,
        drain: float = 0,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=Straight,
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=False,
                # Who calls is who connects: a header that names another is the sender's word, and would be logged.
                proxy_headers=False,
                # Longer than the idle time of a usual proxy's kept connection, or it would write into a closing one.
                timeout_keep_alive=75,
                timeout_graceful_shutdown=5,
            )
        )
        self.server_state = Connections(room())
        self._on_drain = on_drain
        self._on_ready = on_ready
        self._drain = drain

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """As uvicorn's, but without raising the signal again at the end: there is still work to end after it."""
        if threading.current_thread() is not threading.main_thread():  # only that one may listen to signals
            yield
            return
        signal.signal(signal.SIGTERM, self.handle_exit)  # for good: who asks a second time changes nothing
        before = signal.signal(signal.SIGINT, self.handle_exit)
        try:
            yield
        finally:
            signal.signal(signal.SIGINT, before)

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._on_ready()

    async def main_loop(self) -> None:
        await super().main_loop()
        self._on_drain()
        self.server_state.default_headers = [*self.server_state.default_headers, (b"connection", b"close")]
        until = time.monotonic() + self._drain
        while time.monotonic() < until and not self.force_exit:  # noqa: ASYNC110  (a signal sets it)
            await asyncio.sleep(0.05)
