"""``yizhan handlers try``: what a handler would have done with what is stored; nothing is sent, nothing written."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import apsw
import orjson
import pytest
from platform_server import data, platform
from typer.testing import CliRunner, Result

from receiver.cli import app
from receiver.events import Event, OrderPaid, OrderShipped, RefundRejected
from receiver.testing import event

SHOP = """
from pathlib import Path
from receiver import Context, Router
from receiver.events import OrderEvent, OrderPaid, RefundRejected

router = Router()
print("imported")

@router.on(RefundRejected, name="shop.ask_why")
def ask_why(ctx: Context[RefundRejected]) -> None:
    ctx.log.info("asking", refund=ctx.event.refund_id, why="rejected")
    ctx.api.send_refund_message(ctx.event.refund_id, "Why?", once="ask")
    ctx.once("mail", lambda: Path("sent.txt").write_text("!"))
    print("done")

@router.on(OrderPaid, name="shop.reserve")
def reserve(ctx: Context[OrderPaid]) -> None:
    ctx.log.info("order is %s", ctx.api.order_detail(ctx.event.order_id).status)

@router.on(OrderEvent, name="shop.note")
def note(ctx: Context[OrderEvent]) -> None:
    if ctx.event.order_id == "13":
        raise ValueError("PLANTED")
"""

OLD = """
from receiver import Context
from receiver.events import RefundRejected

def ask_why(ctx: Context[RefundRejected]) -> None:
    text = "Why?" if ctx.event.refund_id == "7" else "Please say why."
    ctx.api.send_refund_message(ctx.event.refund_id, text, once="ask")
    ctx.once("mail", lambda: None)

def bare(ctx):
    pass
"""


@pytest.fixture
def stored(folder: Path, accept: Callable[..., str]) -> Callable[..., list[str]]:
    """A shop, and these events in its store; the envelopes' ids."""
    text = (folder / "yizhan.toml").read_text()
    (folder / "yizhan.toml").write_text(
        text.replace("[handlers]\nrouters = []", 'user_id = "1"\n[handlers]\nrouters = ["shop:router"]')
    )
    (folder / "shop.py").write_text(SHOP)
    (folder / "old_shop.py").write_text(OLD)

    def put(*events: Event) -> list[str]:
        return [accept(told.order_id, topic=told.topic, body=orjson.dumps(told.raw)) for told in events]

    return put


@pytest.fixture
def attempt(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Result]]:
    monkeypatch.chdir(folder)
    monkeypatch.syspath_prepend(folder)

    def run(*arguments: str) -> Result:
        sys.modules.pop("shop", None)
        return CliRunner().invoke(app, ["handlers", "try", *arguments], catch_exceptions=False)

    yield run
    sys.modules.pop("shop", None)


def contents(folder: Path) -> list[tuple[object, ...]]:
    reader = apsw.Connection(str(folder / "yizhan.db"))
    tables = sorted(name for (name,) in reader.execute("SELECT name FROM sqlite_schema WHERE type = 'table'"))
    rows = [row for name in tables for row in reader.execute(f"SELECT * FROM {name}")]
    reader.close()
    return rows


