"""Rules answer what becomes of a refund: against the sandbox platform, through the real engine."""

import dataclasses
import time
from pathlib import Path
from typing import Any

import engine
import pytest
from engine import Engine
from processes import wait_until
from structlog.testing import capture_logs

from handlers.aftersales.rules import filled
from receiver.errors import PermanentFailure, RoutingError
from receiver.routing import Router
from receiver.sandbox.faults import Fault
from receiver.sandbox.stories import Cast

STORY = "refund-rejected"
#: Of the story's steps: up to the rejection, and to the seller's message after it.
REJECTED, WRITTEN = 5, 6
ZH = "退款 {refund_id} 为何被拒绝"


def rule(**changes: Any) -> dict[str, Any]:
    return {"name": "ask", "on": "refund.rejected", "text": {"zh": ZH, "en": "Why? {refund_id}"}, **changes}


def router(folder: Path, *rules: dict[str, Any], **settings: Any) -> Router:
    return engine.made(folder, "aftersales", {"rules": list(rules or (rule(),)), **settings})


def sent(engine: Engine, cast: Cast) -> list[str]:
    """What the buyer, which is us, has written into the refund's thread."""
    return [post.text for post in engine.sandbox.state.refunds.get(cast.refund_id).thread if post.author == "buyer"]


def write_as_seller(engine: Engine, cast: Cast) -> None:
    engine.do(lambda state: state.refunds.post(cast.refund_id, "seller", "请提供照片。"))


def test_rejection_is_answered_once_whatever_comes_again(tmp_path: Path) -> None:
    """A redelivery, the same news by another event, a replay: there is one message in the thread."""
    with engine.running(tmp_path, router(tmp_path)) as running:
        cast = running.play(STORY, steps=REJECTED - 1)
        running.sandbox.pusher.lose("answer_lost")
        running.play(STORY, steps=REJECTED, cast=cast)
        running.work()
        running.play(STORY, steps=WRITTEN, cast=cast)  # the platform says "rejected" once more
        running.work()
        assert running.states("aftersales.ask") == ["succeeded", "succeeded"]
        running.store.replay([delivery.id for delivery in running.deliveries("aftersales.ask")], by="mei", stale=True)
        running.work()
        assert sent(running, cast) == [f"退款 {cast.refund_id} 为何被拒绝"]


def test_message_whose_answer_was_lost_is_not_sent_again(tmp_path: Path) -> None:
    """The next attempt asks the thread whether it is there."""
    with engine.running(tmp_path, router(tmp_path)) as running:
        cast = running.play(STORY, steps=REJECTED)
        running.sandbox.faults.add(Fault(kind="drop", path="/open/order/refund/submit/message", times=1))
        running.work()
        assert running.states("aftersales.ask") == ["due"]
        running.clock.ahead += 3600
        running.work()
        assert running.states("aftersales.ask") == ["succeeded"]
        assert len(sent(running, cast)) == 1


def test_each_rule_answers_for_itself(tmp_path: Path) -> None:
    """In the language that is set, and only what it is for."""
    rules = (rule(), rule(name="thank", on="refund.agreed", text={"en": "{amount} {currency}, {order_id}: {reason}"}))
    rules[0]["text"] = {"en": "Why?"}
    with engine.running(tmp_path, router(tmp_path, *rules, language="en")) as running:
        cast = running.play(STORY)
        running.work()
        assert sent(running, cast) == []  # all of it has come to its end
        cast = running.play(STORY, steps=REJECTED)
        running.work()
        running.play(STORY, steps=8, cast=cast)
        running.work()
        assert sent(running, cast) == ["Why?", f"20.00 CNY, {cast.order_id}: 质量问题"]


def test_refund_that_has_moved_on_is_left_alone(tmp_path: Path) -> None:
    """The event is what happened then; what is answered is the refund as it stands."""
    with engine.running(tmp_path, router(tmp_path)) as running, capture_logs() as lines:
        cast = running.play(STORY, steps=WRITTEN + 1)  # asked again, on other terms
        running.work()
        assert running.states("aftersales.ask") == ["succeeded", "succeeded"]
        assert sent(running, cast) == []
    assert {"status": "-10", "now": "10"}.items() <= next(
        line for line in lines if line["event"] == "aftersales.moved_on"
    ).items()


