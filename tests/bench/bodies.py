"""What is sent: genuine PandaPon callbacks, signed beforehand, each with an order and a push time of its own."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import orjson

from receiver.accounts import Account
from receiver.simulator.planned import Numbers
from receiver.simulator.template import Template, Values
from receiver.sources import SOURCES
from receiver.sources.samples import Sample, samples

ACCOUNT = Account(name="main", source="pandapon", access_key="bench-key", secrets=("bench-secret",))
PATH = f"/callbacks/{ACCOUNT.name}"

#: Bytes of a body: an order with one line, with some twenty, with more than a hundred.
SIZES = (1_300, 4_000, 20_000)

_SAMPLE = "ORDER_BUYER_VIEW_ORDER_STATUS_MODIFY.1688.text"
_LINES = "messageBody.productItems"
_HALF_A_LINE = 70
_SECOND = timedelta(seconds=1)


def bodies(size: int, seed: int) -> Iterator[bytes]:
    """Messages of about this many bytes without end, no two alike: orders with so many lines."""
    [sample] = [each for each in samples(ACCOUNT.source) if each.name == _SAMPLE]
    template = _of_size(sample, size)
    numbers = Numbers(Random(seed))
    now = datetime(2026, 5, 20, tzinfo=UTC)
    while True:
        order = numbers.subject()
        yield template.fill(
            Values(order_id=order, refund_id=order, message_id=order, pushed=now, created=now, occurred=now)
        )
        now += _SECOND


def requests(size: int, seed: int) -> Iterator[bytes]:
    """The same, signed, as the bytes of an HTTP request."""
    sign = SOURCES[ACCOUNT.source].sign
    for body in bodies(size, seed):
        callback = sign(body, ACCOUNT)
        fields = b"".join(b"%b: %b\r\n" % header for header in callback.headers)
        yield (
            b"POST %b HTTP/1.1\r\nhost: callbacks.example.com\r\nuser-agent: okhttp/4.12.0\r\naccept-encoding: gzip\r\n"
            b"%bcontent-length: %d\r\n\r\n%b" % (PATH.encode(), fields, len(body), body)
        )


def write(file: Path, size: int, count: int, seed: int) -> None:
    """For ``load.lua``: each request behind its length in eight digits."""
    made = requests(size, seed)
    with file.open("wb") as out:
        for _ in range(count):
            request = next(made)
            out.write(b"%08d" % len(request))
            out.write(request)
        out.flush()
        os.fsync(out.fileno())  # or the first slices wait for a disk that is still at this


def _of_size(sample: Sample, size: int) -> Template:
    line = orjson.loads(orjson.loads(sample.message)["messageBody"])["productItems"][0]
    lines: list[Any] = [line]
    while True:
        template = Template(sample, {_LINES: lines})
        if len(template.fill(_ANY)) >= size - _HALF_A_LINE:
            return template
        lines.append(line | {"subItemIDString": str(int(line["subItemIDString"]) + len(lines))})


_THEN = datetime(2026, 5, 20, tzinfo=UTC)
_ANY = Values(order_id=1, refund_id=1, message_id=1, pushed=_THEN, created=_THEN, occurred=_THEN)
