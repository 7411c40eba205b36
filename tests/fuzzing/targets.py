"""What is fuzzed: each target takes any bytes, and raises only if something is wrong.

A *seed* is what the fuzzer begins with.
"""

import contextlib
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import builders

from receiver import exact, settings
from receiver.envelope import Callback, Envelope
from receiver.errors import CallbackRejected, HandlerFailure, Undecodable
from receiver.exchange import Response
from receiver.sources import SOURCES, authorization, form, signature
from receiver.sources.base import Source
from receiver.sources.samples import samples

FIELDS = {"alibaba1688": b"_aop_signature", "dajisaas": b"_dj_signature"}


@dataclass(frozen=True, slots=True)
class Target:
    run: Callable[[bytes], None]
    seeds: tuple[bytes, ...]


def signed_body(source: Source, body: bytes) -> None:
    """Whatever it is, it gets in as it is; what it becomes can be stored, and is filed where its events lie."""
    account = builders.account(source.name)
    if source.name in FIELDS:
        callback = signed_form(body, source.name)
        if callback is None:
            return
    else:
        callback = authorization.signed(body, b"test-key" + body, account)
    envelope = source.open_callback(callback, account)
    assert envelope.payload == callback.body
    source.topicless(callback)
    for text in (envelope.topic, *envelope.order_ids, *envelope.refund_ids):
        assert text is None or (text and "\0" not in text and len(text.encode()) <= 4 * exact.MAX_IDENTIFIER)
    with contextlib.suppress(Undecodable):
        events = source.decode(builders.stored(callback.body, source=source.name, account=source.name))
        assert [event.lane for event in events if event.lane is not None] == lanes(envelope)
        assert {event.topic for event in events} == {envelope.topic}
        for event in events:
            event.model_dump_json()
    with contextlib.suppress(Undecodable):
        source.message(callback.body)


def lanes(envelope: Envelope) -> list[str]:
    subjects = [f"refund:{each}" for each in envelope.refund_ids] or [f"order:{each}" for each in envelope.order_ids]
    return [f"{envelope.platform or '-'}:{subject}" for subject in subjects]


def signed_form(body: bytes, source: str) -> Callback | None:
    """``None``: it has a signature already, or more fields than are read."""
    field = FIELDS[source]
    try:
        pairs = form.parse(body + b"&" + field + b"=")
    except form.TooManyFieldsError:
        return None
    if [key for key, _ in pairs].count(field) > 1:
        return None
    base = b"".join(sorted(key + value for key, value in pairs if key != field))
    return Callback((), body + b"&" + field + b"=" + signature.hex_hmac(b"test-secret", base, "sha1").encode())


def unsigned_body(source: Source, data: bytes) -> None:
    """Signed with another secret, or not at all; the first bytes are the header, up to a line's end."""
    claim, _, body = data.partition(b"\n")
    callback = Callback(((b"authorization", claim),), body)
    source.unsigned(callback)
    source.topicless(callback)
    try:
        source.open_callback(callback, builders.account(source.name, secrets=("another-secret",)))
    except CallbackRejected:
        return
    raise AssertionError("let in without a signature")


def exactly(data: bytes) -> None:
    """No digit is lost: what is read is what the standard library reads with decimals whole."""
    try:
        found = exact.loads(data)
    except exact.NotJson:
        return
    text = data.removeprefix(b"\xef\xbb\xbf")
    assert same(found, json.loads(text, parse_float=Decimal))
    with contextlib.suppress(exact.NotJson):
        exact.dumps_sorted(found)


def same(found: Any, expected: Any) -> bool:
    """A float that stands for a decimal is written with the same digits."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key]) for key in expected)
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(same, found, expected))
    if isinstance(expected, Decimal) and isinstance(found, float):
        return float(expected) == found and (len(expected.as_tuple().digits) > 15 or Decimal(repr(found)) == expected)
    return bool(found == expected) and isinstance(found, bool) == isinstance(expected, bool)


def answer(source: Source, data: bytes) -> None:
    """Of the platform's API: what was asked for, or a failure that says whether to try again."""
    if source.calling is not None:
        for status in (200, 500):
            with contextlib.suppress(HandlerFailure):
                source.calling.read_response(Response(status=status, headers={}, body=data))


def configuration(data: bytes) -> None:
    """Settings, or faults of one line each."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "yizhan.toml").write_bytes(data)
        found, faults = settings.read(environ={}, cwd=Path(folder))
        assert (found is None) == bool(faults)
        assert not any("\n" in str(fault) for fault in faults)


CONFIGURATION = b"""[store]
url = "postgresql://u:p@h/d"
[web]
port = 1
[handlers.shop]
router = "shop:create"
secret_file = "x"
[[accounts]]
name = "main"
source = "pandapon"
access_key = "k"
access_secret = ["s", "t"]
signature_base = ["{access_key}{body}"]
[accounts.api]
recipe.base = "{access_key}{secret}"
[accounts.operations]
"taobao.order.detail" = {method = "GET", path = "/x"}
"""
NUMBERS = (
    b'\xef\xbb\xbf{"a":[1234567890123456789012,-0.0,1.10,1e5,12345678.123456789,true,null,"\\u00e9\\ud83d\\ude00"]}'
)


def targets() -> Mapping[str, Target]:
    return dict(_targets())


def _targets() -> Iterator[tuple[str, Target]]:
    for name, source in SOURCES.items():
        account = builders.account(name)
        messages = [sample.message for sample in samples(name)]
        genuine = [source.sign(message, account) for message in messages]
        bodies = tuple(callback.body.partition(b"&_")[0] for callback in genuine)
        heads = tuple(b"0" * 64 + b"\n" + callback.body for callback in genuine)
        yield f"{name}-signed", Target(partial(signed_body, source), bodies)
        yield f"{name}-unsigned", Target(partial(unsigned_body, source), heads)
        if source.calling is not None:
            answers = (b'{"code":200,"data":{"id":1}}', b'{"success":false,"errorCode":"x"}', b"<html>")
            yield f"{name}-answer", Target(partial(answer, source), answers)
    yield "exact", Target(exactly, (NUMBERS, *[sample.message for sample in samples("pandapon")]))
    yield "settings", Target(configuration, (CONFIGURATION,))