@pytest.mark.parametrize(
    ("conditions", "applies"),
    [
        ({"reason": ["质量问题"]}, True),
        ({"reason": ["质量"]}, False),
        ({"reason_contains": ["少件", "质量"]}, True),
        ({"reason_contains": ["少件"]}, False),
        ({"amount_at_least": 50, "amount_at_most": "50.00"}, True),
        ({"amount_at_least": 50.01}, False),
        ({"amount_at_most": 49.99}, False),
        ({"account": "main"}, True),
        ({"account": "other"}, False),
        ({"by": "seller"}, False),
        ({"reason": ["质量问题"], "amount_at_least": 51}, False),
    ],
    ids=str,
)
def test_all_conditions_must_hold(tmp_path: Path, conditions: dict[str, Any], *, applies: bool) -> None:
    """The refund is of 50 yuan, for its quality; Taobao does not say who rejected it."""
    with engine.running(tmp_path, router(tmp_path, rule(**conditions))) as running:
        cast = running.play(STORY, steps=REJECTED)
        running.work()
        assert running.states("aftersales.ask") == ["succeeded"]
        assert len(sent(running, cast)) == applies


def test_refund_of_1688_has_no_thread_and_no_delivery(tmp_path: Path) -> None:
    with engine.running(tmp_path, router(tmp_path)) as running:
        running.play("refund-rejected-1688")
        running.work()
        assert running.deliveries("aftersales.ask") == []


def test_dry_run_tells_the_log_alone(tmp_path: Path) -> None:
    """Nothing is sent, the effect is still to be had, and words of others stay out of the log."""
    text = {"zh": "{refund_id}: {amount}, {reason}"}
    with capture_logs() as lines, engine.running(tmp_path, router(tmp_path, rule(text=text), dry_run=True)) as dry:
        cast = dry.play(STORY, steps=REJECTED)
        dry.work()
        assert sent(dry, cast) == []
        dry.store.replay([delivery.id for delivery in dry.deliveries("aftersales.ask")], by="mei", stale=True)
        dataclasses.replace(dry, router=router(tmp_path, rule(text=text))).work()
        assert sent(dry, cast) == [f"{cast.refund_id}: 50.00, 质量问题"]
    told = [line["text"] for line in lines if line["event"] == "aftersales.would_send"]
    assert told == [f"{cast.refund_id}: 50.00, {{reason}}"]


def test_seller_who_is_late_is_a_dead_letter(tmp_path: Path) -> None:
    """It waits, without holding up the message; then it dies, and says what to look at."""
    with engine.running(tmp_path, router(tmp_path, rule(answer_within="2s"))) as running:
        cast = running.play(STORY, steps=REJECTED)
        running.work()
        assert len(sent(running, cast)) == 1
        assert running.states("aftersales.ask.late") == ["due"]

        def dead() -> bool:
            running.work()
            return running.states("aftersales.ask.late") == ["dead"]

        wait_until(dead, seconds=10, what="the delivery is dead")
        (delivery,) = running.deliveries("aftersales.ask.late")
        assert delivery.attempts > 1
        assert delivery.error is not None
        assert "the seller has neither written nor decided within 0:00:02" in delivery.error
        assert running.states("aftersales.ask") == ["succeeded"]


@pytest.mark.parametrize("answer", ["a message", "a decision"])
def test_seller_who_answers_in_time_is_left_in_peace(tmp_path: Path, answer: str) -> None:
    """A message in the thread, or another status of the refund, ends the waiting."""
    with engine.running(tmp_path, router(tmp_path, rule(answer_within="1h"))) as running:
        cast = running.play(STORY, steps=REJECTED)
        running.work()
        if answer == "a message":
            write_as_seller(running, cast)
        else:
            running.do(lambda state: state.refunds.change(cast.refund_id, amount=100))
            running.do(lambda state: state.refunds.agree(cast.refund_id))
        running.clock.ahead += 3601
        running.work()
        assert set(running.states("aftersales.ask.late")) == {"succeeded"}


