"""Bodies that no source would send, most of them made of those that it does."""

import json
import re
from urllib.parse import quote_plus

from hypothesis import strategies as st

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.sources import signature
from receiver.sources.samples import samples

#: JSON that a reader may stumble over, or that is none.
LITERALS = st.sampled_from(
    [
        *b"NaN|Infinity|-Infinity|1e999|-0|1E400000000|nul|01|'x'|null|true|[]|{}|3.5|{|".split(b"|"),
        *(b"9" * 5_000, b"-" + b"9" * 30, b"0." + b"1" * 400, b'"' + b"9" * 300 + b'"', b'"' + b"a" * 70_000 + b'"'),
        *(
            b'""',
            b'"\\ud800"',
            b'"\\u0000"',
            b'"\x00"',
            b'"\xff"',
            b'"\xed\xa0\x80"',
            b'"\\/\\b\\f\\n"',
            "\u2028😀".encode(),
        ),
        *(b"[" * 300 + b"]" * 300, b"[" * 20_000, b'{"a":' * 250 + b"1" + b"}" * 250, b'{"orderId":1,"orderId":2}'),
    ]
)
ENCODINGS = st.sampled_from(["utf-8-sig", "utf-16", "utf-16-be", "utf-32", "gb18030", "latin-1", "cp037"])


@st.composite
def _spoilt(draw: st.DrawFn, message: bytes) -> bytes:
    """A bit turned, a piece cut out or doubled, bytes put in, the end gone."""
    at = draw(st.integers(0, len(message) - 1))
    to = draw(st.integers(at, min(len(message), at + 40)))
    put = draw(st.binary(max_size=8) | LITERALS)
    return draw(
        st.sampled_from(
            [
                message[:at],
                message[at:],
                message[:at] + message[to:],
                message[:to] + message[at:],
                message[:at] + put + message[to:],
                message[:at] + bytes([message[at] ^ 1 << draw(st.integers(0, 7))]) + message[at + 1 :],
            ]
        )
    )


@st.composite
def _replaced(draw: st.DrawFn, message: bytes) -> bytes:
    """The value of one key, wherever it stands, in the text inside the text as well; or the key given twice."""
    keys = list(re.finditer(rb'("[A-Za-z_]+")\s*:\s*("(?:[^"\\]|\\.)*"|[\d.]+|true|false|null)', message))
    if not keys:
        return message
    found = draw(st.sampled_from(keys))
    literal = draw(LITERALS)
    if draw(st.booleans()):
        literal = found[2] + b"," + found[1] + b":" + literal
    return message[: found.start(2)] + literal + message[found.end(2) :]


def _encoded(message: bytes, encoding: str) -> bytes:
    return message.decode().encode(encoding, "replace")


@st.composite
def _reworded(draw: st.DrawFn, message: bytes) -> bytes:
    """The same, every character of it escaped or every space doubled."""
    escaped = json.dumps(json.loads(message), indent=draw(st.sampled_from([None, 0, 3])))
    return escaped.encode()


def bodies(source: str) -> st.SearchStrategy[bytes]:
    """What ``Source.sign()`` takes, and worse."""
    documented = st.sampled_from([sample.message for sample in samples(source)])
    return st.one_of(
        st.binary(max_size=300),
        LITERALS,
        documented.flatmap(_spoilt),
        documented.flatmap(_replaced),
        documented.flatmap(_reworded),
        st.builds(_encoded, documented, ENCODINGS),
    )


@st.composite
def forms(draw: st.DrawFn, signature_field: str, by: Account) -> Callback:
    """A signed form of any fields, written in any way."""
    names = st.sampled_from([b"message", b"message", b"", b"\xff", b"a", b"_aop_timestamp"])
    values = bodies(by.source) | st.sampled_from([b"", b"%", b"%zz", b"+", b"&", b"=", b";"])
    pairs = draw(st.lists(st.tuples(names, values), max_size=5))
    base = b"".join(sorted(key + value for key, value in pairs))
    claim = signature.hex_hmac(signature.encoded(by.secrets[0]), base, "sha1").encode()
    written = [quote_plus(key).encode() + b"=" + quote_plus(value).encode() for key, value in pairs]
    written.insert(draw(st.integers(0, len(written))), signature_field.encode() + b"=" + claim)
    return Callback([(b"content-type", b"application/x-www-form-urlencoded")], b"&".join(written))
