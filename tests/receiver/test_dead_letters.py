"""Dead letters as events: who asks by name is told what was given up, of which order, and why. Once, whatever dies."""

from collections.abc import Callable
from pathlib import Path

import pytest
from builders import Clock, account, callback, message
from processes import Yizhan, wait_until
from steps import accept, claim, deliver
from typer.testing import CliRunner

from receiver import dispatch
from receiver.cli import app
from receiver.deliveries import UNREADABLE, Delivery, Filters
from receiver.errors import PermanentFailure
from receiver.events import DeadLetter, DeliveryBuried, EnvelopeUnreadable, Event, OrderEvent
from receiver.routing import Context, Router
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore, connecting
from receiver.sweep import sweep

CREATED = message("ORDER_CREATE", orderId="42")


@pytest.fixture
def told() -> list[Event]:
    return []


@pytest.fixture
def router(told: list[Event]) -> Router:
    """One handler that fails for good, one that is told, and one of every event."""
    router = Router()

    @router.on(OrderEvent, name="shop.fails")
    def fails(ctx: Context[OrderEvent]) -> None:
        raise PermanentFailure("asked to")

    @router.on(DeadLetter, name="shop.told")
    def tell(ctx: Context[DeadLetter]) -> None:
        told.append(ctx.event)

    @router.on(Event, name="shop.journal")
    def journal(ctx: Context[Event]) -> None:
        assert not isinstance(ctx.event, DeadLetter)

    return router


def attempt_all(store: SqliteStore, router: Router) -> list[Delivery]:
    return [deliver(store, router, offer) for offer in claim(store, router)]


def test_burial_is_told_with_what_it_was_about(
    store: SqliteStore, router: Router, told: list[Event], clock: Clock
) -> None:
    accept(store, CREATED)
    dispatch.dispatch(store, SOURCES, router)
    dead = next(one for one in attempt_all(store, router) if one.state == "dead")
    sweep(store, router)
    (told_of,) = attempt_all(store, router)
    assert (told_of.handler, told_of.event, told_of.state) == ("shop.told", "delivery.buried", "succeeded")
    assert told == [
        DeliveryBuried(
            account="pandapon",
            source="pandapon",
            platform="1688",
            topic="ORDER_CREATE",
            order_id="42",
            occurred_at=dead.ended_at,
            error=dead.error,
            delivery_id=dead.id,
            handler="shop.fails",
            event_type="order.created",
            attempts=1,
            raw={},
        )
    ]
    sweep(store, router)
    assert claim(store, router) == []


def test_unreadable_envelope_is_told_as_it_is_buried(store: SqliteStore, router: Router, told: list[Event]) -> None:
    (envelope_id,) = accept(store, b'{"messageType": "ORDER_CREATE", "messageBody": 7, "messagePlatform": 1}')
    dispatch.dispatch(store, SOURCES, router)
    (envelope,) = store.envelopes(Filters(), 10)
    assert (envelope.id, envelope.state) == (envelope_id, "unreadable")
    (delivery,) = attempt_all(store, router)
    assert (delivery.handler, delivery.number, delivery.state) == ("shop.told", UNREADABLE, "succeeded")
    (event,) = told
    assert isinstance(event, EnvelopeUnreadable)
    assert (event.error, event.topic, event.raw) == (envelope.error, "ORDER_CREATE", {})


def test_unreadable_envelope_is_told_once(store: SqliteStore, router: Router, told: list[Event]) -> None:
    """Replayed after an upgrade, and unreadable still."""
    (envelope_id,) = accept(store, b'{"messageType": "ORDER_CREATE", "messageBody": 7, "messagePlatform": 1}')
    for _ in range(2):
        dispatch.dispatch(store, SOURCES, router)
        attempt_all(store, router)
        store.replay_envelopes([envelope_id], "li")
    assert len(told) == 1


def test_envelope_of_a_source_that_is_gone_is_told(store: SqliteStore, router: Router, told: list[Event]) -> None:
    accept(store, CREATED)
    dispatch.dispatch(store, {}, router)
    attempt_all(store, router)
    assert [event.type for event in told] == ["envelope.unreadable"]


def test_effect_of_one_burial_is_not_that_of_another(store: SqliteStore) -> None:
    """Two that died of one order: once each."""
    done: list[int] = []
    router = Router()
    for name in ("a", "b"):
        router.on(OrderEvent, name=name, max_attempts=1)(_raises)

    @router.on(DeliveryBuried, name="told")
    def tell(ctx: Context[DeliveryBuried]) -> None:
        ctx.once("page", lambda: done.append(ctx.event.delivery_id))

    accept(store, CREATED)
    dispatch.dispatch(store, SOURCES, router)
    dead = [one.id for one in attempt_all(store, router)]
    sweep(store, router)
    attempt_all(store, router)
    assert sorted(done) == dead


