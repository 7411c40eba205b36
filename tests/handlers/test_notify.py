"""Notices: a storm is a message, no line is lost, and none holds what a person wrote."""

import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import time_machine
from builders import Clock, account, callback, message
from platform_server import Asked, Platform, answer, platform
from processes import Yizhan, wait_until
from pydantic import ValidationError
from steps import accept, claim, deliver
from structlog.testing import capture_logs

from handlers import notify
from handlers.notify.box import Box
from handlers.notify.settings import Notify
from handlers.notify.words import sentence
from receiver import dispatch
from receiver.deliveries import Delivery, Filters
from receiver.events import (
    BatchPaymentSettled,
    DeliveryBuried,
    EnvelopeUnreadable,
    Event,
    Money,
    OrderClosed,
    OrderPaid,
    RefundRejected,
    Unrecognized,
)
from receiver.routing import Router
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore
from receiver.vocabulary import event_types

NOON = datetime(2026, 5, 20, 12, tzinfo=UTC)
Pass = Callable[[float], None]


@pytest.fixture
def chat() -> Iterator[Platform]:
    """A service that people are written to by."""
    with platform(answer(b"")) as found:
        yield found


@pytest.fixture
def passing(clock: Clock) -> Iterator[Pass]:
    """Time stands still, and passes for the store and the box alike when a test says so."""
    with time_machine.travel(NOON, tick=False) as now:

        def run(seconds: float) -> None:
            now.shift(seconds)
            clock.pass_time(seconds=seconds)

        yield run


def url(chat: Platform) -> str:
    return f"json://127.0.0.1:{chat.port}/PLANTED-token/"


def made(folder: Path, *chats: Platform, **changes: Any) -> Router:
    table = {"urls": [url(chat) for chat in chats], "events": ["*"], **changes}
    return notify.create(Notify.model_validate(table, context={"folder": folder}))


def owe(store: SqliteStore, router: Router, *texts: bytes) -> None:
    accept(store, *texts)
    while dispatch.dispatch(store, SOURCES, router):
        pass


def attempts(store: SqliteStore, router: Router) -> list[Delivery]:
    """What becomes of all that is due."""
    return [deliver(store, router, offer) for offer in claim(store, router, 1000)]


def bodies(chat: Platform) -> list[list[str]]:
    """The lines of each message, without amounts and codes."""
    return [[line.partition(" · ")[0] for line in asked.json["message"].splitlines()] for asked in chat.asked]


def states(store: SqliteStore) -> Counter[str]:
    return Counter(one.state for one in store.deliveries(Filters(), 1000))


def test_storm_is_one_message(store: SqliteStore, chat: Platform, passing: Pass, tmp_path: Path) -> None:
    """Two hundred events, within the window of the first: some lines, and the number of the rest."""
    router = made(tmp_path, chat, lines=163)
    owe(store, router, *(message() for _ in range(200)))
    assert {one.state for one in attempts(store, router)} == {"due"}
    assert chat.asked == []
    passing(59)
    assert attempts(store, router) == []
    passing(3)
    assert {one.state for one in attempts(store, router)} == {"succeeded"}
    (lines,) = bodies(chat)
    assert chat.asked[0].json["title"] == "yizhan: 200 notices"
    assert len(lines) == 164
    assert lines[-1] == "and 37 more"
    assert states(store) == {"succeeded": 200}


def test_events_of_one_order_are_one_message_too(
    store: SqliteStore, chat: Platform, passing: Pass, tmp_path: Path
) -> None:
    """None waits behind another in its lane."""
    router = made(tmp_path, chat)
    owe(store, router, message("ORDER_CREATE", orderId="42"), message("ORDER_PAY_SUCCESS", orderId="42"))
    attempts(store, router)
    passing(62)
    attempts(store, router)
    (lines,) = bodies(chat)
    assert sorted(lines) == ["order.created: order 42 at 1688 was placed", "order.paid: order 42 at 1688 was paid"]


