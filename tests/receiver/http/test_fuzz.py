"""Whatever comes in: no status of 500 but 503, no error in the log, nothing unsigned let in, nothing signed lost.

``FUZZ_TIMES=100`` tries a hundred times as much.
"""

import asyncio
import logging
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

import pytest
from builders import account
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from live import Journal, Site, request, serve
from strange import bodies, forms
from structlog.testing import capture_logs

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

TIMES = int(os.environ.get("FUZZ_TIMES", "1"))
ACCOUNTS = tuple(account(name) for name in SOURCES)
FIELDS = {"alibaba1688": "_aop_signature", "dajisaas": "_dj_signature"}

every_account = pytest.mark.parametrize("to", ACCOUNTS, ids=lambda to: to.name)


def so_often(examples: int) -> settings:
    return settings(max_examples=examples * TIMES, deadline=None, suppress_health_check=[HealthCheck.too_slow])


class Errors(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{record.getMessage()} {record.exc_info}")


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One for all of it, which must have logged no error by the end of each test."""
    path = tmp_path_factory.mktemp("fuzz") / "yizhan.db"
    journal = Journal()
    store = SqliteStore(path)
    store.migrate()
    with capture_logs(processors=[journal]), serve(store, path, journal, accounts=ACCOUNTS) as site:
        yield site
    store.close()


@pytest.fixture(autouse=True)
def unharmed(site: Site) -> Iterator[None]:
    errors = Errors()
    logging.getLogger().addHandler(errors)
    yield
    logging.getLogger().removeHandler(errors)
    assert site.get("/healthz").status == 200
    assert errors.texts == []
    assert [line for line in site.journal.lines() if line["level"] in {"error", "critical"}] == []


def asked(site: Site, callback: Callback, to: Account, headers: Mapping[str, str] | None = None) -> int:
    return site.ask(request(callback, path=f"/callbacks/{to.name}", headers=headers)).status


@every_account
@so_often(60)
@given(data=st.data())
def test_whatever_is_signed_is_acknowledged_and_stored_byte_for_byte(
    site: Site, to: Account, data: st.DataObject
) -> None:
    """Or it is a redelivery: what differs in spaces alone is one message."""
    source = SOURCES[to.source]
    if to.source in FIELDS and data.draw(st.booleans()):
        callback = data.draw(forms(FIELDS[to.source], to))
    else:
        callback = source.sign(data.draw(bodies(to.source)), to)
    before = site.counted("redelivery", to.name)
    assert asked(site, callback, to) == 200
    assert site.newest() == callback.body or site.counted("redelivery", to.name) == before + 1


@every_account
@so_often(40)
@given(data=st.data())
def test_whatever_is_not_signed_is_never_stored(site: Site, to: Account, data: st.DataObject) -> None:
    """And not acknowledged, unless it carries neither signature nor topic: the console's button."""
    source = SOURCES[to.source]
    claim = data.draw(st.text("0123456789abcdefABCDEF -_=é\t", max_size=70))
    forger = replace(to, secrets=("guessed",))
    callback = data.draw(
        st.one_of(
            bodies(to.source).map(lambda body: source.sign(body, forger)),
            bodies(to.source).map(lambda body: Callback([(b"authorization", claim.encode("latin-1"))], body)),
            bodies(to.source).map(lambda body: Callback([], body)),
        )
    )
    held = site.held()
    status = asked(site, callback, to)
    probe = source.unsigned(callback) and source.topicless(callback)
    assert status == (200 if probe else 401)
    assert site.held() == held


def words(text: bytes, *others: bytes) -> st.SearchStrategy[bytes]:
    return st.sampled_from([*text.split(b"|"), *others])


VALUES = words(
    b"| |0|-1|+5|5, 5|5|1e3|0x5|99999999999999999999|18446744073709551615|chunked|gzip, chunked|chunked, chunked"
    b"|identity|Chunked |\x0bchunked|100-continue|100-Continue, 100-continue|close|keep-alive|Upgrade|h2c|websocket"
    b"|\xff\xfe|\x00|a\rb|a\nb|a\r\n b|a\r\nx: y|%00|\x7f",
    "王".encode(),
    b"a" * 9_000,
    b"a" * 40_000,
)
NAMES = words(
    b"Content-Length|content-length|Transfer-Encoding|Expect|Connection|Upgrade|Host|Authorization|Content-Type|Trailer|TE"
    b"|X-Forwarded-For|x\xff|x y||:",
    b"x" * 9_000,
)
PATHS = st.one_of(
    words(
        b"/callbacks/pandapon|/callbacks/p%61ndapon|/callbacks/%2e%2e/pandapon|/callbacks/../metrics|/callbacks//pandapon"
        b"|/callbacks/%00|/callbacks/\x00|/callbacks/%ff%fe|*||//|/|/%|/callbacks/pandapon#x|/callbacks/pandapon?%"
        b"|http://x/callbacks/pandapon|http://[::1/|http://a:b@/x|/healthz|/readyz|/metrics|/metrics/.."
        b"|/callbacks/{account}|/callbacks/pandapon\\",
        "/callbacks/王".encode(),
        b"/callbacks/" + b"%e7%8e%8b" * 3_000,
        b"/" + b"a" * 60_000,
    ),
    st.binary(max_size=40).map(lambda path: b"/callbacks/" + path),
    st.text(max_size=20).map(lambda path: b"/callbacks/" + path.encode("utf-8", "surrogatepass")),
)
METHODS = words(b"POST|POST|POST|GET|HEAD|PUT|OPTIONS|CONNECT|PRI|get||\xff")
VERSIONS = words(b"HTTP/1.1|HTTP/1.1|HTTP/1.1|HTTP/1.0|HTTP/0.9|HTTP/2.0|HTTP/9.9||RTSP/1.0")
NO_HTTP = st.sampled_from(
    [
        bytes.fromhex("16030100a5010000a10303") + bytes(160),  # TLS
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"SSH-2.0-OpenSSH_9.6\r\n",
        b"\r\n" * 1_000,
        b"\x00" * 1_000,
        b"GET /",
        b"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 20 + b"\r\n",
        b"POST /callbacks/pandapon HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n5;" + b"x" * 70_000,
        b"POST /callbacks/pandapon HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n"
        + b"X: y\r\n" * 20_000
        + b"\r\n",
        b"GET /healthz HTTP/1.1\r\n\r\n" * 1_000,
        b"HEAD /callbacks/pandapon HTTP/1.1\r\nContent-Length: 5\r\n\r\nGET /\r\n\r\n",
    ]
)


@st.composite
def requests(draw: st.DrawFn) -> bytes:
    lines = [b" ".join((draw(METHODS), draw(PATHS), draw(VERSIONS)))]
    lines += [name + b": " + value for name, value in draw(st.lists(st.tuples(NAMES, VALUES), max_size=6))]
    ending = draw(words(b"\r\n|\r\n|\r\n|\n|\r"))
    body = draw(words(b"|{}|hello|5\r\nhello\r\n0\r\n\r\n|-5\r\n|ffffffffffffffffff\r\n"))
    return ending.join((*lines, b"", body if ending == b"\r\n" else b""))


async def _answers(port: int, asked: bytes) -> bytes:
    """What comes within a second, and a moment after the first of it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    said = b""
    try:
        writer.write(asked)
        while piece := await asyncio.wait_for(reader.read(65536), 0.05 if said else 0.9):
            said += piece
    except (TimeoutError, ConnectionError):
        pass  # it may wait for more, or have hung up while we wrote
    finally:
        writer.close()
    return said


async def _all_answers(port: int, asked: list[bytes]) -> list[bytes]:
    return await asyncio.gather(*[_answers(port, each) for each in asked])


@so_often(12)
@given(asked=st.lists(requests() | NO_HTTP | st.binary(max_size=300), min_size=1, max_size=40))
def test_whatever_the_bytes_nothing_breaks(site: Site, asked: list[bytes]) -> None:
    """Paths, headers, lengths, encodings, and what is no HTTP at all; many at a time."""
    held = site.held()
    for each, said in zip(asked, asyncio.run(_all_answers(site.port, asked)), strict=True):
        statuses = {int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", said)}
        assert statuses <= {100, 200, 400, 401, 404, 405, 408, 413, 431, 503}, each
    assert site.held() == held
