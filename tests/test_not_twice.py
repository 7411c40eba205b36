"""The promise *not twice*: a worker is killed at every step around a call that cannot be taken back.

A child process runs the attempt and kills itself with SIGKILL at the step; the next attempt runs here. The platform is
a file of messages. Time is the store's, so nobody waits for the settle time.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from builders import Clock, message
from steps import claim, owe

from receiver import Context, Router
from receiver.api import Apis
from receiver.deliver import Deliverer
from receiver.deliveries import Delivery, Filters, Started
from receiver.effects import SETTLE_TIME, Claimed, EffectKey, EffectState
from receiver.events import OrderEvent
from receiver.metrics import Metrics
from receiver.shares import Shares
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

STEPS = (
    "before the intent",
    "after the intent",
    "before sending",
    "sending, before it arrives",
    "sending, once it arrived",
    "before recording",
    "after recording",
)
DEADLINE = timedelta(seconds=30)


def die_at(step: str, now: str | None) -> None:
    if step == now:
        os.kill(os.getpid(), signal.SIGKILL)


class Dying(SqliteStore):
    """The real store, in a process that dies at a step."""

    step: str | None = None

    def intend(self, key: EffectKey, started: Started, deadline: timedelta) -> Claimed:
        die_at("before the intent", self.step)
        claimed = super().intend(key, started, deadline)
        die_at("after the intent", self.step)
        return claimed

    def fence_holds(self, started: Started) -> bool:
        holds = super().fence_holds(started)
        die_at("before sending", self.step)
        return holds

    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool:
        die_at("before recording", self.step)
        noted = super().note(key, turn, state, note)
        die_at("after recording", self.step)
        return noted


def shop(folder: Path, step: str | None, *, can_look: bool) -> Router:
    """Its one handler sends a message to the seller, once."""
    router = Router()
    thread = folder / "messages.txt"

    def send() -> None:
        die_at("sending, before it arrives", step)
        with thread.open("a") as messages:
            messages.write("why?\n")
        die_at("sending, once it arrived", step)

    @router.on(OrderEvent, name="shop.ask")
    def ask(ctx: Context[OrderEvent]) -> None:
        look: Callable[[], bool | None] = thread.exists if can_look else (lambda: None)
        ctx.once("ask-why", send, look=look)

    return router


def attempt(store: SqliteStore, router: Router) -> None:
    worker = Deliverer(store=store, sources=SOURCES, router=router, metrics=Metrics(), shares=Shares(8), apis=Apis(()))
    for offer in claim(store, router):
        worker.deliver(offer)
    worker.stop()


def die(folder: Path, step: str, now: int) -> None:
    """In the child: one attempt, cut off."""
    store = Dying(folder / "yizhan.db", clock=lambda: now)
    store.step = step
    attempt(store, shop(folder, step, can_look=True))


def killed(folder: Path, step: str, clock: Clock) -> None:
    child = multiprocessing.get_context("spawn").Process(target=die, args=(folder, step, clock.now))
    child.start()
    child.join(30)
    assert child.exitcode == -signal.SIGKILL
    child.close()


def sent(folder: Path) -> int:
    thread = folder / "messages.txt"
    return len(thread.read_text().splitlines()) if thread.exists() else 0


def only(store: SqliteStore) -> Delivery:
    (delivery,) = store.deliveries(Filters(), 10)
    return delivery


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("can_look", [True, False], ids=["the platform can be asked", "nobody can tell"])
def test_killed_at_every_step_it_is_sent_at_most_once(
    store: SqliteStore, clock: Clock, tmp_path: Path, step: str, can_look: bool
) -> None:
    router = shop(tmp_path, None, can_look=can_look)
    owe(store, router, message())
    killed(tmp_path, step, clock)
    store.recover({"shop.ask": 15})
    attempt(store, router)
    too_soon = step not in {"before the intent", "after recording"}
    if too_soon:
        assert sent(tmp_path) == (step in {"sending, once it arrived", "before recording"}), "judged before it settled"
        assert only(store).state == "due"
    clock.pass_time(seconds=(DEADLINE + SETTLE_TIME).total_seconds() + 2)
    attempt(store, router)
    if can_look or not too_soon:
        assert (sent(tmp_path), only(store).state) == (1, "succeeded")
    else:
        assert sent(tmp_path) <= 1
        assert only(store).state == "dead"
        assert "nobody can tell" in (only(store).error or "")
    attempt(store, router)
    assert sent(tmp_path) <= 1


def test_a_person_may_insist(store: SqliteStore, clock: Clock, tmp_path: Path) -> None:
    router = shop(tmp_path, None, can_look=False)
    owe(store, router, message())
    killed(tmp_path, "before sending", clock)
    store.recover({"shop.ask": 15})
    clock.pass_time(seconds=1000)
    attempt(store, router)
    assert only(store).state == "dead"
    store.replay([1], by="mei")
    attempt(store, router)
    assert (sent(tmp_path), only(store).state) == (0, "dead")
    store.replay([1], by="mei", repeat_effects=True)
    attempt(store, router)
    assert (sent(tmp_path), only(store).state) == (1, "succeeded")
