"""A platform that means no good, or a proxy before it: every call ends in time, in an error that says what to do.

Below the client, ``tests/receiver/test_transport.py`` has more of what a connection can do.
"""

import gzip
import os
import socket
import struct
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import account
from platform_server import Answering, Asked, Platform, answer, data, platform

from receiver.accounts import ApiAccess
from receiver.api import Api, Apis
from receiver.errors import ApiRefused, ApiUnexpectedAnswer, HandlerFailure, Unanswered

#: The deadline of a call, and what it may be over by on a machine that is busy.
SECONDS, SLACK = 0.5, 1.5
#: What a call may cost in memory at its worst: an answer is cut off at 8 MiB.
MOST_BYTES = 64 * 1024 * 1024
ORDER = "3305075341149134260"
HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.fixture
def server() -> Iterator[Platform]:
    with platform() as found:
        yield found


@pytest.fixture
def api(server: Platform) -> Iterator[Api]:
    access = ApiAccess(url=server.url, rate=1000, timeout=SECONDS)
    apis = Apis([account(name="main", user_id="1", api=access)])
    yield apis.of("main", "1688")
    apis.close()


def says(body: bytes, headers: str = "") -> Answering:
    return answer(body, headers=headers)


def writes(*pieces: bytes, pause: float = 0.02, endless: bool = False) -> Answering:
    def write(connection: socket.socket, _: Asked) -> None:
        for piece in pieces:
            connection.sendall(piece)
        while endless:
            connection.sendall(pieces[-1])
            time.sleep(pause)

    return write


def reset(connection: socket.socket, _: Asked) -> None:
    connection.sendall(HEAD + b"content-length: 100\r\n\r\n{")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close sends RST


def pour(connection: socket.socket, _: Asked) -> None:
    """100 MB of what is JSON so far."""
    connection.sendall(HEAD + b"content-length: 100000001\r\n\r\n[")
    for _number in range(100):
        connection.sendall(b" " * 1_000_000)


def nested(levels: int) -> bytes:
    return b'{"code": 200, "data": ' + b"[" * levels + b"]" * levels + b"}"


BOMB = gzip.compress(b'{"code": 200, "data": "' + b"0" * 50_000_000 + b'"}')
HOSTILE: dict[str, tuple[Answering, type[HandlerFailure]]] = {
    "garbage": (says(os.urandom(1000)), ApiUnexpectedAnswer),
    "nothing": (says(b""), ApiUnexpectedAnswer),
    "a page": (says(b"<html>login</html>"), ApiUnexpectedAnswer),
    "invalid UTF-8": (says(b'{"code": 200, "data": "\xff\xfe"}'), ApiUnexpectedAnswer),
    "half a surrogate": (says(b'{"code": "\\ud800", "data": 1}'), ApiUnexpectedAnswer),
    "100 MB": (pour, Unanswered),
    "a gzip bomb nobody asked for": (says(BOMB, "content-encoding: gzip\r\n"), ApiUnexpectedAnswer),
    "5000 levels": (says(nested(5000)), ApiUnexpectedAnswer),
    "1000 levels": (says(nested(1000)), ApiUnexpectedAnswer),
    "a code of 400 digits": (says(b'{"code": ' + b"2" * 400 + b"}"), ApiUnexpectedAnswer),
    "an id of 400 digits": (says(b'{"code": 200, "data": {"orderId": ' + b"1" * 400 + b"}}"), ApiUnexpectedAnswer),
    "an id that is infinite": (says(b'{"code": 200, "data": {"orderId": 1e999}}'), ApiUnexpectedAnswer),
    "a code that is a float": (says(b'{"code": 200.0, "data": {}}'), ApiUnexpectedAnswer),
    "a code that says no": (says(b'{"code": 7}'), ApiRefused),
    "headers without end": (writes(HEAD, b"x: y\r\n", pause=0, endless=True), Unanswered),
    "headers that drip": (writes(HEAD, b"x: y\r\n", endless=True), Unanswered),
    "a body without end": (writes(HEAD + b"\r\n", b" " * 1000, pause=0, endless=True), Unanswered),
    "a body that drips": (writes(HEAD + b"content-length: 99999\r\n\r\n", b" ", endless=True), Unanswered),
    "informational without end": (writes(b"HTTP/1.1 100 Continue\r\n\r\n", endless=True), Unanswered),
    "reset": (reset, Unanswered),
    "less than it promises": (writes(HEAD + b'content-length: 100\r\n\r\n{"code": 200}'), Unanswered),
    "more than it promises": (writes(HEAD + b'content-length: 5\r\n\r\n{"code": 200}'), ApiUnexpectedAnswer),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_answer_is_an_error_in_time_and_the_next_call_is_well(server: Platform, api: Api, name: str) -> None:
    server.answering, error = HOSTILE[name]
    held, began = resident(), time.monotonic()
    with pytest.raises(HandlerFailure) as caught:
        api.order_detail(ORDER)
    assert type(caught.value) is error
    assert time.monotonic() - began < SECONDS + SLACK
    assert resident() - held < MOST_BYTES
    server.answering = data({"baseInfo": {"idOfStr": ORDER}})
    assert api.order_detail(ORDER).id == ORDER


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_a_redirect_is_not_followed_and_tells_nobody_the_credentials(server: Platform, api: Api) -> None:
    with platform() as elsewhere:
        server.answering = answer(b"", status="307 Temporary", headers=f"Location: {elsewhere.url}/x\r\n")
        with pytest.raises(ApiUnexpectedAnswer):
            api.order_detail(ORDER)
        assert elsewhere.connections == 0


def test_noise_before_the_answer_is_passed_over(server: Platform, api: Api) -> None:
    body = b'{"code": 200, "data": {"id": "7"}}'
    noise = b"HTTP/1.1 100 Continue\r\n\r\n" * 3 + b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"
    server.answering = writes(noise + HEAD + b"content-length: %d\r\n\r\n" % len(body) + body)
    assert api.order_detail(ORDER).id == "7"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (b"1" * 300, None),  # longer than any id
        (b"3305075341149134260", ORDER),
        (b"3305075341149134260.0", None),
        (b"3.30507534114913426e18", None),
        (b"true", None),
        (b"[1]", None),
    ],
)
def test_an_id_is_all_its_digits_or_none(server: Platform, api: Api, written: bytes, read: str | None) -> None:
    """What has been a float has lost digits: no id is better than another order's."""
    server.answering = answer(b'{"code": 200, "data": {"orderId": %b}}' % written)
    assert api.order_detail(ORDER).id == read
