"""``yizhan dev``: handlers answer a platform that is not real, and what it holds outlives a kill."""

import contextlib
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import builders
import httpx2
import pytest
from processes import Yizhan, wait_until

from receiver.deliveries import Filters

MAIN = builders.account(name="main")
ALI = builders.account(name="ali", source="alibaba1688")
SHOP = """
from receiver import Context, Router
from receiver.events import Event, RefundRejected

router = Router()

@router.on(RefundRejected, platform="taobao")
def ask_why(ctx: Context[RefundRejected]) -> None:
    ctx.api.send_refund_message(ctx.event.refund_id, "请问原因?", once="ask-why")

@router.on(Event, platform="1688")
def read(ctx: Context[Event]) -> None:
    if ctx.envelope.account == "ali":
        ctx.api.order_detail(ctx.event.order_id)
"""
SETTINGS = '[handlers]\nrouters = ["shop:router"]'


@pytest.fixture
def dev(tmp_path: Path) -> Yizhan:
    (tmp_path / "shop.py").write_text(SHOP)
    return Yizhan(tmp_path, (MAIN, ALI), settings=SETTINGS, command=("dev",))


def state(dev: Yizhan) -> dict[str, Any]:
    """Of the sandbox, which listens on the next port."""
    answer = httpx2.get(f"http://127.0.0.1:{dev.port + 1}/sandbox/state", trust_env=False)
    found: dict[str, Any] = answer.json()
    return found


def simulate(dev: Yizhan, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "receiver", "simulate", *arguments]
    return subprocess.run(command, cwd=dev.folder, capture_output=True, text=True, check=False)


def messages(dev: Yizhan) -> list[str]:
    return [message["author"] for refund in state(dev)["refunds"] for message in refund["thread"]]


def test_a_story_runs_through_sandbox_callbacks_handlers_and_follow_up_calls(dev: Yizhan) -> None:
    """A refund is rejected, a handler asks the seller once, and the seller's thread holds that one message."""
    with dev:
        told = simulate(dev, "refund-rejected", "--rate", "5")
        assert told.returncode == 0, told.stderr
        assert told.stdout.count("acknowledged (200)") == 9
        assert "message of the buyer: 请问原因?" in told.stdout
        assert messages(dev) == ["buyer", "seller"]
        shown = simulate(dev, "cancellation", "--json")
        story = json.loads(shown.stdout)
        assert [push["word"] for push in story["pushes"]] == ["waitbuyerpay", "cancel"]
        assert simulate(dev, "cancellation", "--account", "ali").stderr.count("no such account") == 1
        assert "nothing is real" not in dev.log.read_text()
        assert f"Follow-up calls go to the sandbox at http://127.0.0.1:{dev.port + 1}" in dev.log.read_text()
        story = f"yizhan simulate refund-rejected --sandbox http://127.0.0.1:{dev.port + 1}\n"
        assert story in dev.log.read_text()


def test_dev_calls_nobody_but_its_sandbox(dev: Yizhan) -> None:
    """An account of another source has no sandbox: its handler's call is refused before it leaves the machine."""
    with dev:
        simulate(dev, "ORDER_BUYER_VIEW_BUYER_MAKE", "--account", "ali")
        store = dev.store()
        try:
            wait_until(
                lambda: bool(store.delivery_ids(Filters(state="dead"))), seconds=10, what="the delivery is buried"
            )
            (dead,) = store.deliveries(Filters(state="dead"), 10)
            assert dead.error
            assert dead.error.startswith("WrongCall")
        finally:
            store.close()


def test_what_the_sandbox_holds_outlives_a_kill(dev: Yizhan) -> None:
    """Killed in the midst of a story, ``dev`` goes on: orders are there, what was not acknowledged is pushed again."""
    with dev:
        url = f"http://127.0.0.1:{dev.port + 1}/sandbox/play"
        httpx2.post(f"{url}/late-retries", trust_env=False)  # one push comes again, "half an hour" later
        before = state(dev)
        assert "due" in {push["state"] for push in before["pushes"]}
        dev.kill()
        dev.start()
        wait_until(
            lambda: {push["state"] for push in state(dev)["pushes"]} == {"acknowledged"},
            seconds=20,
            what="the rest is pushed",
        )
        after = state(dev)
        assert after["orders"] == before["orders"]
        attempts = [len(push["attempts"]) for push in after["pushes"]]
        least = [1, 2, 2, 1, 1]
        assert all(made >= wanted for made, wanted in zip(attempts, least, strict=True))
        assert sum(attempts) <= sum(least) + 1  # what was on its way when it was killed


def test_stories_want_a_sandbox_that_runs(tmp_path: Path) -> None:
    """Nobody there, or samples among the stories: one line, and what to do."""
    dev = Yizhan(tmp_path, (MAIN,))
    nobody = simulate(dev, "cancellation")
    assert (nobody.returncode, nobody.stdout) == (1, "")
    assert "start `yizhan dev` or `yizhan sandbox`, or give --sandbox" in nobody.stderr
    mixed = simulate(dev, "ORDER_CREATE", "cancellation")
    assert (mixed.returncode, mixed.stderr.count("\n")) == (2, 1)
    assert "ORDER_CREATE is no story of the sandbox" in mixed.stderr
    faults = simulate(dev, "cancellation", "--forge", "0.5")
    assert (faults.returncode, faults.stderr.count("--sandbox, --account, --rate and --json alone")) == (2, 1)


def test_own_handlers_speak_alone(tmp_path: Path) -> None:
    """The rule that answers where nothing is configured keeps silent beside handlers of the team's."""
    (tmp_path / "shop.py").write_text(SHOP)
    dev = Yizhan(tmp_path, (), settings=SETTINGS, command=("dev",))
    with dev:
        assert simulate(dev, "refund-rejected", "--rate", "10").returncode == 0
        wait_until(lambda: "buyer" in messages(dev), seconds=20, what="a message of the handler's")
        assert dev.stop() == 0
        with contextlib.closing(dev.store()) as store:
            assert {row.handler for row in store.deliveries(Filters(), 100)} == {"shop.ask_why"}


def test_demo_needs_no_configuration_and_ends_in_one_message_to_the_seller(tmp_path: Path) -> None:
    """Every sample and every story is acknowledged; the rule that answers a rejection is seen in the thread."""
    dev = Yizhan(tmp_path, (), command=("dev", "--demo"))
    with dev:
        wait_until(lambda: "Stop: Ctrl-C." in dev.log.read_text(), seconds=90, what="the demo is over")
        _, _, said = dev.log.read_text().rpartition("demo: 12 stories")
        counts = said.partition("\n")[0].split(" · ")
        assert counts[1].removeprefix("callbacks ") == counts[2].removeprefix("acknowledged ")
        assert "as expected" in dev.log.read_text()
        assert messages(dev).count("buyer") == 1
        assert "  buyer: 您好" in said
        assert "drift.seen" not in dev.log.read_text()
        assert dev.stop() == 0
