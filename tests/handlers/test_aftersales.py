"""Refunds are told in words, with their order where the source names it."""

import pytest
from steps import context
from structlog.testing import capture_logs

from handlers import aftersales
from receiver.events import RefundEvent


@pytest.mark.parametrize(("order_id", "of"), [("42", " of order 42"), (None, "")])
def test_refund_is_named_with_its_order_and_topic(order_id: str | None, of: str) -> None:
    event = RefundEvent(
        account="main",
        source="pandapon",
        platform="taobao",
        topic="REFUND_AGREED",
        order_id=order_id,
        refund_id="TQ7",
        raw={"buyerName": "PLANTED"},
    )
    with capture_logs() as lines:
        aftersales.tell(context(event))
    assert [line["event"] for line in lines] == [f"refund TQ7{of}: REFUND_AGREED"]
    assert "PLANTED" not in repr(lines)