def _raises(ctx: Context[OrderEvent]) -> None:
    raise ValueError


def test_commands_show_which_delivery_it_is_about(tmp_path: Path, router: Router) -> None:
    """In ``deliveries list``, in ``deliveries show``, and in the story of its order."""
    (tmp_path / "yizhan.toml").write_text('[store]\nurl = "sqlite:///yizhan.db"\n')
    store = SqliteStore(tmp_path / "yizhan.db")
    store.migrate()
    accept(store, CREATED)
    dispatch.dispatch(store, SOURCES, router)
    dead = next(one for one in attempt_all(store, router) if one.state == "dead")
    sweep(store, router)
    (told_of,) = attempt_all(store, router)
    store.close()

    def said(*command: str) -> str:
        result = CliRunner().invoke(app, ["--config", str(tmp_path / "yizhan.toml"), *command], catch_exceptions=False)
        assert result.exit_code == 0, result.output
        return result.stdout

    assert "delivery.buried" in said("deliveries", "list", "--handler", "shop.told")
    assert f"of           delivery {dead.id}\n" in said("deliveries", "show", str(told_of.id))
    assert f"delivery.buried · of delivery {dead.id}" in " ".join(said("order", "42").split())


#: Beside yizhan.toml: fails for good, and notes what it is told.
SHOP = """
import pathlib, time
from receiver import Context, PermanentFailure, Router
from receiver.events import DeliveryBuried, OrderEvent

router = Router()
HERE = pathlib.Path(__file__).parent

@router.on(OrderEvent, name="shop.fails")
def fails(ctx: Context[OrderEvent]) -> None:
    raise PermanentFailure("asked to")

@router.on(DeliveryBuried, name="shop.told")
def told(ctx: Context[DeliveryBuried]) -> None:
    while (HERE / "hold").exists():
        (HERE / "held").touch()
        time.sleep(0.02)
    with (HERE / "told.txt").open("a") as file:
        file.write(f"{ctx.event.delivery_id} {ctx.event.handler} {ctx.event.order_id}\\n")
"""


def lines(folder: Path) -> list[str]:
    file = folder / "told.txt"
    return file.read_text().splitlines() if file.exists() else []


def ended(yizhan: Yizhan, event: str, state: str) -> Callable[[], bool]:
    def look() -> bool:
        store = SqliteStore(yizhan.store_path)
        try:
            return [one.state for one in store.deliveries(Filters(event=event), 10)] == [state]
        finally:
            store.close()

    return look


@pytest.mark.parametrize("killed", [False, True])
def test_running_process_tells_once_also_across_a_kill(tmp_path: Path, *, killed: bool) -> None:
    """Killed in the middle of the handler that is told: it is told again, by the same delivery."""
    main = account("pandapon", name="main")
    (tmp_path / "shop.py").write_text(SHOP)
    if killed:
        (tmp_path / "hold").touch()
    with Yizhan(tmp_path, (main,), settings='[handlers]\nrouters = ["shop:router"]\n') as yizhan:
        assert yizhan.post(callback(CREATED, of=main), main) == 200
        if killed:
            wait_until((tmp_path / "held").exists, seconds=20, what="the handler is told")
            yizhan.kill()
            (tmp_path / "hold").unlink()
            yizhan.start()
        wait_until(ended(yizhan, "delivery.buried", "succeeded"), seconds=20, what="told")
        yizhan.kill()
        yizhan.start()
        wait_until(ended(yizhan, "delivery.buried", "succeeded"), seconds=20, what="still told")
        assert [line.split()[1:] for line in lines(tmp_path)] == [["shop.fails", "42"]]


def test_what_died_before_the_upgrade_is_told_to_nobody(
    tmp_path: Path, router: Router, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the first message of a team that upgrades would be of a year's dead letters."""
    older = [(name, sql) for name, sql in connecting.migrations() if name != "0007_buried.sql"]
    store = SqliteStore(tmp_path / "yizhan.db")
    with monkeypatch.context() as patch:
        patch.setattr(connecting, "migrations", lambda: older)
        store.migrate()
    accept(store, CREATED)
    dispatch.dispatch(store, SOURCES, router)
    assert "dead" in {one.state for one in attempt_all(store, router)}
    assert store.migrate() == ["0007_buried.sql"]
    sweep(store, router)
    assert store.deliveries(Filters(event="delivery.buried"), 10) == []
    store.close()
