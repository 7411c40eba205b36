"""The front of the web process: callbacks go straight to their endpoint, all else through Starlette.

A task, its ASGI messages, Starlette's middleware and its routes cost a callback more than all that is done about it. So
one that comes whole, which nearly all do, is taken from the parser and answered on the connection. One that comes in
pieces, or asks for more than an answer, goes the way of all requests and ends at the same endpoint.
"""

from functools import cache
from time import perf_counter

from starlette.applications import Starlette
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from receiver.connections import Http
from receiver.endpoint import Answer, CallbackEndpoint
from receiver.envelope import Callback

#: Before the account's name.
_CALLBACKS = "/callbacks/"


class Front:
    """As an ASGI app: callbacks to their endpoint; all else to Starlette."""

    def __init__(self, rest: Starlette) -> None:
        self._rest = rest
        #: ``None`` before the application has started.
        self.endpoint: CallbackEndpoint | None = None
        self.draining = False

    def drain(self) -> None:
        """From here on it says that it is not ready; callbacks are taken until the end."""
        self.draining = True

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.endpoint is not None and scope["type"] == "http":
            name = _account(scope["path"])
            if name is not None:
                await self.endpoint(name, scope, receive, send)
                return
        await self._rest(scope, receive, send)


class Straight(Http):
    """The connection to it: a callback that comes whole is answered without a task."""

    #: To which account a callback is coming in.
    _name: str | None = None
    #: What has come of it.
    _chunks: list[bytes]

    def on_headers_complete(self) -> None:
        self._name = self._straight()
        if self._name is None:
            super().on_headers_complete()
        else:
            self._chunks = []
            self.head_came()

    def on_body(self, body: bytes) -> None:
        super().on_body(body) if self._name is None else self._chunks.append(body)

    def on_message_complete(self) -> None:
        endpoint = self._endpoint()
        if self._name is None or endpoint is None:
            super().on_message_complete()
        elif sum(map(len, self._chunks)) > endpoint.max_body:
            self._take_the_long_way()
            super().on_message_complete()
        else:
            self._got_on()
            name, body = self._name, b"".join(self._chunks)
            self._name = None
            under_way = _UnderWay(self)
            self.cycle = under_way  # type: ignore[assignment]
            endpoint.take(name, Callback(self.headers, body), self.client, perf_counter(), under_way.answer)

    def read(self) -> None:
        if self._name is not None:
            self._take_the_long_way()

    def connection_lost(self, exc: Exception | None) -> None:
        if isinstance(self.cycle, _UnderWay):  # what it brought is committed all the same
            self.cycle = None  # type: ignore[assignment]
        super().connection_lost(exc)

    def answered(self, answer: Answer, *, keep_alive: bool) -> None:
        if self.transport.is_closing():
            return
        close = not keep_alive or bool(self.server_state.default_headers)
        self.transport.write(_written(answer, close=close))
        if close:
            self.transport.close()
        self.on_response_complete()

    def _endpoint(self) -> CallbackEndpoint | None:
        return self.app.endpoint if isinstance(self.app, Front) else None

    def _straight(self) -> str | None:
        """The account, if this is a plain callback to one, with nothing before it that waits for its answer."""
        endpoint, parser = self._endpoint(), self.parser
        if (
            endpoint is None
            or parser.get_method() != b"POST"
            or (self.cycle is not None and not self.cycle.response_complete)
            or self.expect_100_continue
            or self.server_state.default_headers
            or self.flow.write_paused
            or parser.get_http_version() != "1.1"
            or parser.should_upgrade()
            or not parser.should_keep_alive()
        ):
            return None
        name = _account(self.url.decode("latin-1"))
        return name if name in endpoint.accounts else None

    def _take_the_long_way(self) -> None:
        """Begin a request as uvicorn does, with what has come of it."""
        self._name = None
        HttpToolsProtocol.on_headers_complete(self)
        for chunk in self._chunks:
            super().on_body(chunk)


class _UnderWay:
    """The request that waits for its answer, as far as uvicorn's protocol asks about it."""

    __slots__ = ("_connection", "keep_alive", "response_complete")

    def __init__(self, connection: Straight) -> None:
        self._connection = connection
        self.keep_alive = True
        self.response_complete = False

    def answer(self, answer: Answer) -> None:
        self.response_complete = True
        self._connection.answered(answer, keep_alive=self.keep_alive)


def _account(path: str) -> str | None:
    """The name in the path of a callback; ``None``: it is no such path."""
    name = path[len(_CALLBACKS) :]
    return name if name and "/" not in name and path.startswith(_CALLBACKS) else None


@cache  # of the few answers there are
def _written(answer: Answer, *, close: bool) -> bytes:
    headers = answer.all_headers()
    if close:
        headers.append((b"connection", b"close"))
    return b"".join([STATUS_LINE[answer.status], *(b"%b: %b\r\n" % header for header in headers), b"\r\n", answer.body])
