"""``yizhan inbox replay``: what could not be read is read after an upgrade."""

import dataclasses
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import steps
from builders import message
from typer.testing import Result

from receiver import dispatch
from receiver.cli.context import who
from receiver.deliveries import Dispatched, Filters
from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import Event
from receiver.routing import Context, Router
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore, system_clock

Yizhan = Callable[..., Result]
Accept = Callable[..., str]
Owe = Callable[..., int]


@pytest.fixture
def buried(accept: Accept, store: SqliteStore) -> Callable[..., str]:
    """Accept an envelope and find it unreadable; its id."""

    def bury(**options: Any) -> str:
        envelope_id = accept("11", **options)
        store.dispatch([Dispatched(envelope_id=envelope_id, unreadable="a.b: missing")])
        return envelope_id

    return bury


def stored(store: SqliteStore) -> list[str]:
    """What the relay will dispatch, in its order."""
    return [envelope.id for envelope in store.undispatched(100)]


def test_what_a_broken_decoder_buried_is_handled_after_the_upgrade(yizhan: Yizhan, store: SqliteStore) -> None:
    handled = []
    router = Router()

    @router.on(Event, name="note")
    def note(ctx: Context[Event]) -> None:
        handled.append(ctx.event.order_id)

    def fails(_envelope: StoredEnvelope) -> tuple[Event, ...]:
        raise Undecodable("messageBody.orderId", "missing")

    (envelope_id,) = steps.accept(store, message(orderId="42"))
    dispatch.dispatch(store, {"pandapon": dataclasses.replace(SOURCES["pandapon"], decode=fails)}, router)
    assert [envelope.state for envelope in store.envelopes(Filters(), 10)] == ["unreadable"]

    result = yizhan("inbox", "replay", envelope_id)
    assert (result.exit_code, result.stdout) == (0, "replayed 1\n")
    dispatch.dispatch(store, SOURCES, router)
    (offer,) = steps.claim(store, router)
    assert steps.deliver(store, router, offer).state == "succeeded"
    assert handled == ["42"]
    (envelope,) = store.envelopes(Filters(), 10)
    assert (envelope.state, envelope.error, envelope.replays) == ("dispatched", None, 1)


def test_who_and_when_is_kept(yizhan: Yizhan, buried: Callable[..., str]) -> None:
    envelope_id = buried()
    before = datetime.now(UTC) - timedelta(seconds=1)
    yizhan("inbox", "replay", envelope_id)
    shown = json.loads(yizhan("inbox", "show", envelope_id, "--json").stdout)
    assert (shown["replays"], shown["replayed_by"]) == (1, who())
    assert datetime.fromisoformat(shown["replayed_at"]) >= before
    assert f"once, last by {who()}" in yizhan("inbox", "show", envelope_id).stdout


def test_all_that_are_unreadable_go_in_the_order_of_acceptance(
    yizhan: Yizhan, buried: Callable[..., str], accept: Accept, store: SqliteStore
) -> None:
    ids = [buried() for _ in range(3)]
    store.dispatch([Dispatched(envelope_id=accept("11"))])
    assert yizhan("inbox", "replay", "--state", "unreadable").stdout == "replayed 3\n"
    assert stored(store) == ids


@pytest.mark.parametrize(
    ("option", "value", "other"),
    [
        ("--account", "other", {"account": "other"}),
        ("--source", "dajisaas", {"source": "dajisaas"}),
        ("--platform", "1688", {"platform": "1688"}),
        ("--topic", "ORDER_CANCEL", {"topic": "ORDER_CANCEL"}),
    ],
)
def test_each_filter_chooses(
    yizhan: Yizhan,
    buried: Callable[..., str],
    accept: Accept,
    store: SqliteStore,
    *,
    option: str,
    value: str,
    other: dict[str, Any],
) -> None:
    buried()
    chosen = buried(**other)
    store.dispatch([Dispatched(envelope_id=accept("11", **other))])  # read, so no filter chooses it
    result = yizhan("inbox", "replay", option, value)
    assert (result.exit_code, result.stdout) == (0, "replayed 1\n")
    assert stored(store) == [chosen]


def test_times_choose(yizhan: Yizhan, buried: Callable[..., str], store: SqliteStore, clock: Any) -> None:
    ids = []
    for hours in (72, 5, 0):
        clock.now = system_clock() - hours * 3_600_000
        ids.append(buried())
    yizhan("inbox", "replay", "--since", "4d", "--until", "4h")
    assert stored(store) == ids[:2]


def test_a_dry_run_shows_and_changes_nothing(yizhan: Yizhan, buried: Callable[..., str], store: SqliteStore) -> None:
    ids = [buried() for _ in range(12)]
    result = yizhan("inbox", "replay", "--state", "unreadable", "--dry-run")
    assert result.exit_code == 0
    first, _, *lines = result.stdout.splitlines()
    assert first == "would replay 12"
    assert len(lines) == 10
    assert ids[0] in lines[0]
    assert stored(store) == []


def test_what_is_not_unreadable_is_left_and_told_of(
    yizhan: Yizhan, buried: Callable[..., str], owe: Owe, store: SqliteStore
) -> None:
    unreadable = buried()
    delivery = store.delivery(owe("11"))
    assert delivery is not None
    result = yizhan("inbox", "replay", unreadable, delivery.envelope_id)
    assert (result.exit_code, result.stdout) == (1, "replayed 1\n")
    assert result.stderr.startswith("yizhan: 1 of those chosen cannot be replayed: not unreadable; `yizhan deliveries")
    assert stored(store) == [unreadable]


def test_an_unknown_id_changes_nothing(yizhan: Yizhan, buried: Callable[..., str], store: SqliteStore) -> None:
    result = yizhan("inbox", "replay", buried(), "nothing")
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", "yizhan: no envelope nothing\n")
    assert stored(store) == []


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    "arguments",
    [(), ("ID", "--topic", "T"), ("--state", "stored"), ("--since", "yesterday"), ("--topic", "T", "--rate", "0")],
)
def test_wrong_use_says_so(yizhan: Yizhan, arguments: tuple[str, ...]) -> None:
    result = yizhan("inbox", "replay", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr
