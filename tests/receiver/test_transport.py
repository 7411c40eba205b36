"""One call out, to a server that means no good: whatever it answers, the call ends by its deadline, unharmed."""

import socket
import ssl
import subprocess
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from platform_server import Asked, Platform, answer, data, platform

from receiver.errors import NotSent, Unanswered
from receiver.exchange import Request
from receiver.transport import Transport

SECONDS = 0.4
#: What a deadline may be over by, on a machine that is busy.
SLACK = 1.5


@pytest.fixture
def server() -> Iterator[Platform]:
    with platform() as found:
        yield found


@pytest.fixture
def transport(server: Platform) -> Iterator[Transport]:
    transport = Transport([server.url])
    yield transport
    transport.close()


def request(server: Platform, body: bytes | None = None, path: str = "/x") -> Request:
    return Request(method="POST" if body else "GET", url=server.url + path, headers={}, body=body)


def test_connection_is_used_again(server: Platform, transport: Transport) -> None:
    for _ in range(3):
        assert transport.send(request(server, b"{}"), 5).status == 200
    assert (len(server.asked), server.connections) == (3, 1)


def test_answer_comes_with_status_headers_and_body(server: Platform, transport: Transport) -> None:
    server.answering = answer(b"body", status="503 Busy", headers="Retry-After: 7\r\n")
    found = transport.send(request(server), 5)
    assert (found.status, found.header("retry-after"), found.body) == (503, "7", b"body")


def test_redirect_is_an_answer_and_is_not_followed(server: Platform, transport: Transport) -> None:
    with platform() as other:
        server.answering = answer(b"", status="302 Found", headers=f"Location: {other.url}/stolen\r\n")
        assert transport.send(request(server, b"{}"), 5).status == 302
        assert other.asked == []


def test_cookie_is_not_kept(server: Platform, transport: Transport) -> None:
    server.answering = answer(b"", headers="Set-Cookie: a=b\r\n")
    for _ in range(2):
        transport.send(request(server), 5)
    assert "cookie" not in server.asked[1].headers


def test_other_hosts_are_not_asked(transport: Transport) -> None:
    with platform() as other:
        with pytest.raises(NotSent, match="host"):
            transport.send(request(other), 5)
        assert other.connections == 0


def test_proxies_of_the_environment_are_ignored(
    server: Platform, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    with platform() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.url)
        monkeypatch.setenv("ALL_PROXY", proxy.url)
        fresh = Transport([server.url])
        assert fresh.send(request(server), 5).status == 200
        fresh.close()
        assert proxy.connections == 0


def test_refused_connection_is_surely_not_sent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    transport = Transport([url])
    with pytest.raises(NotSent) as caught:
        transport.send(Request(method="GET", url=url, headers={}, body=None), 5)
    assert caught.value.surely_absent
    transport.close()


def test_unknown_name_is_surely_not_sent() -> None:
    transport = Transport(["http://no-such-host.invalid"])
    with pytest.raises(NotSent):
        transport.send(Request(method="GET", url="http://no-such-host.invalid/", headers={}, body=None), 5)
    transport.close()


def test_header_that_would_split_the_request_is_not_sent(server: Platform, transport: Transport) -> None:
    bad = Request(method="GET", url=server.url + "/x", headers={"user-id": "1\r\nx: y"}, body=None)
    with pytest.raises(NotSent):
        transport.send(bad, 5)
    assert server.asked == []


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Of nobody whom anybody trusts."""
    file = tmp_path / "self-signed.pem"
    command = (
        "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1 -days 2"
    )
    subprocess.run([*command.split(), "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True)
    file.write_text(file.read_text() + Path(f"{file}.crt").read_text())
    return file


def test_certificate_is_verified(certificate: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    heard: list[bytes] = []

    def serve(listener: socket.socket) -> None:
        connection, _ = listener.accept()
        with connection:
            try:
                heard.append(context.wrap_socket(connection, server_side=True).recv(100))
            except OSError:
                heard.append(b"")

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"https://127.0.0.1:{listener.getsockname()[1]}"
        transport = Transport([url])
        with pytest.raises(NotSent):
            transport.send(Request(method="GET", url=url, headers={"access-key": "PLANTED"}, body=None), 5)
        thread.join()
        transport.close()
    assert heard == [b""]


def silence(connection: socket.socket, _: Asked) -> None:
    connection.recv(1)


def drip(piece: bytes, opening: bytes = b"") -> Callable[[socket.socket, Asked], None]:
    """A byte or a line at a time, for ever: no single read takes long."""

    def write(connection: socket.socket, _: Asked) -> None:
        connection.sendall(opening)
        while True:
            connection.sendall(piece)
            time.sleep(0.02)

    return write


HEAD = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    "hostile",
    [
        silence,
        drip(b"H"),
        drip(b"x: y\r\n", HEAD),
        drip(b"z", HEAD + b"x: "),
        drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
        drip(b" ", HEAD + b"content-length: 1000000\r\n\r\n"),
        drip(b"1\r\nz\r\n", HEAD + b"transfer-encoding: chunked\r\n\r\n"),
        drip(b"\r\n"),
    ],
    ids=["silent", "status", "headers", "one-header", "informational", "body", "chunks", "blank-lines"],
)
def test_never_ending_answer_ends_at_the_deadline(
    server: Platform, transport: Transport, hostile: Callable[[socket.socket, Asked], None]
) -> None:
    server.answering = hostile
    began = time.monotonic()
    with pytest.raises(Unanswered) as caught:
        transport.send(request(server, b"{}"), SECONDS)
    assert time.monotonic() - began < SECONDS + SLACK
    assert not caught.value.surely_absent
    server.answering = data("well again")
    assert transport.send(request(server), 5).status == 200


@pytest.mark.parametrize(
    "garbage",
    [
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        HEAD + b"no colon\r\n\r\n",
        HEAD + b"content-length: -1\r\n\r\n",
        HEAD + b"content-length: 10\r\n\r\nshort",
        HEAD + b"transfer-encoding: chunked\r\n\r\nzz\r\n",
        HEAD + b"x: " + b"y" * 200_000,
        b"",
    ],
)
def test_garbage_is_no_answer(server: Platform, transport: Transport, garbage: bytes) -> None:
    server.answering = lambda connection, _: connection.sendall(garbage)
    with pytest.raises(Unanswered):
        transport.send(request(server, b"{}"), 5)
    server.answering = data("well again")
    assert transport.send(request(server), 5).status == 200


def test_answer_of_100_mb_is_cut_off(server: Platform, transport: Transport) -> None:
    def pour(connection: socket.socket, _: Asked) -> None:
        connection.sendall(HEAD + b"content-length: 100000000\r\n\r\n")
        for _number in range(100):
            connection.sendall(b"x" * 1_000_000)

    server.answering = pour
    tracemalloc.start()
    with pytest.raises(Unanswered, match="over"):
        transport.send(request(server), 20)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


def test_compressed_bomb_is_not_unpacked(server: Platform, transport: Transport) -> None:
    server.answering = answer(b"\x1f\x8b" + b"\0" * 100, headers="content-encoding: gzip\r\n")
    assert transport.send(request(server), 5).body == b"\x1f\x8b" + b"\0" * 100
    assert server.asked[0].headers["accept-encoding"] == "identity"


def test_server_that_does_not_read_is_left_at_the_deadline() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        transport = Transport([url])
        began = time.monotonic()
        with pytest.raises(Unanswered):
            transport.send(Request(method="POST", url=url, headers={}, body=b"x" * 50_000_000), SECONDS)
        assert time.monotonic() - began < SECONDS + SLACK
        transport.close()
