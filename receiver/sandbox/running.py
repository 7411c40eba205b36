"""The fake platform, running in a thread of its own."""

import contextlib
import socket
import threading
from collections.abc import AsyncIterator, Iterable
from types import TracebackType
from typing import Any, Self

from starlette.applications import Starlette

from receiver.accounts import Account
from receiver.sandbox import admin, app
from receiver.sandbox.connection import Connection
from receiver.sandbox.desk import Desk
from receiver.serving import Server

#: How long to wait for it to come up, or to go.
PATIENCE = 10.0


class Sandbox(Desk):
    """``with Sandbox([account], callbacks={"main": "http://…/callbacks/main"}) as sandbox: …``."""

    def __init__(self, accounts: Iterable[Account], *, host: str = "127.0.0.1", port: int = 0, **options: Any) -> None:
        """``port`` 0 is any that is free; ``options`` are those of ``Desk``."""
        super().__init__(accounts, **options)
        self._address = (host, port)
        self._listener: socket.socket | None = None
        self._server: Server | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        if self._listener is None:
            raise RuntimeError("not started")
        host, port = self._listener.getsockname()[:2]
        return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    def start(self) -> None:
        """Raises ``OSError`` where it cannot listen."""
        family = socket.AF_INET6 if ":" in self._address[0] else socket.AF_INET
        self._listener = socket.create_server(self._address, family=family)
        ready = threading.Event()
        self._server = Server(app.create(self.api, admin.routes(self), self._lifespan), on_ready=ready.set)
        self._server.config.http = Connection
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._listener]}, name="sandbox", daemon=True
        )
        self._thread.start()
        if not ready.wait(PATIENCE):
            raise RuntimeError("the sandbox did not come up")

    def stop(self) -> None:
        if self._server is not None and self._thread is not None:
            self._server.should_exit = True
            self._thread.join(PATIENCE)
        if self._listener is not None:
            self._listener.close()
        self.close()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        self.stop()

    @contextlib.asynccontextmanager
    async def _lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        await self.pusher.start()
        try:
            yield
        finally:
            await self.pusher.close()
