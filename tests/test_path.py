"""The path of a callback, step by step, then all at once. Read this first."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from builders import account, callback, message
from hand_store import commit
from processes import Yizhan, wait_until

import handlers
from receiver import Context, Router
from receiver.api import Apis
from receiver.deliver import Deliverer
from receiver.deliveries import Filters, Offer
from receiver.dispatch import dispatch
from receiver.envelope import Envelope, Receipt
from receiver.events import OrderEvent, RefundEvent
from receiver.inbox import Inbox
from receiver.metrics import Metrics
from receiver.offer import offer
from receiver.shares import Shares
from receiver.simulator.plan import plan
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore


def test_a_callback_becomes_work_done(store: SqliteStore) -> None:
    told: list[str] = []
    router = Router()

    @router.on(OrderEvent, name="shop.paid")
    def paid(ctx: Context[OrderEvent]) -> None:
        told.append(f"{ctx.event.order_id} {ctx.event.topic}, attempt {ctx.attempt}, from {ctx.envelope.account}")

    @router.on(RefundEvent, name="shop.refunded")
    def refunded(ctx: Context[RefundEvent]) -> None:
        told.append("not asked for")

    # The platform signs the bytes of its message, and posts them.
    pandapon = account("pandapon", name="main")
    sent = callback(message("ORDER_PAY_SUCCESS", orderId="3305075341149134260"), of=pandapon)

    # Verified, addressed, committed. Only now is it acknowledged.
    async def take_in() -> tuple[Envelope, Receipt]:
        inbox = Inbox(store)
        envelope = SOURCES["pandapon"].open_callback(sent, pandapon)
        receipt = await commit(inbox, envelope)
        await inbox.close()
        return envelope, receipt

    envelope, receipt = asyncio.run(take_in())
    assert (envelope.topic, envelope.platform, envelope.order_ids) == (
        "ORDER_PAY_SUCCESS", "1688", ("3305075341149134260",)
    )  # fmt: skip
    [kept] = store.undispatched(10)
    assert (kept.id, kept.payload) == (receipt.envelope_id, sent.body)

    # Dispatched: a typed event, owed to each handler that asked for it.
    assert dispatch(store, SOURCES, router) == 1
    [owed] = store.deliveries(Filters(), 10)
    assert (owed.handler, owed.state, owed.order_id) == ("shop.paid", "due", "3305075341149134260")

    # Offered: the broker is told two numbers and whose it is, and nothing else.
    rung: list[Offer] = []
    assert offer(store, router, rung.extend, Shares(8), limit=10) == 1
    assert rung == [Offer(owed.id, 1, "shop.paid")]

    # The attempt: counted, run, settled.
    worker = Deliverer(store=store, sources=SOURCES, router=router, metrics=Metrics(), shares=Shares(8), apis=Apis(()))
    worker.deliver(rung[0])
    worker.stop()
    assert told == ["3305075341149134260 ORDER_PAY_SUCCESS, attempt 1, from main"]
    [done] = store.deliveries(Filters(), 10)
    assert (done.state, done.attempts, done.error) == ("succeeded", 1, None)


def test_every_sample_of_every_source_is_handled_by_one_process(tmp_path: Path) -> None:
    """What a newcomer sees: all at once, over HTTP, with the handlers that ship and one beside yizhan.toml."""
    (tmp_path / "shop.py").write_text(
        "import pathlib\n"
        "from receiver import Context, Router\n"
        "from receiver.events import Event\n"
        "router = Router()\n"
        "@router.on(Event, name='shop.see')\n"
        "def see(ctx: Context[Event]) -> None:\n"
        "    with pathlib.Path('seen.txt').open('a') as seen:\n"
        "        seen.write(f'{ctx.event.source} {ctx.event.topic}\\n')\n"
    )
    accounts = tuple(account(source, name=source) for source in SOURCES)
    posts = list(plan([(each, SOURCES[each.source]) for each in accounts], seed=1))
    settings = '[handlers]\nrouters = ["handlers:router", "shop:router"]\n'
    with Yizhan(tmp_path, accounts, settings=settings) as yizhan:
        by_name = {each.name: each for each in accounts}
        for planned in posts:
            assert yizhan.post(planned.callback, by_name[planned.account]) == 200
        store = yizhan.store()
        wait_until(
            lambda: len(store.deliveries(Filters(state="succeeded", handler="shop.see"), 1000)) >= len(posts),
            seconds=20,
            what="all are handled",
        )
        store.close()
        seen = (tmp_path / "seen.txt").read_text().splitlines()
        assert {line.split()[0] for line in seen} == set(SOURCES)
        rows = _json(tmp_path, "deliveries", "list", "--handler", "journal.note", "--limit", "1000")
        assert {row["envelope_id"] for row in rows} == {
            row["id"] for row in _json(tmp_path, "inbox", "list", "--limit", "1000")
        }
        assert yizhan.stop() == 0


def _json(folder: Path, *command: str) -> list[dict[str, str]]:
    """The rows that a command prints, beside the running process."""
    done = subprocess.run(
        [sys.executable, "-m", "receiver", *command, "--json"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("source", list(SOURCES))
def test_every_sample_has_at_least_one_handler_among_those_that_ship(source: str, store: SqliteStore) -> None:
    """Unknown topics included: each readable envelope can be followed to its end."""
    sender = account(source)
    for planned in plan([(sender, SOURCES[source])], seed=2):
        asyncio.run(store.put([SOURCES[source].open_callback(planned.callback, sender)]))
    while dispatch(store, SOURCES, handlers.router):
        pass
    owed = {delivery.envelope_id for delivery in store.deliveries(Filters(handler="journal.note"), 1000)}
    assert owed == {envelope.id for envelope in store.envelopes(Filters(), 1000)}
