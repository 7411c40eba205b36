"""One HTTP call out: a deadline for all of it, a limit to what comes back. No retries, no redirects, no cookies.

httpx2's transport and its pool of connections, without its ``Client``: that one keeps cookies and reads proxies from
the environment. The pool is given a network that knows deadlines (``receiver.network``).
"""

from collections.abc import Iterable
from urllib.parse import urlsplit

import httpcore2
import httpx2

from receiver.errors import NotSent, Unanswered
from receiver.exchange import Request, Response
from receiver.network import Network

#: A page of the longest list is some hundred kB.
MAX_ANSWER = 8 * 1024 * 1024
#: Shorter than a server's own, so that a connection is seldom closed just as a call begins: nobody could tell whether
#: that call was taken.
KEEP_ALIVE = 15.0

_CONNECTIONS = httpx2.Limits(max_connections=64, max_keepalive_connections=16, keepalive_expiry=KEEP_ALIVE)


class Transport:
    """A process's way out, to these hosts and no other. Not to be used where a handler may be interrupted."""

    def __init__(
        self,
        urls: Iterable[str],
        *,
        max_answer: int = MAX_ANSWER,
        whole: bool = True,
        keep_alive: bool = True,
        network: Network | None = None,
    ) -> None:
        """``whole``: an answer over its limit is none; else the rest of it is left unread."""
        self._origins = {_origin(url) for url in urls}
        self._max_answer = max_answer
        self._whole = whole
        self._wire = _Wire(network or Network(), keep_alive=keep_alive)

    def send(self, request: Request, seconds: float) -> Response:
        if _origin(request.url) not in self._origins:
            raise NotSent("not to a host of a configured account")
        self._wire.network.begin(seconds)
        try:
            return self._sent(request, seconds)
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as error:
            raise NotSent(f"cannot connect ({type(error).__name__})") from error
        except (httpx2.LocalProtocolError, httpx2.UnsupportedProtocol, httpx2.InvalidURL) as error:
            raise NotSent(f"cannot be written as HTTP ({type(error).__name__})") from error
        except httpx2.TransportError as error:
            raise Unanswered(f"no full answer ({type(error).__name__})") from error

    def close(self) -> None:
        self._wire.close()

    def _sent(self, request: Request, seconds: float) -> Response:
        message = httpx2.Request(
            request.method,
            request.url,
            headers={"user-agent": "yizhan", "accept": "application/json", "accept-encoding": "identity"}
            | dict(request.headers),
            content=request.body,
            extensions={"timeout": httpx2.Timeout(seconds).as_dict()},
        )
        answer = self._wire.handle_request(message)
        try:
            body = bytearray()
            for chunk in answer.iter_raw():
                body += chunk
                if len(body) > self._max_answer:
                    if not self._whole:
                        break
                    raise Unanswered(f"the answer is over {self._max_answer} bytes")
            headers = {name.lower(): value for name, value in answer.headers.multi_items()}
            return Response(status=answer.status_code, headers=headers, body=bytes(body))
        finally:
            answer.close()


class _Wire(httpx2.HTTPTransport):
    """Its constructor takes no network, the pool's does."""

    def __init__(self, network: Network, *, keep_alive: bool) -> None:
        super().__init__(trust_env=False, limits=_CONNECTIONS)
        self.network = network
        self._pool.close()
        self._pool = httpcore2.ConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=_CONNECTIONS.max_connections,
            max_keepalive_connections=_CONNECTIONS.max_keepalive_connections if keep_alive else 0,
            keepalive_expiry=_CONNECTIONS.keepalive_expiry,
            network_backend=self.network,
        )


def _origin(url: str) -> tuple[str, str, int]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme, 0)
