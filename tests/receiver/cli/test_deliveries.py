"""``yizhan deliveries``, beside a process that runs on the store."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from builders import Clock
from typer.testing import Result

from receiver.cli.context import who
from receiver.deliveries import Filters, Skipped
from receiver.standing import Standing
from receiver.store.sqlite import SqliteStore, system_clock

Yizhan = Callable[..., Result]
Owe = Callable[..., int]
Attempt = Callable[..., None]

NOW = "2026-09-21T14:13:20Z"


def rows(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 0, result.output
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_row_has_these_keys_in_this_order(yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore) -> None:
    delivery_id = owe("11", refund_id="22", event="refund", lane="taobao:refund:22")
    attempt("dead", "ValueError at shop.py:7")
    store.replay([delivery_id], "li")
    (row,) = rows(yizhan("deliveries", "list", "--json"))
    (envelope,) = store.envelopes(Filters(), 1)
    assert list(row.items()) == [
        ("id", delivery_id),
        ("envelope_id", envelope.id),
        ("account", "main"),
        ("source", "pandapon"),
        ("platform", "taobao"),
        ("topic", "ORDER_PAY_SUCCESS"),
        ("event", "refund"),
        ("order_id", "11"),
        ("refund_id", "22"),
        ("handler", "shop.note"),
        ("state", "due"),
        ("attempts", 1),
        ("due_at", NOW),
        ("error", None),
        ("uncertain", False),
        ("older_than", None),
        ("created_at", NOW),
        ("ended_at", None),
        ("replays", 1),
        ("replayed_by", "li"),
        ("replayed_at", NOW),
        ("number", 0),
    ]


def test_the_list_is_newest_first_and_limited(yizhan: Yizhan, owe: Owe) -> None:
    ids = [owe() for _ in range(21)]
    assert [row["id"] for row in rows(yizhan("deliveries", "list", "--json"))] == ids[:0:-1]
    assert [row["id"] for row in rows(yizhan("deliveries", "list", "--json", "--limit", 2))] == [ids[20], ids[19]]


OTHER: Mapping[str, tuple[str, str]] = {
    "account": ("account", "other"),
    "source": ("source", "dajisaas"),
    "platform": ("platform", "1688"),
    "topic": ("topic", "ORDER_CANCEL"),
    "event": ("event", "refund"),
    "order": ("order_id", "2"),
    "refund": ("refund_id", "9"),
    "handler": ("handler", "shop.other"),
}


@pytest.mark.parametrize("option", OTHER)
def test_each_filter_leaves_what_is_so(yizhan: Yizhan, owe: Owe, option: str) -> None:
    name, value = OTHER[option]
    owe()
    other = owe(**{name: value})
    assert [row["id"] for row in rows(yizhan("deliveries", "list", "--json", f"--{option}", value))] == [other]


def test_state_and_envelope_are_filters_too(yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore) -> None:
    ended = owe()
    attempt("skipped")
    due = owe()
    (newest,) = store.deliveries(Filters(), 1)
    assert [row["id"] for row in rows(yizhan("deliveries", "list", "--json", "--state", "skipped"))] == [ended]
    assert [row["id"] for row in rows(yizhan("deliveries", "list", "--json", "--envelope", newest.envelope_id))] == [
        due
    ]


@pytest.mark.usefixtures("store")
def test_an_unknown_state_is_wrong_use_and_the_answer_names_the_states(yizhan: Yizhan) -> None:
    result = yizhan("deliveries", "list", "--state", "failed")
    assert result.exit_code == 2
    for state in ("due", "offered", "running", "succeeded", "skipped", "dead"):
        assert f"'{state}'" in result.stderr


def test_the_table_tells_what_the_rows_tell(yizhan: Yizhan, owe: Owe, attempt: Attempt) -> None:
    delivery_id = owe("11", refund_id="22", event="refund")
    attempt("dead", "ValueError at shop.py:7")
    result = yizhan("deliveries", "list")
    assert result.exit_code == 0
    title, line = result.stdout.splitlines()
    assert " ".join(title.split()) == "id created account event order / refund handler state attempts due error"
    number, _day, _hour, *words = line.split()
    assert number == str(delivery_id)
    assert " ".join(words) == "main refund 11 / 22 shop.note dead 1 ValueError at shop.py:7"


def test_show_tells_the_attempts_and_the_replays(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore
) -> None:
    delivery_id = owe()
    attempt("dead", "ValueError at shop.py:7")
    store.replay([delivery_id], "li")
    attempt("succeeded")
    (row,) = rows(yizhan("deliveries", "show", delivery_id, "--json"))
    assert (row["id"], row["attempts"], row["replays"], row["replayed_by"]) == (delivery_id, 2, 1, "li")
    failed = {"number": 1, "started_at": NOW, "outcome": "failed", "duration": 0.12, "error": "ValueError at shop.py:7"}
    assert row["history"] == [failed, {**failed, "number": 2, "outcome": "succeeded", "error": None}]
    told = yizhan("deliveries", "show", delivery_id).stdout
    assert "replayed     once, last by li" in told
    assert "0.120 s   ValueError at shop.py:7" in told


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize("command", ["show", "replay", "bury"])
def test_an_unknown_id_is_named_and_a_word_is_wrong_use(yizhan: Yizhan, command: str) -> None:
    unknown = yizhan("deliveries", command, 10**30)
    assert unknown.exit_code == 1
    assert f"no delivery {10**30}" in unknown.stderr
    assert yizhan("deliveries", command, "latest").exit_code == 2


def test_replay_makes_ended_ones_due_and_keeps_who_and_when(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore
) -> None:
    ids = [owe() for _ in range(3)]
    attempt("dead", "ValueError at shop.py:7")
    before = datetime.now(UTC)
    result = yizhan("deliveries", "replay", *ids[:2], ids[0])
    assert (result.exit_code, result.stdout) == (0, "replayed 2\n")
    third, second, first = store.deliveries(Filters(), 3)
    assert [row.state for row in (first, second, third)] == ["due", "due", "dead"]
    for row in (first, second):
        assert (row.replays, row.replayed_by) == (1, who())
        assert row.replayed_at is not None
        assert abs((row.replayed_at - before).total_seconds()) < 10  # the command's own clock


def test_one_unknown_id_among_several_replays_none(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore
) -> None:
    delivery_id = owe()
    attempt("dead", "x")
    result = yizhan("deliveries", "replay", delivery_id, 7, 8)
    assert (result.exit_code, result.stderr) == (1, "yizhan: no delivery 7, 8\n")
    assert store.deliveries(Filters(), 1)[0].state == "dead"


def test_what_has_not_ended_is_not_replayed_and_counted(yizhan: Yizhan, owe: Owe, attempt: Attempt) -> None:
    ended = owe()
    attempt("succeeded")
    due = owe()
    result = yizhan("deliveries", "replay", ended, due)
    assert (result.exit_code, result.stdout) == (1, "replayed 1\n")
    assert (
        result.stderr
        == "yizhan: 1 of those chosen cannot be replayed: they have not ended, or their payload was pruned\n"
    )


def test_filters_choose_dead_ones_and_say_so_unless_a_state_is_given(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore
) -> None:
    dead = owe()
    attempt("dead", "x")
    succeeded = owe()
    attempt("succeeded")
    owe(handler="shop.other")
    result = yizhan("deliveries", "replay", "--handler", "shop.note")
    assert (result.exit_code, result.stdout) == (0, "replayed 1\n")
    assert "only dead deliveries are chosen" in result.stderr
    assert store.delivery_ids(Filters(state="succeeded")) == [succeeded]
    result = yizhan("deliveries", "replay", "--state", "succeeded")
    assert (result.exit_code, result.stdout, result.stderr) == (0, "replayed 1\n", "")
    assert {row.id: row.replays for row in store.deliveries(Filters(handler="shop.note"), 9)} == {
        dead: 1,
        succeeded: 1,
    }


@pytest.mark.parametrize("option", ["account", "event", "order", "refund", "handler"])
def test_each_filter_of_replay_leaves_what_is_so(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore, option: str
) -> None:
    name, value = OTHER[option]
    owe()
    other = owe(**{name: value})
    attempt("dead", "x")
    assert yizhan("deliveries", "replay", f"--{option}", value).stdout == "replayed 1\n"
    assert store.delivery_ids(Filters(state="due")) == [other]


def test_since_and_until_bound_when_it_was_received(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore, clock: Any
) -> None:
    ids = []
    for _ in range(3):
        ids.append(owe())
        clock.now += 60_000
    attempt("dead", "x")
    result = yizhan("deliveries", "replay", "--since", "2026-09-21T14:14:20Z", "--until", "2026-09-21T22:15:20+08:00")
    assert result.stdout == "replayed 1\n"
    assert store.delivery_ids(Filters(state="due")) == [ids[1]]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "nothing chosen: give ids, or filters such as --handler"),
        (("--rate", "2"), "nothing chosen"),
        (("1", "--state", "dead"), "give ids or filters, not both"),
        (("1", "--rate", "0"), "--rate: expected a number above 0"),
        (("1", "--rate", "nan"), "--rate: expected a number above 0"),
        (("--state", "due"), "'skipped'"),
        (("--since", "yesterday"), "'yesterday': expected a time such as"),
    ],
)
@pytest.mark.usefixtures("store")
def test_wrong_use_of_replay_says_what_to_give(yizhan: Yizhan, arguments: tuple[str, ...], said: str) -> None:
    result = yizhan("deliveries", "replay", *arguments)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_dry_run_tells_how_many_and_the_first_and_changes_nothing(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore
) -> None:
    ids = [owe(str(number)) for number in range(12)]
    attempt("dead", "x")
    before = store.deliveries(Filters(), 100)
    for arguments in (("--state", "dead"), ids):
        result = yizhan("deliveries", "replay", *arguments, "--dry-run")
        assert result.exit_code == 0
        told, _titles, *lines = result.stdout.splitlines()
        assert told == "would replay 12"
        assert [int(line.split()[0]) for line in lines] == ids[:10]
    assert store.deliveries(Filters(), 100) == before


def test_a_lane_is_replayed_in_order_across_transactions(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore, clock: Any
) -> None:
    ids = [owe(lane="taobao:order:1") for _ in range(3)]
    for _ in ids:
        attempt("dead", "x")
    assert yizhan("deliveries", "replay", *ids[::-1], "--rate", 10).stdout == "replayed 3\n"
    clock.now = system_clock()
    for delivery_id in ids:
        (offer,) = store.claim(10, {"shop.note": 10})
        assert offer.delivery_id == delivery_id
        store.bury([delivery_id], "test")


def test_hundreds_are_replayed_at_once(yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore) -> None:
    ids = [owe() for _ in range(450)]
    attempt("dead", "x")
    assert yizhan("deliveries", "replay", "--state", "dead").stdout == "replayed 450\n"
    assert store.delivery_ids(Filters(state="due")) == ids


def test_a_rate_is_kept(yizhan: Yizhan, owe: Owe, attempt: Attempt) -> None:
    for _ in range(4):
        owe()
    attempt("dead", "x")
    began = time.monotonic()
    assert yizhan("deliveries", "replay", "--state", "dead", "--rate", 10).stdout == "replayed 4\n"
    assert 0.29 < time.monotonic() - began < 2


def test_long_work_draws_a_bar_on_stderr_alone(folder: Path, owe: Owe, attempt: Attempt) -> None:
    for _ in range(4):
        owe()
    attempt("dead", "x")
    ours, theirs = os.openpty()
    ended = subprocess.run(
        [sys.executable, "-m", "receiver", "deliveries", "replay", "--state", "dead", "--rate", "3"],
        cwd=folder,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=theirs,
        check=True,
    )
    os.close(theirs)
    drawn = os.read(ours, 65536).decode()
    os.close(ours)
    assert ended.stdout == b"replayed 4\n"
    assert "replaying" in drawn
    assert "%" in drawn


def test_a_reader_that_has_gone_ends_the_list_quietly(folder: Path, owe: Owe) -> None:
    owe()
    for arguments in (["list"], ["list", "--json"], ["show", "1"], ["show", "1", "--json"]):
        reading, writing = os.pipe()
        os.close(reading)
        ended = subprocess.run(
            [sys.executable, "-m", "receiver", "deliveries", *arguments],
            cwd=folder,
            stdout=writing,
            stderr=subprocess.PIPE,
            check=False,
        )
        os.close(writing)
        assert ended.stderr == b""


def test_bury_gives_up_what_is_due_or_offered(yizhan: Yizhan, owe: Owe, store: SqliteStore) -> None:
    ids = [owe(), owe()]
    store.claim(1, {"shop.note": 1})
    result = yizhan("deliveries", "bury", *ids)
    assert (result.exit_code, result.stdout) == (0, "buried 2\n")
    assert {(row.state, row.error) for row in store.deliveries(Filters(), 9)} == {("dead", f"buried by {who()}")}


def test_bury_names_what_runs_or_has_ended(yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore) -> None:
    ended = owe()
    attempt("succeeded")
    running = owe()
    attempt("running")
    due = owe()
    result = yizhan("deliveries", "bury", running, due, ended)
    assert (result.exit_code, result.stdout) == (1, "buried 1\n")
    assert result.stderr == f"yizhan: cannot be buried: {ended} is succeeded, {running} is running\n"
    assert store.delivery_ids(Filters(state="running")) == [running]


def test_burying_one_that_waits_starts_no_second_of_its_lane(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore, clock: Any
) -> None:
    dead, running, waiting = (owe(lane="taobao:order:1") for _ in range(3))
    attempt("dead", "x")
    attempt("running")
    assert yizhan("deliveries", "replay", dead).exit_code == 0
    assert yizhan("deliveries", "bury", waiting).exit_code == 0
    clock.now = system_clock()
    assert store.delivery_ids(Filters(state="running")) == [running]
    assert store.claim(10, {"shop.note": 10}) == []


def test_a_replay_says_how_many_are_old_news_and_runs_them_when_asked_to(
    yizhan: Yizhan, owe: Owe, attempt: Attempt, store: SqliteStore, clock: Clock
) -> None:
    """Paid failed, shipped succeeded: paid is old news now."""
    paid = owe("7", lane="1688:order:7", standing=Standing(30, None))
    attempt("dead", "E")
    owe("7", lane="1688:order:7", standing=Standing(40, None))
    attempt("succeeded")
    told = yizhan("deliveries", "replay", str(paid), "--dry-run").stdout
    assert told.startswith("would replay 1, of which 1 are old news and will be skipped")
    assert yizhan("deliveries", "replay", str(paid)).stdout.startswith("replayed 1, of which 1 are old news")
    clock.now = system_clock()
    attempt_all(store)
    assert "older than   delivery 2" in yizhan("deliveries", "show", str(paid)).stdout
    assert yizhan("deliveries", "replay", str(paid), "--stale", "run").stdout == "replayed 1\n"
    clock.now = system_clock()
    attempt("succeeded")
    assert rows(yizhan("deliveries", "list", "--state", "succeeded", "--json"))[1]["id"] == paid


def attempt_all(store: SqliteStore) -> None:
    """Start what is due; all of it is skipped."""
    for offer in store.claim(10, {"shop.note": 10}):
        assert isinstance(store.start(offer, {"shop.note": timedelta(seconds=30)}), Skipped)
