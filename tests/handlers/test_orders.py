"""Orders are told in words: ids and topics, never what the body holds."""

import pytest
from steps import context
from structlog.testing import capture_logs

from handlers import orders
from receiver.envelope import Platform
from receiver.events import OrderEvent


@pytest.mark.parametrize(("platform", "where"), [("1688", "1688"), ("taobao", "taobao"), (None, "its platform")])
def test_order_is_named_with_its_platform_and_topic(platform: Platform | None, where: str) -> None:
    event = OrderEvent(
        account="main",
        source="pandapon",
        platform=platform,
        topic="ORDER_PAY_SUCCESS",
        order_id="3305075341149134260",
        raw={"buyerName": "PLANTED"},
    )
    with capture_logs() as lines:
        orders.tell(context(event))
    assert [line["event"] for line in lines] == [f"order 3305075341149134260 at {where}: ORDER_PAY_SUCCESS"]
    assert "PLANTED" not in repr(lines)