def test_what_comes_later_is_another_message(store: SqliteStore, chat: Platform, passing: Pass, tmp_path: Path) -> None:
    router = made(tmp_path, chat)
    for order in ("1", "2"):
        owe(store, router, message(orderId=order))
        attempts(store, router)
        passing(62)
        attempts(store, router)
    assert bodies(chat) == [[f"order.paid: order {order} at 1688 was paid"] for order in ("1", "2")]


def test_only_chosen_events_are_told(store: SqliteStore, chat: Platform, passing: Pass, tmp_path: Path) -> None:
    router = made(tmp_path, chat, events=["order.c*"], dead_letters=False)
    assert [route.name for route in router] == ["notify.tell"]
    owe(store, router, message(orderId="1"), message("ORDER_CREATE", orderId="2"))
    attempts(store, router)
    passing(62)
    attempts(store, router)
    assert bodies(chat) == [["order.created: order 2 at 1688 was placed"]]
    assert states(store) == {"succeeded": 2}


def test_where_a_channel_fails_its_lines_wait_and_no_other_s(
    store: SqliteStore, chat: Platform, passing: Pass, tmp_path: Path
) -> None:
    """Told once where it went well; told where it failed as soon as that is well; no token in the log."""
    with platform(answer(b"", status="500 Internal Server Error")) as down:
        router = made(tmp_path, chat, down)
        owe(store, router, message(orderId="1"), message(orderId="2"))
        attempts(store, router)
        passing(62)
        with capture_logs() as lines:
            assert {one.state for one in attempts(store, router)} == {"due"}
        assert [line["lines"] for line in lines if line["event"] == "notify.not_sent"] == [2]
        assert "PLANTED" not in repr(lines)
        assert (len(chat.asked), len(down.asked)) == (1, 1)
        passing(30)  # not asked again so soon, by whichever delivery
        attempts(store, router)
        assert len(down.asked) == 1
        down.answering = answer(b"")
        passing(300)
        assert {one.state for one in attempts(store, router)} == {"succeeded"}
        assert bodies(down)[1] == bodies(chat)[0]
        assert sorted(bodies(chat)[0]) == [f"order.paid: order {one} at 1688 was paid" for one in "12"]
        assert (len(chat.asked), len(down.asked)) == (1, 2)


def test_lines_of_a_sender_that_died_are_taken_by_another(tmp_path: Path, passing: Pass, chat: Platform) -> None:
    """Once its lease is over; until then nobody sends them a second time."""
    box = Box(Notify.model_validate({"urls": [url(chat)]}, context={"folder": tmp_path}).box, window=60)
    box.put("a", ["chat"], "one")
    box.put("a", ["chat"], "another")  # an attempt that died before it ended
    assert box.left("a", "chat") == 60
    passing(10)
    box.put("b", ["chat"], "two")
    assert box.left("b", "chat") == 51
    passing(50)
    assert box.take("chat").lines == ["one", "two"]
    assert box.take("chat").lines == []
    assert box.left("a", "chat") == 0
    passing(121)
    taken = box.take("chat")
    assert taken.lines == ["one", "two"]
    box.note_sent(taken)
    assert box.left("a", "chat") is box.left("b", "chat") is None
    passing(31 * 24 * 3600)
    box.put("c", ["chat"], "three")
    box.note_sent(box.take("chat"))
    box.put("a", ["chat"], "one")  # forgotten by now
    assert box.left("a", "chat") == 60


def test_line_that_comes_while_others_are_sent_opens_a_window(tmp_path: Path, passing: Pass, chat: Platform) -> None:
    box = Box(Notify.model_validate({"urls": [url(chat)]}, context={"folder": tmp_path}).box, window=60)
    box.put("a", ["chat"], "one")
    passing(61)
    box.take("chat")
    box.put("b", ["chat"], "two")
    assert box.left("b", "chat") == 60


def test_box_holds_no_token(store: SqliteStore, chat: Platform, tmp_path: Path) -> None:
    router = made(tmp_path, chat)
    owe(store, router, message(orderId="1"))
    attempts(store, router)
    assert b"PLANTED" not in b"".join(file.read_bytes() for file in (tmp_path / ".yizhan").iterdir())