def test_what_the_seller_wrote_before_is_no_answer(tmp_path: Path) -> None:
    """It is still waited for, though it is due by another's clock."""
    with engine.running(tmp_path, router(tmp_path, rule(answer_within="1h"))) as running:
        cast = running.play(STORY, steps=REJECTED - 1)
        write_as_seller(running, cast)
        time.sleep(1.1)  # the platform tells whole seconds
        running.play(STORY, steps=REJECTED, cast=cast)
        running.work()
        running.clock.ahead += 3601
        running.work()
        assert running.states("aftersales.ask.late") == ["due"]


@pytest.mark.parametrize(
    ("settings", "account", "cure"),
    [
        ({}, {"operations": ()}, "set [accounts.operations]"),
        ({"thread": {"time": "gmtCreate"}}, {}, "set [handlers.aftersales.thread]"),
        ({"thread": {"author": "ownerRole"}}, {}, "set [handlers.aftersales.thread]"),
    ],
)
def test_thread_that_cannot_be_read_is_told_at_once(
    tmp_path: Path, settings: dict[str, Any], account: dict[str, Any], cure: str
) -> None:
    """Not after a day: what no public page shows is configured, and the dead letter says where."""
    with engine.running(tmp_path, router(tmp_path, rule(answer_within="24h"), **settings), **account) as running:
        running.play(STORY, steps=WRITTEN)
        running.work()
        late = running.deliveries("aftersales.ask.late")
        assert [delivery.state for delivery in late] == ["dead", "dead"]
        assert all(cure in (delivery.error or "") for delivery in late)


EXPECTED = (
    "value error, expected a text, in which {…} is one of refund_id, order_id, amount, currency, reason;"
    " write a brace as {{ or }}"
)


@pytest.mark.parametrize(
    ("table", "faults"),
    [
        ({"rules": []}, "rules: value error, expected at least one"),
        ({"rules": [rule(), rule()]}, "rules: value error, 2 are named 'ask'; give each a name of its own"),
        ({"rules": [rule(text={"zh": "{buyer}"})]}, f"rules[0].text.zh: {EXPECTED}"),
        ({"rules": [rule(text={"zh": "{reason!r}"})]}, f"rules[0].text.zh: {EXPECTED}"),
        ({"rules": [rule(text={"zh": "{reason.x}"})]}, f"rules[0].text.zh: {EXPECTED}"),
        ({"rules": [rule(text={"zh": "{"})]}, f"rules[0].text.zh: {EXPECTED}"),
        ({"rules": [rule(text={"zh": " "})]}, f"rules[0].text.zh: {EXPECTED}"),
        (
            {"rules": [rule()], "language": "ja"},
            "language: value error, rule 'ask' has no text in 'ja'; write its text.ja",
        ),
        (
            {"rules": [rule(platform="1688")]},
            "rules[0].platform: value error, 1688 has no thread to write to the seller in; leave it out: it is taobao",
        ),
        (
            {"rules": [rule(answer_within="soon")]},
            'rules[0].answer_within: value error, expected a number and its unit: "90s", "30m", "24h" or "2d"',
        ),
        ({"rules": [rule(name="a.late")]}, "rules[0].name: string should match pattern '^[a-z0-9][a-z0-9_-]*$'"),
        ({"rules": [rule(amount="5")]}, "rules[0].amount: extra inputs are not permitted"),
    ],
    ids=str,
)
def test_rule_that_cannot_work_is_refused_at_start(tmp_path: Path, table: dict[str, Any], faults: str) -> None:
    """With its place, and what is expected."""
    with pytest.raises(RoutingError) as refused:
        engine.made(tmp_path, "aftersales", table)
    assert str(refused.value) == f"[handlers.aftersales] {faults}"


def test_event_nobody_knows_is_refused_with_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(
        RoutingError, match=r"rules\[0\]\.on: value error, expected one of refund\.requested, refund\.ag"
    ):
        router(tmp_path, rule(on="order.paid"))


def test_text_that_needs_what_nobody_tells_is_not_sent() -> None:
    known: dict[str, str | None] = {"refund_id": "7", "amount": None, "reason": None}
    assert filled("{refund_id} {{x}}", known) == "7 {x}"
    with pytest.raises(PermanentFailure, match="does not tell amount, reason of this refund"):
        filled("{amount} {reason} {refund_id}", known)
