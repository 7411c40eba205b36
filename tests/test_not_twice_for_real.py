"""The promise *not twice*, all of it: the process with its client here, the platform with its messages there.

The platform pushes a refused refund, the handler asks the seller why, and the process is killed, or stopped and
continued, at every step around the call. Run with ``-s`` it prints what became of each.
"""

import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import mortal
import pytest
import sandboxes
from mortal import AFTER_INTENT, ANSWERED, BEFORE_INTENT, CONNECTED, RECORDED, TEXT, TIMEOUT, WRITTEN
from processes import free_port, wait_until

from receiver.deliveries import Delivery, Filters
from receiver.effects import SETTLE_TIME
from receiver.sandbox.faults import Fault
from receiver.sandbox.orders import Wanted
from receiver.sandbox.running import Sandbox
from receiver.store.sqlite import SqliteStore

SUBMIT = "/open/order/refund/submit/message"
#: Of the store's time: the call's deadline (its turn, its answer), what it takes to settle, and a little more.
SETTLED = 2 * TIMEOUT + SETTLE_TIME.total_seconds() + 5
PATIENCE = 30.0


@dataclass(frozen=True)
class Row:
    step: str
    #: What the platform does with the call, where it is not that it answers.
    fault: Fault | None = None
    #: The process is not asked to die at a step: it is killed once the message is at the platform.
    from_outside: bool = False

    def __str__(self) -> str:
        if self.from_outside:
            return "handled, its answer under way"
        return "written, and lost on its way" if self.fault else self.step


ROWS = (
    Row(BEFORE_INTENT),
    Row(AFTER_INTENT),
    Row(CONNECTED),
    Row(WRITTEN, Fault(kind="drop", effect=False, path=SUBMIT, times=1)),
    Row("", Fault(kind="slow", seconds=10, path=SUBMIT, times=1), from_outside=True),
    Row(ANSWERED),
    Row(RECORDED),
)
#: Where no intent without an outcome is left behind, nobody need be asked.
CLEAR = {BEFORE_INTENT, RECORDED}