SAID: dict[str, Any] = {"account": "main", "source": "pandapon", "platform": "1688", "topic": "T", "raw": {}}
SHOW = "yizhan deliveries show 57"
FEN = Money(amount=123456, raw="1234.56")
BURIED: dict[str, Any] = {"delivery_id": 57, "handler": "shop.stock", "event_type": "order.paid", "attempts": 15}


@pytest.mark.parametrize(
    ("event", "english", "chinese"),
    [
        (
            OrderPaid(order_id="42", total=FEN, status="WAITING", **SAID),
            "order.paid: order 42 at 1688 was paid · 1234.56 CNY · WAITING",
            "order.paid: 订单 42 在 1688 已付款 · 1234.56 CNY · WAITING",
        ),
        (
            OrderClosed(order_id="42", closed_by="seller", reason="张伟 13800138000 要求", **SAID),
            "order.closed: order 42 at 1688 was closed · seller",
            "order.closed: 订单 42 在 1688 已关闭 · seller",
        ),
        (
            RefundRejected(refund_id="TQ7", order_id="42", amount=FEN, action="SELLER_REJECT_REFUND", **SAID),
            "refund.rejected: refund TQ7 of order 42 at 1688 was rejected · 1234.56 CNY · SELLER_REJECT_REFUND",
            "refund.rejected: 退款 TQ7 属 订单 42 在 1688 卖家已拒绝 · 1234.56 CNY · SELLER_REJECT_REFUND",
        ),
        (
            Unrecognized(**{**SAID, "topic": "ORDER_OF_TOMORROW", "platform": None}),
            "unrecognized: a topic we do not know · ORDER_OF_TOMORROW",
            "unrecognized: 未知主题 · ORDER_OF_TOMORROW",
        ),
        (
            BatchPaymentSettled(order_id="42", result="ACCOUNT_BALANCE_NOT_ENOUGH", **SAID),
            "order.batch_payment_settled: order 42 at 1688 could not be paid in a batch · ACCOUNT_BALANCE_NOT_ENOUGH",
            "order.batch_payment_settled: 订单 42 在 1688 批量付款有结果 · ACCOUNT_BALANCE_NOT_ENOUGH",
        ),
        (
            DeliveryBuried(order_id="42", error="ValueError at\nshop.py:7", **SAID, **BURIED),
            f"delivery.buried: shop.stock gave up order.paid order 42 at 1688: ValueError at shop.py:7; {SHOW}",
            f"delivery.buried：shop.stock 放弃了 order.paid 订单 42 在 1688：ValueError at shop.py:7；{SHOW}",
        ),
        (
            EnvelopeUnreadable(error="messageBody: no object", **SAID),
            "envelope.unreadable: cannot read T (main): messageBody: no object; yizhan inbox show E",
            "envelope.unreadable：无法读取 T (main)：messageBody: no object；yizhan inbox show E",
        ),
    ],
    ids=lambda value: value.type if isinstance(value, Event) else "",
)
def test_line_says_what_happened_and_no_word_of_a_person_s(event: Event, english: str, chinese: str) -> None:
    assert sentence(event, "E", "en") == english
    assert sentence(event, "E", "zh") == chinese


