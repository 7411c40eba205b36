"""``yizhan order``, beside a process that runs on the store."""

import asyncio
import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import envelope
from typer.testing import Result

from receiver.deliveries import Dispatched, Filters, Started
from receiver.effects import EffectKey
from receiver.standing import Standing
from receiver.store.sqlite import SqliteStore

Yizhan = Callable[..., Result]
Accept = Callable[..., str]
Owe = Callable[..., int]
Attempt = Callable[..., None]

LONGEST_TOPIC = "XIAODIAN_BUYER_VIEW_REVERSE_ORDER_STATUS_CHANGE"


def story(result: Result) -> list[str]:
    """The lines below title and column names, without their times."""
    assert result.exit_code == 0, result.output
    lines = result.stdout.splitlines()[2:]
    assert all(re.match(r"\d\d-\d\d \d\d:\d\d:\d\d\.\d\d\d  \S", line) for line in lines), lines
    return [" ".join(line.split()[2:]) for line in lines]


def test_the_story_of_an_order_reads_from_top_to_bottom(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, accept: Accept, store: SqliteStore, *, clock: Any
) -> None:
    body = b'{"number":"1"}'
    paid = owe("11", event="order.paid", lane="taobao:order:11", body=body, standing=Standing(30, None))
    accept("11", body=body)
    clock.now += 1_000
    attempt("dead", "ValueError at shop.py:7")
    clock.now += 1_000
    store.replay([paid], "mei")
    attempt("succeeded")
    old = owe("11", event="order.created", lane="taobao:order:11", standing=Standing(10, None))
    store.start(store.claim(1, {"shop.note": 1})[0], {"shop.note": timedelta(seconds=30)})
    clock.now += 1_000
    refund = owe("11", refund_id="22", event="refund.requested", lane="taobao:refund:22")
    first, second, third = (each.id for each in store.envelopes(Filters(), 10)[::-1])
    result = yizhan("order", "11")
    due = datetime.fromtimestamp(clock.now / 1000, UTC).astimezone()
    assert result.stdout.splitlines()[0] == "order 11 at taobao, refund 22, 3 callbacks, 1 redelivery"
    assert story(result) == [
        f"1 callback ORDER_PAY_SUCCESS · main (pandapon) · {first}",
        "1 redelivery the same bytes",
        "1 event order.paid · stage 30",
        f"1 attempt shop.note · number 1 failed after 0.120 s: ValueError at shop.py:7 · delivery {paid}",
        f"2 callback ORDER_PAY_SUCCESS · main (pandapon) · {second}",
        "2 event order.created · stage 10",
        f"1 replay shop.note · by mei · delivery {paid}",
        f"1 attempt shop.note · number 2 succeeded after 0.120 s · delivery {paid}",
        f"1 succeeded shop.note · delivery {paid}",
        f"2 skipped shop.note · older than delivery {paid} · delivery {old}",
        f"3 callback ORDER_PAY_SUCCESS · main (pandapon) · {third}",
        "3 event refund.requested · refund 22",
        f"3 waiting shop.note · due {due:%m-%d %H:%M:%S} · delivery {refund}",
    ]


def test_what_a_handler_did_at_the_platform_is_told(yizhan: Yizhan, owe: Owe, store: SqliteStore) -> None:
    delivery_id = owe("11", refund_id="22")
    (offer,) = store.claim(1, {"shop.note": 1})
    started = store.start(offer, {"shop.note": timedelta(seconds=30)})
    assert isinstance(started, Started)
    store.intend(EffectKey("main", "shop.note", "22", "ask-why"), started, timedelta(seconds=30))
    store.note(EffectKey("main", "shop.note", "22", "ask-why"), 1, "unsure", "nobody heard the answer")
    line = f"1 effect shop.note · ask-why unsure, by attempt 1 · nobody heard the answer · delivery {delivery_id}"
    assert line in story(yizhan("order", "22"))
    shown = yizhan("deliveries", "show", delivery_id)
    assert "ask-why  unsure  1" in shown.stdout
    assert "nobody heard the answer" in shown.stdout
    (effect,) = json.loads(yizhan("deliveries", "show", delivery_id, "--json").stdout)["effects"]
    assert (effect["purpose"], effect["state"], effect["attempt"]) == ("ask-why", "unsure", 1)