@pytest.fixture(scope="module")
def told() -> Iterator[list[tuple[str, ...]]]:
    """The rows of a table: messages at the platform when the process ends or stops, and at the very end."""
    lines: list[tuple[str, ...]] = [("signal", "step", "platform can be asked", "then", "at last", "delivery")]
    yield lines
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    table = ("  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)) for line in lines)
    sys.stdout.write("\n" + "\n".join(table) + "\n")


class Shop:
    """An account at a platform, and a process that answers its callbacks."""

    def __init__(self, folder: Path, *, can_look: bool) -> None:
        self._folder = folder
        self._port = free_port()
        self.sandbox = Sandbox([sandboxes.ACCOUNT])
        self.sandbox.start()
        self._account = mortal.caller(self.sandbox.url, can_look=can_look)
        order = self.sandbox.do(lambda state: state.orders.place("main", "taobao", [Wanted(item_id="1")]))[0].order
        self.sandbox.do(lambda state: state.orders.pay(order.id))
        told = self.sandbox.do(lambda state: state.refunds.request(order.id, kind="money", amount=1))
        self._refund_id = told[0].subject
        self.sandbox.pusher.urls["main"] = f"http://127.0.0.1:{self._port}/callbacks/main"  # from now on
        self._processes: list[mortal.Process] = []

    def process(self, *, step: str = "", how: int = signal.SIGKILL, ahead: float = 0) -> mortal.Process:
        found = mortal.Process(self._folder, self._port, self._account, step=step, how=how, ahead=ahead)
        self._processes.append(found)
        return found

    def refuse(self) -> None:
        """The seller does, and the platform pushes it, once there is somebody to push it to."""

        def listens() -> bool:
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", self._port)) == 0

        wait_until(listens, seconds=PATIENCE, what="the process listens")
        self.sandbox.do(lambda state: state.refunds.reject(self._refund_id))

    def messages(self) -> int:
        thread = self.sandbox.state.refunds.get(self._refund_id).thread
        return sum(post.text == TEXT for post in thread)

    def store(self) -> SqliteStore:
        return SqliteStore(self._folder / "yizhan.db")

    def delivery(self) -> Delivery | None:
        if not (self._folder / "yizhan.db").exists():
            return None
        store = self.store()
        try:
            return next(iter(store.deliveries(Filters(), 10)), None)
        finally:
            store.close()

    def end(self, process: mortal.Process) -> Delivery:
        """The delivery, once it has ended. The store's time flies, so that no retry is waited for."""
        found: list[Delivery] = []

        def ended() -> bool:
            process.pass_time(2)
            delivery = self.delivery()
            found[:] = [delivery] if delivery is not None and delivery.state in {"succeeded", "dead"} else []
            return bool(found)

        wait_until(ended, seconds=PATIENCE, what="the delivery ends")
        return found[0]

    def close(self) -> None:
        for each in self._processes:
            each.process.kill()
            each.process.join(PATIENCE)
        self.sandbox.stop()


@pytest.fixture
def can_look(request: pytest.FixtureRequest) -> bool:
    found: bool = request.param
    return found


@pytest.fixture
def shop(tmp_path: Path, can_look: bool) -> Iterator[Shop]:
    shop = Shop(tmp_path, can_look=can_look)
    yield shop
    shop.close()


ASKING = pytest.mark.parametrize("can_look", [True, False], ids=["it can be asked", "nobody can tell"], indirect=True)


@ASKING
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_killed_at_every_step_one_message_is_at_the_platform(
    shop: Shop, row: Row, can_look: bool, told: list[tuple[str, ...]]
) -> None:
    if row.fault is not None:
        shop.sandbox.faults.add(row.fault)
    first = shop.process(step=row.step)
    shop.refuse()
    if row.from_outside:
        wait_until(lambda: shop.messages() == 1, seconds=PATIENCE, what="the message is there")
        assert first.end(signal.SIGKILL) == -signal.SIGKILL
    else:
        first.process.join(PATIENCE)
        assert first.process.exitcode == -signal.SIGKILL, "it died at its step"
    before = shop.messages()
    assert before == (row.from_outside or row.step in {ANSWERED, RECORDED})
    delivery, after = shop.end(shop.process(ahead=SETTLED)), shop.messages()
    told.append(("SIGKILL", str(row), "yes" if can_look else "no", str(before), str(after), delivery.state))
    if can_look or row.step in CLEAR:
        assert (after, delivery.state) == (1, "succeeded")
    else:
        assert (after, delivery.state) == (before, "dead")
        assert "nobody can tell" in (delivery.error or "")


@ASKING
@pytest.mark.parametrize("step", [AFTER_INTENT, CONNECTED, WRITTEN])
def test_stopped_beyond_its_lease_and_continued_it_sends_one_message(
    shop: Shop, step: str, can_look: bool, told: list[tuple[str, ...]]
) -> None:
    """Meanwhile another may have taken the attempt for lost: what it was about to send is too late."""
    process = shop.process(step=step, how=signal.SIGSTOP)
    shop.refuse()
    pid = process.process.pid
    assert pid is not None
    wait_until(
        lambda: os.waitid(os.P_PID, pid, os.WSTOPPED | os.WNOHANG) is not None, seconds=PATIENCE, what="it stops"
    )
    process.pass_time(SETTLED)  # beyond the lease, too
    time.sleep(2 * TIMEOUT + 0.2)
    before = shop.messages()
    os.kill(pid, signal.SIGCONT)
    delivery, after = shop.end(process), shop.messages()
    told.append(("SIGSTOP", step, "yes" if can_look else "no", str(before), str(after), delivery.state))
    assert before == (step == WRITTEN)
    if can_look or step == AFTER_INTENT:  # its fence did not hold, so it had surely sent nothing
        assert (after, delivery.state) == (1, "succeeded")
    else:
        assert (after, delivery.state) == (before, "dead")
        assert "nobody can tell" in (delivery.error or "")


@pytest.mark.parametrize("can_look", [True], indirect=True)
def test_a_person_who_replays_sends_again_only_if_they_say_so(shop: Shop) -> None:
    process = shop.process()
    shop.refuse()
    assert (shop.end(process).state, shop.messages()) == ("succeeded", 1)
    store = shop.store()
    for repeat_effects, messages in ((False, 1), (True, 2)):
        assert store.replay([1], "mei", repeat_effects=repeat_effects) == 1
        assert (shop.end(process).state, shop.messages()) == ("succeeded", messages)
    store.close()
