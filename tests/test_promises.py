"""The promises of the README, one test each. What cannot be shown by a fault that really happens is not promised."""

import random
import threading
import time
from collections import Counter
from http.client import HTTPConnection
from itertools import cycle
from pathlib import Path

import apsw
import pytest
from builders import account, callback, message
from processes import Yizhan, wait_until
from steps import standing_still

from receiver.accounts import Account
from receiver.deliveries import Filters
from receiver.envelope import Callback
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore, connecting, query

PANDAPON = account("pandapon", name="main")

#: Beside yizhan.toml, as a team writes it: counts each run in a file, and fails, hangs or kills on request.
SHOP = """
import os, pathlib, signal, time
from receiver import Context, PermanentFailure, Router
from receiver.events import OrderEvent

router = Router()
RUNS = pathlib.Path(__file__).with_name("runs.txt")

def asked(ctx: Context[OrderEvent]) -> str | None:
    body = ctx.event.raw.get("messageBody")
    return body.get("do") if isinstance(body, dict) else None

def note(name: str, ctx: Context[OrderEvent]) -> None:
    with RUNS.open("a") as runs:
        runs.write(f"{name} {ctx.envelope.id}\\n")

@router.on(OrderEvent, name="shop.count")
def count(ctx: Context[OrderEvent]) -> None:
    note("count", ctx)

@router.on(OrderEvent, name="shop.fails")
def fails(ctx: Context[OrderEvent]) -> None:
    note("fails", ctx)
    if asked(ctx) == "fail for good":
        raise PermanentFailure("asked to")
    if asked(ctx) == "fail":
        raise ValueError(ctx.event.raw["messageBody"]["buyerName"])

@router.on(OrderEvent, name="shop.hangs", timeout=60)
def hangs(ctx: Context[OrderEvent]) -> None:
    if asked(ctx) == "hang":
        time.sleep(60)

@router.on(OrderEvent, name="shop.kills")
def kills(ctx: Context[OrderEvent]) -> None:
    if asked(ctx) == "kill":
        note("kills", ctx)
        os.kill(os.getpid(), signal.SIGKILL)
"""
WITH_SHOP = '[handlers]\nrouters = ["handlers:router", "shop:router"]\n'


def yizhan(folder: Path, *accounts: Account) -> Yizhan:
    (folder / "shop.py").write_text(SHOP)
    return Yizhan(folder, accounts or (PANDAPON,), settings=WITH_SHOP)


def runs(folder: Path) -> Counter[str]:
    file = folder / "runs.txt"
    return Counter(line.split()[0] for line in file.read_text().splitlines()) if file.exists() else Counter()


def runs_of(folder: Path, name: str) -> Counter[str]:
    """How often the handler ran for each envelope."""
    lines = [line.split() for line in (folder / "runs.txt").read_text().splitlines()]
    return Counter(words[1] for words in lines if words[0] == name)


def all_ended(store: SqliteStore) -> bool:
    """Nothing is stored that is not dispatched, nothing owed that has not ended."""
    open_states = ("due", "offered", "running")
    return not store.undispatched(1) and not any(store.deliveries(Filters(state=state), 1) for state in open_states)


def test_committed(tmp_path: Path) -> None:
    """A 200 means that the raw bytes are in the store: killed the instant the answer is read, they are there."""
    with yizhan(tmp_path) as running:
        sent = callback(of=PANDAPON)
        assert running.post(sent, PANDAPON) == 200
        running.kill()
        reader = connecting.connect_to_read(running.store_path)
        assert query.rows(reader, "SELECT payload FROM envelope") == [(sent.body,)]
        reader.close()


def test_in_time(tmp_path: Path) -> None:
    """While the store stands still, and while handlers hang, an answer comes within the platform's second."""
    with yizhan(tmp_path) as running:
        for _ in range(20):
            assert running.post(callback(message(do="hang"), of=PANDAPON), PANDAPON) == 200
        sent = callback(of=PANDAPON)
        with standing_still(running.store_path):
            began = time.monotonic()
            assert running.post(sent, PANDAPON) == 503
            assert time.monotonic() - began < 1
        wait_until(lambda: running.post(sent, PANDAPON) == 200, seconds=5, what="the redelivery is acknowledged")
        store = running.store()
        hanging = store.deliveries(Filters(handler="shop.hangs", state="running"), 100)
        assert hanging, "handlers hang all the while"
        assert len(store.envelopes(Filters(), 100)) == 21
        store.close()


