"""Reading a request's body: bounded in size while it comes in."""

from starlette.types import Receive

from receiver.errors import BodyTooLarge

#: A refused body is read on up to this many times the limit, so that a sender which writes before it reads (most do)
#: gets to see the answer instead of a reset connection.
DISCARD_FACTOR = 8


class SenderGone(Exception):
    """The sender hung up before the body was complete: there is nobody to answer."""


class RestToCome(BodyTooLarge):
    """Too large by now, and the sender writes on: ``discard_rest()`` before answering."""

    def __init__(self, size: int) -> None:
        super().__init__()
        #: How much of it was read.
        self.size = size


async def read_body(receive: Receive, headers: list[tuple[bytes, bytes]], max_body: int) -> bytes:
    """The whole body. Raises ``BodyTooLarge`` for more than ``max_body`` bytes, none of which are kept."""
    if _declared_length(headers) > max_body:
        raise BodyTooLarge if _waits_for_continue(headers) else RestToCome(0)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise SenderGone
        chunk: bytes = message.get("body", b"")
        more = message.get("more_body", False)
        size += len(chunk)
        if size > max_body:
            chunks.clear()
            raise RestToCome(size) if more else BodyTooLarge
        if not more:
            return b"".join((*chunks, chunk)) if chunks else chunk
        chunks.append(chunk)


async def discard_rest(receive: Receive, refusal: RestToCome, max_body: int) -> None:
    """Let the sender write on to where it reads; return when it has, or the bound is reached."""
    left = max_body * DISCARD_FACTOR - refusal.size
    more = True
    while more and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))
        more = message.get("more_body", False)


def _declared_length(headers: list[tuple[bytes, bytes]]) -> int:
    """Zero where it is not declared."""
    for name, value in headers:
        if name == b"content-length" and value.isdigit():
            return int(value[:20])
    return 0


def _waits_for_continue(headers: list[tuple[bytes, bytes]]) -> bool:
    """The sender asked first (``Expect: 100-continue``): it reads the answer before it writes a byte."""
    return any(name == b"expect" and value.lower() == b"100-continue" for name, value in headers)
