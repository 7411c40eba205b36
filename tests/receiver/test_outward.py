"""Out to a team's URL, and nowhere else: no private address by any name, no second look-up, no redirect."""

import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from platform_server import Asked, Platform, answer, platform

from receiver.errors import AddressRefused, NotSent, Unanswered
from receiver.exchange import Request
from receiver.network import Network
from receiver.outward import MAX_ANSWER, Outward, permit_public
from receiver.transport import Transport

PRIVATE = [
    "127.0.0.1",
    "127.8.9.1",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.2.1",
    "224.0.0.1",
    "224.0.1.7",
    "255.255.255.255",
    "::",
    "::1",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2001::1",
    "2001:db8::1",
    "fc00::1",
    "fd12:3456::1",
    "fe80::1",
    "fe80::1%1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "93.184.215.14", "2606:4700:4700::1111", "64:ff9b::101:101"]


@pytest.fixture
def server() -> Iterator[Platform]:
    with platform(answer(b"")) as found:
        yield found


def found(*addresses: str) -> list[tuple[Any, ...]]:
    """As ``getaddrinfo`` tells them."""
    return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 0)) for address in addresses]


@pytest.mark.parametrize("address", PRIVATE)
def test_private_address_is_refused_in_every_form(address: str) -> None:
    with pytest.raises(AddressRefused):
        permit_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_address_is_not(address: str) -> None:
    permit_public(address)


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0", "2130706433"])
def test_name_that_leads_home_is_refused_before_anything_is_sent(server: Platform, host: str) -> None:
    with pytest.raises(AddressRefused):
        Outward(f"http://{host}:{server.port}/").post(b"PLANTED", {}, 5)
    assert server.connections == 0


def test_name_that_leads_to_a_private_address_is_refused(server: Platform) -> None:
    way = Outward(f"http://shop.example:{server.port}/", resolve=lambda *_, **__: found("127.0.0.1"))
    with pytest.raises(AddressRefused):
        way.post(b"PLANTED", {}, 5)
    assert server.connections == 0


def test_what_is_meant_to_be_private_is_reached(server: Platform) -> None:
    assert Outward(f"{server.url}/hook?a=b", allow_private=True).post(b"{}", {"webhook-id": "1"}, 5).status == 200
    (asked,) = server.asked
    assert (asked.method, asked.path, asked.query, asked.body) == ("POST", "/hook", {"a": "b"}, b"{}")
    assert (asked.headers["webhook-id"], asked.headers["host"]) == ("1", f"127.0.0.1:{server.port}")


def test_connection_goes_to_the_address_that_was_looked_at(server: Platform) -> None:
    """A name that answers otherwise at the second look-up is looked up once. Here 127.0.0.2 stands for what may be."""
    answers = [found("127.0.0.2"), found("127.0.0.1")]

    def permit(address: str) -> None:
        if address != "127.0.0.2":
            raise AddressRefused

    url = f"http://shop.example:{server.port}/"
    transport = Transport([url], network=Network(lambda *_, **__: answers.pop(0), permit))
    with pytest.raises(NotSent):  # nobody listens there
        transport.send(Request(method="POST", url=url, headers={}, body=b"PLANTED"), 5)
    assert (len(answers), server.connections) == (1, 0)
    with pytest.raises(AddressRefused):
        transport.send(Request(method="POST", url=url, headers={}, body=b"PLANTED"), 5)
    assert server.connections == 0
    transport.close()


def test_each_call_looks_the_name_up_anew(server: Platform) -> None:
    """No connection outlives a call: it might lead where the name no longer does."""
    way = Outward(server.url, allow_private=True)
    for _ in range(2):
        way.post(b"{}", {}, 5)
    assert server.connections == 2


def test_redirect_is_an_answer(server: Platform) -> None:
    with platform(answer(b"")) as inside:
        server.answering = answer(b"", status="307 Temporary Redirect", headers=f"location: {inside.url}/\r\n")
        assert Outward(server.url, allow_private=True).post(b"{}", {}, 5).status == 307
        assert inside.connections == 0


def test_of_a_huge_answer_the_status_counts(server: Platform) -> None:
    server.answering = answer(b"x" * 50 * MAX_ANSWER)
    response = Outward(server.url, allow_private=True).post(b"{}", {}, 5)
    assert response.status == 200
    assert len(response.body) < 2 * MAX_ANSWER


def test_answer_that_drips_ends_at_the_deadline(server: Platform) -> None:
    """No single read takes long."""

    def drip(connection: socket.socket, _: Asked) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n")
        while True:
            connection.sendall(b"x-more: 1\r\n")
            time.sleep(0.02)

    server.answering = drip
    with pytest.raises(Unanswered):
        Outward(server.url, allow_private=True).post(b"{}", {}, 0.5)


def test_certificate_must_be_that_of_the_name(tmp_path: Path) -> None:
    """The name is asked for, though the connection goes to an address; one that nobody signed gets no request."""
    file, names, heard = tmp_path / "cert.pem", list[str | None](), list[bytes]()
    command = "openssl req -x509 -newkey rsa:2048 -nodes -subj /CN=shop.example -addext subjectAltName=DNS:shop.example"
    subprocess.run([*command.split(), "-keyout", file, "-out", f"{file}.crt"], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{file}.crt", file)
    context.sni_callback = lambda _socket, name, _context: names.append(name)

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
        url = f"https://shop.example:{listener.getsockname()[1]}/"
        way = Outward(url, allow_private=True, resolve=lambda *_, **__: found("127.0.0.1"))
        with pytest.raises(NotSent):
            way.post(b"PLANTED", {}, 5)
        thread.join()
    assert (names, heard) == (["shop.example"], [b""])