def test_believed(tmp_path: Path) -> None:
    """Only what is signed over its raw bytes with a secret of ours gets in; both secrets do while they rotate."""
    rotating = account("pandapon", name="rotating", secrets=("new-secret", "old-secret"))
    with yizhan(tmp_path, rotating) as running:
        for secret in ("new-secret", "old-secret"):
            signer = account("pandapon", name="rotating", secrets=(secret,))
            assert running.post(callback(of=signer), rotating) == 200
        forger = account("pandapon", name="rotating", secrets=("guessed",))
        assert running.post(callback(of=forger), rotating) == 401
        genuine = callback(of=rotating)
        assert running.post(Callback(genuine.headers, genuine.body + b" "), rotating) == 401
        assert running.post(Callback([], genuine.body), rotating) == 401
        store = running.store()
        assert len(store.envelopes(Filters(), 10)) == 2
        store.close()


KILLS = 20


@pytest.mark.timeout(300)
def test_never_forgotten(tmp_path: Path) -> None:
    """Killed again and again at random moments under load: what was answered 200 is there, ends handled, once."""
    accounts = tuple(account(source, name=source) for source in SOURCES)
    acknowledged: list[tuple[Account, Callback]] = []
    enough = threading.Event()
    dice = random.Random(7)
    with yizhan(tmp_path, *accounts) as running:
        senders = [
            threading.Thread(target=_send, args=(running, accounts, acknowledged, enough, seed)) for seed in range(4)
        ]
        for sender in senders:
            sender.start()
        for _ in range(KILLS):
            time.sleep(dice.uniform(0.05, 0.6))
            running.kill()
            running.start()
        enough.set()
        for sender in senders:
            sender.join()
        store = running.store()
        wait_until(lambda: all_ended(store), seconds=90, what="every delivery has ended")
        store.close()
        assert running.stop() == 0
    assert len(acknowledged) > 20 * KILLS
    reader = connecting.connect_to_read(running.store_path)
    lost = [sent for sender, sent in acknowledged if not _in_the_inbox(reader, sender, sent)]
    assert lost == []
    assert query.rows(reader, "SELECT state, count(*) FROM envelope GROUP BY 1") == [("dispatched", _count(reader))]
    assert query.rows(reader, "SELECT DISTINCT state FROM delivery") == [("succeeded",)]
    # A handler that ran more often than its attempts were counted would have run behind the store's back.
    attempts = query.rows(
        reader,
        "SELECT envelope.id, sum(delivery.attempts) FROM delivery JOIN envelope ON envelope.seq = envelope_seq"
        " WHERE handler = 'shop.count' GROUP BY 1",
    )
    counted = runs_of(tmp_path, "count")
    assert all(counted[envelope_id] <= allowed for envelope_id, allowed in attempts)
    once = "SELECT count(*) FROM (SELECT 1 FROM attempt WHERE outcome = 'succeeded' GROUP BY delivery_id)"
    assert query.value(reader, once) == query.value(reader, "SELECT count(*) FROM attempt WHERE outcome = 'succeeded'")
    surplus = sum(counted.values()) - len(attempts)
    assert surplus <= query.value(reader, "SELECT count(*) FROM attempt WHERE outcome = 'lost'")
    unhandled = (
        "SELECT count(*) FROM envelope WHERE NOT EXISTS (SELECT 1 FROM delivery WHERE envelope_seq = envelope.seq)"
    )
    assert query.value(reader, unhandled) == 0
    assert query.value(reader, "SELECT count(*) FROM attempt WHERE outcome = 'lost'") > 0, "no kill hit an attempt"
    reader.close()


def _send(
    running: Yizhan,
    accounts: tuple[Account, ...],
    acknowledged: list[tuple[Account, Callback]],
    enough: threading.Event,
    seed: int,
) -> None:
    """As the platform: what is not answered 200 is sent again, and some of what was is sent again too."""
    dice = random.Random(seed)
    connection = HTTPConnection("127.0.0.1", running.port, timeout=2)
    for number, sender in enumerate(cycle(accounts)):
        if enough.is_set():
            break
        sent = SOURCES[sender.source].sign(_genuine(sender.source, seed * 1_000_000 + number), sender)
        while (status := running.post(sent, sender, connection)) != 200:
            assert status in (None, 503)
            time.sleep(0.02)
        acknowledged.append((sender, sent))
        if dice.random() < 0.1:
            running.post(sent, sender, connection)
    connection.close()


