"""``yizhan inbox``, beside a process that runs on the store."""

import json
import re
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from builders import Clock
from typer.testing import Result

from receiver.deliveries import Dispatched, Filters
from receiver.store.sqlite import SqliteStore, system_clock

Yizhan = Callable[..., Result]
Accept = Callable[..., str]
Owe = Callable[..., int]
Attempt = Callable[..., None]

#: A made-up person, as a body may hold one.
BODY = '{"messageType":"ORDER_CREATE","receiver":"林小雨 13900001111"}\n'.encode()


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_row_has_these_keys_in_this_order_and_no_payload(yizhan: Yizhan, accept: Accept) -> None:
    envelope_id = accept("11", refund_ids=("22",), body=BODY)
    assert accept("11", refund_ids=("22",), body=BODY) == envelope_id
    result = yizhan("inbox", "list", "--json")
    (row,) = rows(result)
    assert list(row.items()) == [
        ("id", envelope_id),
        ("account", "main"),
        ("source", "pandapon"),
        ("platform", "taobao"),
        ("topic", "ORDER_PAY_SUCCESS"),
        ("order_id", "11"),
        ("refund_id", "22"),
        ("state", "stored"),
        ("ambiguous", False),
        ("redeliveries", 1),
        ("received_at", "2026-09-21T14:13:20Z"),
        ("error", None),
        ("replays", 0),
        ("replayed_by", None),
        ("replayed_at", None),
        ("pruned_at", None),
    ]


def test_the_list_is_newest_first_and_limited(yizhan: Yizhan, accept: Accept) -> None:
    ids = [accept("1") for _ in range(21)]
    assert [row["id"] for row in rows(yizhan("inbox", "list", "--json"))] == ids[:0:-1]
    assert [row["id"] for row in rows(yizhan("inbox", "list", "--json", "--limit", 2))] == [ids[20], ids[19]]


@pytest.mark.parametrize(
    ("option", "value", "other"),
    [
        ("--account", "other", {"account": "other"}),
        ("--source", "dajisaas", {"source": "dajisaas"}),
        ("--platform", "1688", {"platform": "1688"}),
        ("--topic", "ORDER_CANCEL", {"topic": "ORDER_CANCEL"}),
        ("--refund", "9", {"refund_ids": ("8", "9")}),
    ],
)
def test_each_filter_leaves_what_is_so(
    yizhan: Yizhan, accept: Accept, option: str, value: str, other: dict[str, Any]
) -> None:
    accept("1")
    envelope_id = accept("1", **other)
    assert [row["id"] for row in rows(yizhan("inbox", "list", "--json", option, value))] == [envelope_id]


def test_an_order_is_found_in_an_envelope_that_names_several(yizhan: Yizhan, accept: Accept) -> None:
    accept("1")
    batch = accept("2", "3")
    for order_id in ("2", "3"):
        assert [row["id"] for row in rows(yizhan("inbox", "list", "--json", "--order", order_id))] == [batch]


def test_state_is_a_filter_and_a_wrong_one_is_wrong_use(yizhan: Yizhan, accept: Accept, store: SqliteStore) -> None:
    envelope_id = accept("1")
    store.dispatch([Dispatched(envelope_id=envelope_id, unreadable="messageBody.orderId: missing")])
    accept("1")
    (row,) = rows(yizhan("inbox", "list", "--json", "--state", "unreadable"))
    assert (row["id"], row["error"]) == (envelope_id, "messageBody.orderId: missing")
    result = yizhan("inbox", "list", "--state", "dead")
    assert result.exit_code == 2
    for state in ("stored", "dispatched", "unreadable"):
        assert f"'{state}'" in result.stderr


def test_a_span_reaches_back_from_now(yizhan: Yizhan, accept: Accept, clock: Any) -> None:
    ids = []
    for hours in (72, 5, 0):
        clock.now = system_clock() - hours * 3_600_000
        ids.append(accept("1"))
    for arguments, expected in (
        (("--since", "2h"), ids[2:]),
        (("--since", "301m"), ids[1:]),
        (("--since", "4d", "--until", "4h"), ids[:2]),
    ):
        assert [row["id"] for row in rows(yizhan("inbox", "list", "--json", *arguments))] == expected[::-1]


