"""The plug-in for pytest, in a run of pytest as a team makes it."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from trying_out import pytest_in

import handlers
from receiver import testing

SHOP = """
from receiver import Context, Router
from receiver.events import OrderEvent, OrderPaid, OrderShipped, RefundRejected

router = Router()
stock = {}

@router.on(RefundRejected, name="shop.ask_why")
def ask_why(ctx: Context[RefundRejected]) -> None:
    ctx.api.send_refund_message(ctx.event.refund_id, "Why?", once="ask-reason")

@router.on(OrderPaid, name="shop.reserve")
def reserve(ctx: Context[OrderPaid]) -> None:
    stock[ctx.event.order_id] = ctx.api.order_detail(ctx.event.order_id).status

@router.on(OrderShipped, name="shop.shipped")
def shipped(ctx: Context[OrderShipped]) -> None:
    stock[ctx.event.order_id] = ctx.api.order_detail(ctx.event.order_id).status
"""

IMPORTS = """
import shop, pytest
from receiver import Context, Router
from receiver.events import *
from receiver.testing import *
from receiver.errors import *
"""


def passes(folder: Path, *tests: str) -> None:
    (folder / "shop.py").write_text(SHOP)
    (folder / "test_shop.py").write_text(IMPORTS + "\n".join(map(textwrap.dedent, tests)))
    done = pytest_in(folder, "-W", "error")
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout), done.stdout


def examples(text: str | None) -> list[str]:
    """The indented blocks; one that is no test by itself is made one."""
    blocks = map(textwrap.dedent, re.findall(r"::\n\n((?:    .*\n|\n)+)", text or ""))
    return [
        block if "def test_" in block else f"def test_{number}():\n{textwrap.indent(block, '    ')}"
        for number, block in enumerate(blocks)
    ]


def test_examples_of_the_kit_hold(tmp_path: Path) -> None:
    found = examples(testing.__doc__)
    assert len(found) == 4
    passes(tmp_path, *found)


def test_example_of_how_to_write_a_handler_holds(tmp_path: Path) -> None:
    """What ``handlers/__init__.py`` says of testing."""
    (block,) = [block for block in examples(handlers.__doc__) if "def test_" in block and "run_handler" in block]
    passes(tmp_path, block)


def test_whole_yizhan_runs_a_callback_to_its_end(tmp_path: Path) -> None:
    passes(
        tmp_path,
        """
        @pytest.fixture
        def yizhan_router():
            return shop.router

        def test_refund(yizhan):
            rejected = event(RefundRejected)
            yizhan.receive(rejected)
            yizhan.receive(rejected)
            yizhan.settle()
            (delivery,) = yizhan.deliveries()
            assert (delivery.state, delivery.attempts, delivery.handler) == ("succeeded", 1, "shop.ask_why")
            (call,) = yizhan.calls
            assert call.parameters["refundId"] == rejected.refund_id

        def test_retries_pass_at_once(yizhan):
            yizhan.api.answers("order_detail", ApiUnavailable("not now"), {"orderId": "7", "status": "paid"})
            yizhan.receive(event(OrderPaid, order_id="7"))
            yizhan.settle()
            assert [(row.state, row.attempts) for row in yizhan.deliveries()] == [("due", 1)]
            yizhan.pass_time(minutes=1)
            yizhan.settle()
            assert [(row.state, row.attempts) for row in yizhan.deliveries()] == [("succeeded", 2)]
            assert shop.stock == {"7": "paid"}

        def test_what_the_wire_does_not_tell_is_refused(yizhan):
            with pytest.raises(ValueError, match="tells another status than the event; what goes over the wire"):
                yizhan.receive(event(OrderPaid, status="PAID"))
        """,
    )


def test_sandbox_answers_and_pushes(tmp_path: Path) -> None:
    passes(
        tmp_path,
        """
        @pytest.fixture
        def yizhan_router():
            return shop.router

        def test_life(yizhan, sandbox):
            cast = yizhan.play("order-life-taobao")
            assert {row.state for row in yizhan.deliveries()} == {"succeeded"}
            assert shop.stock[cast.order_id] is not None
            assert {call.operation for call in yizhan.calls} == {"taobao.order.detail"}
        """,
    )


def test_story_without_a_sandbox_says_what_to_do(tmp_path: Path) -> None:
    passes(
        tmp_path,
        """
        def test_alone(yizhan):
            with pytest.raises(LookupError, match="ask for the fixture sandbox too"):
                yizhan.play("order-life-taobao")
        """,
    )


def test_without_a_router_of_its_own_it_runs_what_is_installed(tmp_path: Path) -> None:
    passes(tmp_path, "def test_none(yizhan_router): assert list(yizhan_router) == []")


def test_loading_it_imports_nothing_of_the_service() -> None:
    """It is loaded in every run of pytest, whatever that tests."""
    heavy = "'uvicorn', 'dramatiq', 'starlette', 'receiver.embedded', 'receiver.sandbox'"
    check = f"import sys, receiver.testing.plugin; assert not sys.modules.keys() & {{{heavy}}}"
    subprocess.run([sys.executable, "-c", check], check=True)


@pytest.mark.parametrize("kind", ["yizhan", "yizhan_router", "sandbox"])
def test_fixtures_are_told_by_pytest(tmp_path: Path, kind: str) -> None:
    assert re.search(rf"^{kind} ", pytest_in(tmp_path, "--fixtures").stdout, re.MULTILINE)