def _genuine(source: str, number: int) -> bytes:
    order = 3_000_000_000_000_000_000 + number
    return {
        "pandapon": message("ORDER_CREATE", orderId=str(order)),
        "taobao_global": b'{"seller_id":"1","message_type":3,"data":{"purchase_id":%d,"status":"WAIT_BUYER_P"},'
        b'"timestamp":1650939687,"site":"taobao_hk"}' % order,
        "dajisaas": b'{"seller_id":"1","message_type":3,"data":{"purchase_id":%d,"status":"WAIT_BUYER_P"},'
        b'"timestamp":1650939687,"site":"taobao_hk"}' % order,
        "alibaba1688": b'{"msgId":%d,"gmtBorn":1392711616046,"data":{"orderId":%d,"currentStatus":"waitbuyerpay"},'
        b'"userInfo":"b2b-1","type":"ORDER_BUYER_VIEW_BUYER_MAKE"}' % (number, order),
    }[source]


def _in_the_inbox(reader: apsw.Connection, sender: Account, sent: Callback) -> bool:
    envelope = SOURCES[sender.source].open_callback(sent, sender)
    found = query.value(
        reader,
        "SELECT payload FROM envelope WHERE account = ? AND identity = ?",
        (envelope.account, envelope.identity.key),
    )
    return bool(found == sent.body)


def _count(reader: apsw.Connection) -> int:
    return int(query.value(reader, "SELECT count(*) FROM envelope"))


def test_never_forgotten_by_a_handler_that_kills_its_worker(tmp_path: Path) -> None:
    """It takes the process with it five times, is buried, and everyone else's deliveries succeed."""
    with yizhan(tmp_path) as running:
        assert running.post(callback(message(do="kill"), of=PANDAPON), PANDAPON) == 200
        for _ in range(5):
            wait_until(running.ended, seconds=10, what="the handler kills the process")
            running.kill()
            running.spawn()
        store = running.store()
        wait_until(lambda: all_ended(store), seconds=10, what="the killer is buried")
        [dead] = store.deliveries(Filters(state="dead"), 10)
        assert (dead.handler, dead.attempts) == ("shop.kills", 5)
        assert {delivery.state for delivery in store.deliveries(Filters(), 10) if delivery.id != dead.id} == {
            "succeeded"
        }
        store.close()
    assert runs(tmp_path)["kills"] == 5


def test_alone(tmp_path: Path) -> None:
    """One handler fails for good, and one for now: its neighbours have run once, and it alone is retried or dead."""
    with yizhan(tmp_path) as running:
        for wish in ("fail", "fail for good"):
            assert running.post(callback(message(do=wish, buyerName="X"), of=PANDAPON), PANDAPON) == 200
        store = running.store()
        wait_until(lambda: len(store.deliveries(Filters(state="succeeded"), 100)) == 8, seconds=10, what="neighbours")
        wait_until(lambda: bool(store.deliveries(Filters(state="dead"), 1)), seconds=10, what="the permanent failure")
        [dead] = store.deliveries(Filters(state="dead"), 10)
        [due] = store.deliveries(Filters(state="due"), 10)
        assert {dead.handler, due.handler} == {"shop.fails"}
        assert due.due_at is not None
        assert runs(tmp_path) == {"count": 2, "fails": 2}
        store.close()


def test_alone_beside_a_handler_that_hangs(tmp_path: Path) -> None:
    """It hangs in forty deliveries, more than there are threads: its neighbours are done all the same."""
    with yizhan(tmp_path) as running:
        for _ in range(40):
            assert running.post(callback(message(do="hang"), of=PANDAPON), PANDAPON) == 200
        store = running.store()
        wait_until(
            lambda: len(store.deliveries(Filters(state="succeeded"), 1000)) == 40 * 4, seconds=15, what="neighbours"
        )
        hanging = store.deliveries(Filters(handler="shop.hangs"), 1000)
        assert {delivery.state for delivery in hanging} <= {"running", "offered", "due"}
        store.close()


