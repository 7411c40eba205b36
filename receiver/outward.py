"""The way out to a URL that a team names: only to public addresses, the very ones that were looked at; no redirects.

A name may lead into the network that this service runs in, at once or at the second look-up. So it is looked up once a
call, and the connection goes to what was found and judged there; the certificate is still that of the name.
"""

import ipaddress
import socket

from receiver.api.aside import aside, begin
from receiver.errors import AddressRefused
from receiver.exchange import Request, Response
from receiver.network import Network, Resolve
from receiver.transport import Transport

#: Of an answer, nobody reads more than its status.
MAX_ANSWER = 64 * 1024
#: https://www.rfc-editor.org/rfc/rfc6052: the last four bytes are an IPv4 address, reached through a gateway.
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
#: All that is given out as public. Beyond it IPv4 addresses appear in other forms: ``::ffff:127.0.0.1``.
_PUBLIC_IPV6 = ipaddress.IPv6Network("2000::/3")


class Outward:
    """To one URL. Safe to be used by a handler whose time is up at any moment."""

    def __init__(self, url: str, *, allow_private: bool = False, resolve: Resolve = socket.getaddrinfo) -> None:
        begin()
        self._url = url
        self._transport = Transport(
            [url],
            max_answer=MAX_ANSWER,
            whole=False,
            keep_alive=False,
            network=Network(resolve, _permit_all if allow_private else permit_public),
        )

    def post(self, body: bytes, headers: dict[str, str], seconds: float) -> Response:
        """Raises ``AddressRefused``, ``NotSent`` or ``Unanswered``."""
        request = Request(method="POST", url=self._url, headers=headers, body=body)
        return aside(lambda _: self._transport.send(request, seconds))


def permit_public(address: str) -> None:
    """Raises ``AddressRefused`` for any address that is not the public internet's, in whatever form."""
    found = ipaddress.ip_address(address)
    if isinstance(found, ipaddress.IPv6Address) and found in _NAT64:
        found = ipaddress.IPv4Address(found.packed[-4:])
    public = found.is_global and not found.is_multicast
    if isinstance(found, ipaddress.IPv6Address):
        public = public and found in _PUBLIC_IPV6 and found.sixtofour is None
    if not public:
        raise AddressRefused("its name leads to a private address, which allow_private = true allows; not sent")


def _permit_all(_: str) -> None:
    return None