@pytest.mark.parametrize("kind", event_types(), ids=lambda kind: kind.type)
def test_every_event_has_a_line(kind: type[Event]) -> None:
    extra = BURIED if kind is DeliveryBuried else {}
    event = kind(**{**SAID, "order_id": "42", "refund_id": "7", "raw": {"buyerName": "PLANTED"}, **extra})
    english, chinese = sentence(event, "E", "en"), sentence(event, "E", "zh")
    assert english != chinese
    assert english.startswith(kind.type)
    assert "PLANTED" not in english + chinese


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"urls": []}, "one or several"),
        ({"urls": ["json://127.0.0.1/", "nonsense://PLANTED"]}, "number 2 is no URL of apprise"),
        ({"urls": ["json://127.0.0.1/PLANTED"] * 2}, "each once"),
        ({"events": ["refund.reject"]}, "no event is called refund.reject"),
        ({"dead_letters": False}, "nothing is to be told"),
        ({"box": "PLANTED"}, "expected a URL of SQLAlchemy"),
        ({"language": "fr"}, "'en' or 'zh'"),
        ({"window": -1}, "greater than or equal to 0"),
    ],
)
def test_what_cannot_work_is_said_at_start(changes: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as caught:
        Notify.model_validate({"urls": "json://127.0.0.1/", **changes})
    (problem,) = caught.value.errors(include_input=False, include_url=False, include_context=False)
    assert said in problem["msg"]
    assert "PLANTED" not in problem["msg"]


@pytest.mark.parametrize("module", ["apprise", "sqlalchemy"])
def test_missing_extra_is_named_with_its_cure(module: str) -> None:
    code = f"import sys; sys.modules['{module}'] = None; import handlers.notify"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert f"there is no module {module}; pip install 'yizhan[notify]'" in done.stderr


SHOP = """
from receiver import Context, PermanentFailure, Router
from receiver.events import OrderEvent

router = Router()

@router.on(OrderEvent, name="shop.fails")
def fails(ctx: Context[OrderEvent]) -> None:
    if ctx.event.order_id == "42":
        raise PermanentFailure("asked to")
"""


def table(chat: Platform) -> str:
    return f"""
[handlers]
routers = ["shop:router"]
[handlers.notify]
urls = "{url(chat)}"
events = ["order.created"]
window = 8
lines = 1000
"""


def test_kill_in_the_middle_of_a_window_loses_no_notice(tmp_path: Path, chat: Platform) -> None:
    """A storm, and SIGKILL before anything is told: each order is told, and the dead letter, once. And never again."""
    (tmp_path / "shop.py").write_text(SHOP)
    main = account("pandapon", name="main")
    orders = [str(number) for number in range(42, 102)]
    with Yizhan(tmp_path, (main,), settings=table(chat)) as yizhan:
        for order in orders:
            assert yizhan.post(callback(message("ORDER_CREATE", orderId=order), of=main), main) == 200
        box = tmp_path / ".yizhan" / "notify.db"
        wait_until(box.exists, seconds=20, what="a notice that waits")
        yizhan.kill()
        assert chat.asked == []
        yizhan.start()
        wait_until(lambda: len(told(chat)) == len(orders) + 1, seconds=60, what="all notices")
        wait_until(lambda: _all_ended(yizhan), seconds=60, what="the end of all deliveries")
        yizhan.kill()
        yizhan.start()
        log = yizhan.log.read_text()
    assert told(chat) == Counter([*orders, "dead 42"])
    assert len(chat.asked) < 10
    assert "PLANTED" not in log


def told(chat: Platform) -> Counter[str]:
    lines = [line for lines in bodies(chat) for line in lines]
    return Counter(
        ("dead " if line.startswith("delivery.buried: shop.fails gave up") else "") + found[1]
        for line in lines
        if (found := re.search(r"order (\d+)", line))
    )


def _all_ended(yizhan: Yizhan) -> bool:
    store = SqliteStore(yizhan.store_path)
    try:
        return set(states(store)) <= {"succeeded", "dead"}
    finally:
        store.close()


def test_slow_channel_is_not_told_a_second_time(tmp_path: Path, chat: Platform, store: SqliteStore) -> None:
    """While it answers, its lines are held."""
    router = made(tmp_path, chat, window=0)
    owe(store, router, message(orderId="1"), message(orderId="2"))
    first, second = claim(store, router)
    seen: list[str] = []

    def slowly(connection: Any, asked: Asked) -> bool:
        if len(chat.asked) == 1:  # the other delivery's attempt, in the midst of this one's sending
            seen.append(deliver(store, router, second).state)
        answer(b"")(connection, asked)
        return True

    chat.answering = slowly
    assert deliver(store, router, first).state == "succeeded"
    assert (seen, bodies(chat)[0]) == (["succeeded"], ["order.paid: order 1 at 1688 was paid"])
    assert len(bodies(chat)) == 2