@pytest.fixture
def _in_china() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "CST-8")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_china")
def test_a_time_without_a_zone_is_local(yizhan: Yizhan, accept: Accept) -> None:
    accept("1")  # 14:13:20 UTC
    for since, found in (("2026-09-21T22:13:20", 1), ("2026-09-21T22:13:21", 0), ("2026-09-21T14:13:21Z", 0)):
        assert len(rows(yizhan("inbox", "list", "--json", "--since", since))) == found


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("since", ["yesterday", "2h ago", "2026-13-01", "99999999999999d", "0001-01-01"])
def test_what_is_no_time_is_wrong_use(yizhan: Yizhan, since: str) -> None:
    assert yizhan("inbox", "list", "--since", since).exit_code == 2


def test_the_table_notes_what_is_unreadable(yizhan: Yizhan, accept: Accept, store: SqliteStore) -> None:
    envelope_id = accept("11", refund_ids=("22",))
    store.dispatch([Dispatched(envelope_id=envelope_id, unreadable="body: expected an object")])
    title, line = yizhan("inbox", "list").stdout.splitlines()
    assert " ".join(title.split()) == "received id account topic order / refund state redeliveries note"
    day, hour, *words = line.split()
    assert re.fullmatch(r"\d\d-\d\d \d\d:\d\d:\d\d", f"{day} {hour}")
    assert " ".join(words) == f"{envelope_id} main ORDER_PAY_SUCCESS 11 / 22 unreadable 0 body: expected an object"


def test_show_tells_the_deliveries_and_their_attempts_without_the_payload(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore
) -> None:
    delivery_id = owe("11", body=BODY)
    attempt("dead", "ValueError at shop.py:7")
    (envelope,) = store.envelopes(Filters(), 1)
    result = yizhan("inbox", "show", envelope.id, "--json")
    (row,) = rows(result)
    (delivery,) = row.pop("deliveries")
    assert row == rows(yizhan("inbox", "list", "--json"))[0]
    history = delivery.pop("history")
    assert delivery == rows(yizhan("deliveries", "list", "--json"))[0]
    assert [(each["number"], each["outcome"], each["duration"]) for each in history] == [(1, "failed", 0.12)]
    told = yizhan("inbox", "show", envelope.id)
    assert told.exit_code == 0
    for word in (envelope.id, "2026-09-", "shop.note", "dead", "0.120 s", "ValueError at shop.py:7"):
        assert word in told.stdout
    assert str(delivery_id) in told.stdout
    assert "13900001111" not in told.output + result.output


def test_the_payload_is_shown_byte_for_byte_where_it_is_asked_for(yizhan: Yizhan, accept: Accept) -> None:
    envelope_id = accept("1", body=BODY)
    assert yizhan("inbox", "show", envelope_id, "--payload").stdout_bytes == BODY
    (row,) = rows(yizhan("inbox", "show", envelope_id, "--payload", "--json"))
    assert row["payload"] == BODY.decode()


def test_a_payload_that_was_pruned_is_told_as_such(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore, clock: Clock
) -> None:
    """Neither an empty body nor a replay of nothing."""
    delivery_id = owe(body=BODY)
    attempt("succeeded")
    clock.pass_time(seconds=2)
    assert store.prune(timedelta(seconds=1), 10).envelopes == 1
    (row,) = rows(yizhan("inbox", "list", "--json"))
    assert row["pruned_at"] == "2026-09-21T14:13:22Z"
    assert "payload pruned" in yizhan("inbox", "show", row["id"]).stdout
    result = yizhan("inbox", "show", row["id"], "--payload")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == f"yizhan: the payload of {row['id']} was pruned on 2026-09-21\n"
    result = yizhan("deliveries", "replay", delivery_id)
    assert (result.exit_code, result.stdout) == (1, "replayed 0\n")
    assert "or their payload was pruned" in result.stderr


@pytest.mark.usefixtures("store")
def test_an_unknown_envelope_is_named(yizhan: Yizhan) -> None:
    result = yizhan("inbox", "show", "nothing")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "yizhan: no envelope nothing\n")
