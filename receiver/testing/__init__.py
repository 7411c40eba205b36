"""Testing handlers: the service's own ways, on trial. Nothing here is a mock of what it stands for.

*One handler, one event*::

    from receiver.testing import event, run_handler

    def test_asks_the_seller_once():
        ran = run_handler(shop.ask_why, event(RefundRejected, refund_id="200302638011004261"))
        assert ran.outcome == "succeeded"
        assert ran.calls == [
            ("taobao.refund.submit_message", {"refundId": "200302638011004261", "refundMessage": "Why?"})
        ]

``event()`` builds any event with what the platform really says in it; ``run_handler()`` runs a plain or async handler
as the worker does: within its ``timeout``, with effects that are had once, and the outcome that the worker would see
(``succeeded``, ``failed`` with ``retry_in``, ``dead``). ``ran.raised()`` shows the traceback.

*What it reads* is said beforehand; whatever is not makes the run end ``dead``, with the line to add::

    api = RecordingApi()
    api.answers("order_detail", {"orderId": "3305075341149134260", "status": "WAIT_SELLER_SEND_GOODS"})
    ran = run_handler(shop.reserve, event(OrderPaid), api=api)

*Several runs* share a ``Bench``: what was had once stays had, and ``bench.deliver()`` makes all the attempts.

*What every handler must bear*: to run again, to have its worker die under it, to hear things out of order::

    assert_idempotent(shop.ask_why, event(RefundRejected))
    assert_order_free(
        shop.router,
        [event(OrderPaid, order_id="42"), event(OrderShipped, order_id="42")],
        answers={"order_detail": {"orderId": "42", "status": "WAIT_BUYER_CONFIRM_GOODS"}},
        state=lambda: dict(shop.stock),
        reset=shop.stock.clear,
    )

They see what goes out by ``ctx.api`` and ``ctx.once``, and of your own systems what ``state=`` returns.

*All of it*: with pytest, the fixture ``yizhan`` is a whole one in this process, with the handlers of all installed
packages, or of your fixture ``yizhan_router``; ``sandbox`` is the platform: its stories push callbacks, its API
answers::

    @pytest.fixture
    def yizhan_router():
        return shop.router

    def test_a_rejected_refund_is_asked_about(yizhan, sandbox):
        cast = yizhan.play("refund-rejected")
        assert {row.state for row in yizhan.deliveries(handler="shop.ask_why")} == {"succeeded"}
        thread = sandbox.state.refunds.get(cast.refund_id).thread
        assert [post.text for post in thread if post.author == "buyer"] == ["Why?"]

Without the sandbox, ``yizhan.receive(event(…))`` calls back, and ``yizhan.calls`` holds what went out.
"""

from receiver.testing.building import event
from receiver.testing.contracts import assert_idempotent, assert_order_free
from receiver.testing.recording import NotAnswered, RecordingApi
from receiver.testing.running import Bench, Ran, run_handler

__all__ = [
    "Bench",
    "NotAnswered",
    "Ran",
    "RecordingApi",
    "assert_idempotent",
    "assert_order_free",
    "event",
    "run_handler",
]
