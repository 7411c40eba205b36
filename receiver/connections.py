"""The connections of a web process: what each may cost before it has asked anything, and how many there may be."""

import asyncio
import resource

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

#: Seconds from connecting, or from the first byte after an answer, to the end of a request's headers.
HEAD_WITHIN = 10.0
#: Bytes that come in a row and are no body: a request's line and headers, or what stands between the pieces of a body.
MAX_HEAD = 32 * 1024
#: Requests that wait on one connection for the answers before theirs.
MAX_PIPELINED = 100
#: In one process, each of which may hold a head of the longest.
MAX_CONNECTIONS = 8_192
#: What else a process has open: the store, handlers, calls.
OTHER_FILES = 512


class Connections(ServerState):
    """uvicorn's, and in which order connections last got on; over the limit, the first of them is hung up on."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._in_order: dict[Http, None] = {}

    def got_on(self, connection: "Http") -> None:
        """It is new, or a request of its has come."""
        self._in_order.pop(connection, None)
        self._in_order[connection] = None
        if len(self._in_order) > self._limit:
            oldest = next(iter(self._in_order))
            self.ended(oldest)
            oldest.transport.abort()  # close() would wait for it to read what it was answered

    def ended(self, connection: "Http") -> None:
        self._in_order.pop(connection, None)


class Http(HttpToolsProtocol):
    """uvicorn's, bounded in what may come before a request's end; and offers of another protocol are passed over.

    Java's HTTP clients offer HTTP/2 or TLS in plain HTTP unless told not to, and a server may read on as if they did
    not (RFC 9110, 7.8). uvicorn loses the body of such a request: https://github.com/Kludex/uvicorn/issues/2722

    How long a body may take and be is for the one who reads it to say.
    """

    server_state: Connections
    #: When the headers must have come; ``None`` while a request is under way, or none is begun on a kept connection.
    _head_due: asyncio.TimerHandle | None = None
    #: Bytes that came since the parser last got on.
    _pending = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn's
        super().connection_made(transport)
        self._expect_head()
        self.server_state.got_on(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._got_on()
        self._unset_keepalive_if_required()
        self.server_state.ended(self)
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        self.head_came()
        if len(self.pipeline) >= MAX_PIPELINED:
            raise ValueError("too many requests at once")  # the parser stops, and it is refused as no HTTP
        if not self.parser.should_upgrade():
            super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._pending = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._got_on()
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._pending += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as offer:
            self._pass_over(data[offer.args[0] :])
        except httptools.HttpParserError:
            self._refuse(400)
        else:
            self.read()
            if self._pending > MAX_HEAD:
                self._refuse(431)
            elif self.cycle is None or self.cycle.response_complete:
                self._expect_head()

    def head_came(self) -> None:
        """A request has begun."""
        self._got_on()
        self.server_state.got_on(self)

    def read(self) -> None:
        """All that has come was parsed."""

    def _expect_head(self) -> None:
        """By so long after the first of its bytes, however many come."""
        if self._head_due is None:
            self._head_due = self.loop.call_later(HEAD_WITHIN, self._give_up)

    def _got_on(self) -> None:
        self._pending = 0
        if self._head_due is not None:
            self._head_due.cancel()
            self._head_due = None

    def _give_up(self) -> None:
        if self._pending:
            self._refuse(408)
        else:  # it has said nothing, or not been asked for what it says
            self.transport.close()

    def _pass_over(self, rest: bytes) -> None:
        method = self.parser.get_method()
        if method == b"CONNECT":  # no offer: all that this method asks for
            self._refuse(400)
            return
        lines = [b"%b %b HTTP/%b" % (method, self.url, self.parser.get_http_version().encode())]
        lines += [b"%b: %b" % header for header in self.headers if header[0] != b"upgrade"]
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)  # as uvicorn's own
        self.data_received(b"\r\n".join((*lines, b"", rest)))

    def _refuse(self, status: int) -> None:
        if status != 408:  # noqa: PLR2004  (who connects in advance and then calls nothing is no fault)
            self.logger.warning("Invalid HTTP request received: answered %d.", status)
        if not self.transport.is_closing():
            answer = b"content-type: application/json\r\ncontent-length: 12\r\nconnection: close\r\n\r\n"
            self.transport.write(b'%b%b{"code":%d}' % (STATUS_LINE[status], answer, status))
            self.transport.close()


def room() -> int:
    """How many connections there may be; the limit of open files is raised for them as far as this user may."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_CONNECTIONS + OTHER_FILES
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return MAX_CONNECTIONS
    soft = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    return max(soft - OTHER_FILES, soft // 2)