def test_in_order_even_if_a_handler_outlives_its_lease(tmp_path: Path) -> None:
    """It waits in C far beyond its timeout of a second: it is not begun a second time beside itself."""
    (tmp_path / "slow.py").write_text(
        "import pathlib, time\n"
        "from receiver import Context, Router\n"
        "from receiver.events import OrderEvent\n"
        "router = Router()\n"
        "@router.on(OrderEvent, name='slow.wait', timeout=1)\n"
        "def wait(ctx: Context[OrderEvent]) -> None:\n"
        "    with pathlib.Path('begun.txt').open('a') as begun:\n"
        "        begun.write('begun\\n')\n"
        "    time.sleep(14)\n"
    )
    with Yizhan(tmp_path, (PANDAPON,), settings='[handlers]\nrouters = ["slow:router"]\n') as running:
        assert running.post(callback(of=PANDAPON), PANDAPON) == 200
        store = running.store()
        wait_until(lambda: bool(store.attempts(1)), seconds=5, what="it begins")
        time.sleep(12.5)
        assert [attempt.outcome for attempt in store.attempts(1)] == ["running"]
        wait_until(lambda: store.attempts(1)[0].outcome == "failed", seconds=10, what="it ends, over its timeout")
        assert (tmp_path / "begun.txt").read_text() == "begun\n"
        store.close()


def test_once(tmp_path: Path) -> None:
    """Sent five more times, at once and with other push times: no handler runs again. A-B-A runs, marked."""
    with yizhan(tmp_path) as running:

        def price(total: int, push_time: str = "1") -> Callback:
            text = message("ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY", orderId="7", totalAmount=total, push_time=push_time)
            return callback(text, of=PANDAPON)

        first = [price(9800, push_time=str(number)) for number in range(6)]
        senders = [threading.Thread(target=running.post, args=(sent, PANDAPON)) for sent in first]
        for sender in senders:
            sender.start()
        for sender in senders:
            sender.join()
        assert running.post(price(9500), PANDAPON) == 200
        assert running.post(price(9800, push_time="99"), PANDAPON) == 200
        store = running.store()
        wait_until(lambda: all_ended(store), seconds=10, what="every delivery has ended")
        again, _, once = store.envelopes(Filters(), 10)
        assert (once.redeliveries, once.ambiguous) == (5, False)
        assert (again.redeliveries, again.ambiguous) == (0, True)
        assert runs(tmp_path)["count"] == 3
        store.close()


def test_kept(tmp_path: Path) -> None:
    """A topic nobody knows, a body of an unknown shape, bytes that are no text: acknowledged and visible.

    Replaying them after an upgrade: ``tests/receiver/cli/test_inbox_replay.py``.
    """
    with yizhan(tmp_path) as running:
        source = SOURCES["pandapon"]
        unknown = message("SOMETHING_NEW", note="?")
        for text in (unknown, b'{"messageType": 7, "messageBody": [1]}', "订单".encode("gbk")):
            assert running.post(source.sign(text, PANDAPON), PANDAPON) == 200
        store = running.store()
        wait_until(lambda: all_ended(store), seconds=10, what="the loop goes on")
        unreadable = store.envelopes(Filters(state="unreadable"), 10)
        assert len(unreadable) == 2
        assert all(found.error for found in unreadable)
        assert store.deliveries(Filters(topic="SOMETHING_NEW", state="succeeded"), 10)
        store.close()


def test_discreet(tmp_path: Path) -> None:
    """Names, phones and secrets go through refusals, failures and retries, and turn up nowhere but in the payload."""
    planted = {"buyerName": "王小明", "buyerPhone": "13800138000", "address": "文三路 90 号"}
    forger = account("pandapon", name="main", secrets=("another-secret-value",))
    secret = account("pandapon", name="main", secrets=("the-secret-value",))
    with yizhan(tmp_path, secret) as running:
        for topic, wish in (
            ("A", ""),
            ("ORDER_CREATE", ""),
            ("ORDER_CREATE", "fail"),
            ("ORDER_CREATE", "fail for good"),
        ):
            text = message(topic, do=wish, **planted)
            assert running.post(callback(text, of=secret), secret) == 200
            assert running.post(callback(text, of=forger), secret) == 401
        store = running.store()
        wait_until(lambda: len(store.deliveries(Filters(state="succeeded"), 100)) == 14, seconds=10, what="handlers")
        connection = HTTPConnection("127.0.0.1", running.port, timeout=2)
        connection.request("GET", "/metrics")
        said = running.log.read_text() + connection.getresponse().read().decode()
        connection.close()
        for delivery in store.deliveries(Filters(), 100):
            said += f"{delivery} {store.attempts(delivery.id)}"
        for envelope in store.envelopes(Filters(), 100):
            said += str(envelope)
        store.close()
    for value in (*planted.values(), "王小明".encode("unicode-escape").decode(), "the-secret-value"):
        assert value not in said
    assert "ValueError at" in said