def test_a_refund_tells_its_order(yizhan: Yizhan, owe: Owe) -> None:
    owe("11", refund_id="22", event="refund.requested")
    assert yizhan("order", "22").stdout.splitlines()[0] == "refund 22 at taobao, of order 11, 1 callback"
    assert story(yizhan("order", " 22 ")) == story(yizhan("order", "22"))


def test_what_is_unreadable_unasked_or_not_dispatched_says_so(
    yizhan: Yizhan, accept: Accept, store: SqliteStore
) -> None:
    ids = [accept("11", body=body) for body in (b"a", b"b", b"a2")]
    assert [line.split(" · ")[-1] for line in story(yizhan("order", "11"))] == ["not dispatched yet"] * 3
    store.dispatch([Dispatched(envelope_id=ids[0]), Dispatched(envelope_id=ids[1], unreadable="a.b: missing")])
    told = story(yizhan("order", "11"))
    assert "1 unasked no handler asked for it" in told
    assert "2 unreadable a.b: missing" in told


def test_what_nobody_can_tell_is_told_as_such(yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore) -> None:
    for content, push_time in (("a", "1"), ("b", "2"), ("a", "3")):
        again = envelope(order_ids=("12",), content={"state": content}, push_time=push_time)
        asyncio.run(store.put([again]))
    assert [line.split(" · ")[3:-1] for line in story(yizhan("order", "12"))] == [
        [],
        [],
        ["ambiguous: perhaps a repeat"],
    ]
    for _ in range(2):
        owe("11", lane="taobao:order:11", standing=Standing(30, None))
        attempt("succeeded")
    decisions = [line for line in story(yizhan("order", "11")) if " succeeded shop.note" in line]
    assert ["nobody can tell" in line for line in decisions] == [False, True]


def test_each_line_of_json_has_time_kind_and_envelope(yizhan: Yizhan, owe: Owe, attempt: Attempt) -> None:
    owe("11")
    attempt("succeeded")
    result = yizhan("order", "11", "--json")
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    assert [line["kind"] for line in lines] == ["callback", "event", "attempt", "decision"]
    for line in lines:
        assert [*line][:2] == ["at", "kind"]
        assert (line["at"], line["envelope_id"]) == ("2026-09-21T14:13:20Z", lines[0]["envelope_id"])
    assert (lines[2]["duration"], lines[3]["state"]) == (0.12, "succeeded")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("arguments", [("nobody",), ("nobody", "--json")])
def test_an_id_that_nobody_named_is_found_wanting_in_one_line(yizhan: Yizhan, arguments: tuple[str, ...]) -> None:
    result = yizhan("order", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "yizhan: no order or refund nobody\n")


def test_no_payload_is_shown(yizhan: Yizhan, owe: Owe, attempt: Attempt) -> None:
    owe("11", body=b'{"receiver":"PLANTED"}')
    attempt("succeeded")
    assert "PLANTED" not in yizhan("order", "11").output + yizhan("order", "11", "--json").output


def test_it_fits_in_a_hundred_columns_and_cuts_nothing(folder: Path, owe: Owe, attempt: Attempt) -> None:
    owe("11", topic=LONGEST_TOPIC, event="order.partly_shipped", handler="shop.note")
    attempt("due", "RuntimeError: " + "the warehouse said no, again and again; " * 4)
    shown = _on_a_terminal(folder, "order", "11")
    assert max(map(len, shown)) <= 100
    words = " ".join("\n".join(shown).split())
    assert LONGEST_TOPIC in words
    assert words.count("the warehouse said no") == 8


def _on_a_terminal(folder: Path, *arguments: str) -> list[str]:
    """The lines that a person sees, without their colours."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 100, 0, 0))
    command = [sys.executable, "-m", "receiver", "--config", str(folder / "yizhan.toml"), *arguments]
    environment = {**os.environ, "TERM": "xterm"}
    environment.pop("COLUMNS", None)
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                shown += (read := os.read(ours, 65_536))
            except OSError:  # the terminal's end, as Linux tells it
                break
            if not read:
                break
    os.close(ours)
    assert process.returncode == 0
    return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode()).splitlines()


@pytest.mark.parametrize("options", [[], ["--json"]])
def test_a_reader_that_goes_is_no_fault(folder: Path, owe: Owe, attempt: Attempt, options: list[str]) -> None:
    for _ in range(300):
        owe("11")
    attempt("succeeded")
    command = [sys.executable, "-m", "receiver", "--config", str(folder / "yizhan.toml"), "order", "11", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.read(10)
        process.stdout.close()
        assert process.stderr.read() == b""