def test_ways_out_are_told_and_not_taken(
    folder: Path, stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    (envelope,) = stored(event(RefundRejected, refund_id="7", order_id="42"))
    before = contents(folder)
    told = attempt("shop.ask_why")
    assert (told.exit_code, told.stdout.splitlines()[0].split("  ")[1:]) == (
        0,
        ["refund.rejected", "42 / 7", f"envelope {envelope}"],
    )
    assert [line.strip() for line in told.stdout.splitlines()[1:]] == [
        "shop.ask_why succeeded",
        "would call taobao.refund.submit_message refundId='7' refundMessage='Why?'",
        "would have, once: ask",
        "would have, once: mail",
        "info: asking why=rejected",
        "1 events: 1 succeeded; would make 1 calls, have 2 effects. Nothing was sent or stored.",
    ]
    assert contents(folder) == before
    assert not (folder / "sent.txt").exists()


def test_json_is_one_object_a_line_whatever_the_handler_prints(
    stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    ids = stored(event(RefundRejected, refund_id="7"), event(OrderPaid), event(RefundRejected, refund_id="8"))
    rows = [json.loads(line) for line in attempt("shop.ask_why", "--json").stdout.splitlines()]
    assert [row["envelope_id"] for row in rows] == [ids[0], ids[2]]
    assert [(row["event"], row["refund_id"], row["outcome"], row["effects"]) for row in rows] == [
        ("refund.rejected", refund, "succeeded", ["ask", "mail"]) for refund in ("7", "8")
    ]
    assert rows[0]["calls"] == [
        {"operation": "taobao.refund.submit_message", "parameters": {"refundId": "7", "refundMessage": "Why?"}}
    ]


def test_effects_are_had_once_over_all_events_and_old_news_is_skipped(
    stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    first, second = (event(RefundRejected, refund_id="7", order_id=order) for order in ("42", "43"))
    stored(first, second, event(OrderShipped, order_id="9"), event(OrderPaid, order_id="9", platform="taobao"))
    rows = [json.loads(line) for line in attempt("shop.ask_why", "--json").stdout.splitlines()]
    assert [len(row["calls"]) for row in rows] == [1, 0]
    noted = attempt("shop.note", "--json")
    assert noted.exit_code == 0
    assert [json.loads(line)["outcome"] for line in noted.stdout.splitlines()] == ["succeeded", "skipped"]


def test_failures_are_named_without_their_words_and_exit_1(
    stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    stored(event(OrderPaid, order_id="13"), event(OrderPaid, order_id="14"))
    told = attempt("shop.note")
    assert (told.exit_code, "PLANTED" in told.output) == (1, False)
    assert "shop.note failed: ValueError at " in told.stdout
    assert "2 events: 1 succeeded, 1 failed" in told.stdout


def test_read_is_recorded_and_left_unanswered(stored: Callable[..., list[str]], attempt: Callable[..., Result]) -> None:
    stored(event(OrderPaid, order_id="42"))
    told = attempt("shop.reserve")
    assert told.exit_code == 1
    assert "1688.order.detail has no answer here; it was recorded only; make the reads with --online" in told.stdout
    assert "would call 1688.order.detail webSite='1688' orderId='42'" in told.stdout


def test_online_makes_the_reads_and_nothing_else(
    folder: Path, stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    stored(event(OrderPaid, order_id="42"), event(RefundRejected, refund_id="7"))
    order = {"baseInfo": {"idOfStr": "42", "status": "waitsellersend"}}
    with platform(data(order)) as real:
        table = f'api = {{url = "{real.url}"}}\n[handlers]'
        text = (folder / "yizhan.toml").read_text()
        (folder / "yizhan.toml").write_text(text.replace("[handlers]", table))
        told = attempt("shop.reserve", "--online")
        assert (told.exit_code, "info: order is waitsellersend" in told.stdout) == (0, True)
        assert len(real.asked) == 1
        assert attempt("shop.ask_why", "--online").exit_code == 0
        assert len(real.asked) == 1


def test_against_an_older_version_only_differences_are_shown(
    stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    stored(event(RefundRejected, refund_id="7"), event(RefundRejected, refund_id="8"))
    told = attempt("shop.ask_why", "--against", "old_shop.py:ask_why")
    assert told.exit_code == 1
    assert "envelope" in told.stdout
    assert told.stdout.count("refund.rejected") == 1
    assert "- old_shop.py:ask_why succeeded" in told.stdout
    assert [line.strip() for line in told.stdout.splitlines() if "would call" in line] == [
        "- would call taobao.refund.submit_message refundId='8' refundMessage='Please say why.'",
        "+ would call taobao.refund.submit_message refundId='8' refundMessage='Why?'",
    ]
    assert "; 1 different. Nothing" in told.stdout
    same = attempt("shop:ask_why", "--against", "shop.ask_why")
    assert (same.exit_code, "0 different" in same.stdout, "would call" in same.stdout) == (0, True, False)


def test_history_is_chosen_by_time_type_envelope_and_number(
    stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    ids = stored(*(event(OrderPaid, order_id=str(number)) for number in range(20, 24)), event(OrderShipped))

    def chosen(*arguments: str) -> list[str]:
        lines = attempt("shop.note", "--json", *arguments).stdout.splitlines()
        return [json.loads(line)["envelope_id"] for line in lines]

    assert chosen() == ids
    assert chosen("--limit", "2") == ids[-2:]
    assert chosen("--event", "order.paid") == ids[:4]
    assert chosen("--envelope", ids[1]) == [ids[1]]
    assert chosen("--since", "2026-09-21T14:13:21Z") == []
    assert chosen("--until", "2026-09-21T14:13:20Z") == []


@pytest.mark.parametrize(
    ("handler", "says"),
    [
        ("shop.ask_wy", "no handler shop.ask_wy; did you mean shop.ask_why?"),
        ("nothing", "no handler nothing; yizhan handlers lists them; or give module:function"),
        ("shop:nothing", "shop:nothing: there is no nothing in shop; correct the name"),
        ("shop:router", "shop:router: router is a Router; name a function"),
        ("old_shop.py:bare", "nothing says for which event it is; annotate it: (ctx: Context[OrderPaid])"),
        ("gone.py:ask", "gone.py:ask: there is no file"),
        ("gone:ask", "gone:ask: there is no module gone; put gone.py into"),
        ("broken.py:ask", "broken.py:ask: SyntaxError at broken.py:1:"),
        ("raising.py:ask", "raising.py:ask: ZeroDivisionError at raising.py:1;"),
    ],
)
def test_what_cannot_be_found_says_why(
    folder: Path, stored: Callable[..., list[str]], attempt: Callable[..., Result], handler: str, says: str
) -> None:
    stored()
    (folder / "broken.py").write_text("def ask(:")
    (folder / "raising.py").write_text("1 / 0")
    refused = attempt(handler)
    assert refused.exit_code == 2
    assert says in " ".join(refused.stderr.split())


def test_help_says_what_cannot_be_held_back() -> None:
    text = CliRunner().invoke(app, ["handlers", "try", "--help"]).stdout
    assert "CANNOT be held back: it happens" in " ".join(text.split())


def test_handlers_alone_still_lists(
    folder: Path, stored: Callable[..., list[str]], attempt: Callable[..., Result]
) -> None:
    stored()
    listed = CliRunner().invoke(app, ["handlers", "--json"], catch_exceptions=False)
    assert [json.loads(line)["handler"] for line in listed.stdout.splitlines()] == [
        "shop.ask_why",
        "shop.reserve",
        "shop.note",
    ]
