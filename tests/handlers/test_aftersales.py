"""Refunds are told in words, with their order where the source names it."""

import pytest
from steps import context
from structlog.testing import capture_logs

from handlers import aftersales
from receiver.events import RefundEvent, RefundRejected
from receiver.vocabulary import event_types


@pytest.mark.parametrize(("order_id", "of"), [("42", " of order 42"), (None, "")])
@pytest.mark.parametrize(
    ("kind", "words"), [(RefundRejected, "was rejected"), (RefundEvent, "changed: REFUND_OF_TOMORROW")]
)
def test_refund_is_named_with_its_order_and_what_happened(
    kind: type[RefundEvent], words: str, order_id: str | None, of: str
) -> None:
    event = kind(
        account="main",
        source="pandapon",
        platform="taobao",
        topic="REFUND_OF_TOMORROW",
        order_id=order_id,
        refund_id="TQ7",
        raw={"buyerName": "PLANTED"},
    )
    with capture_logs() as lines:
        aftersales.tell(context(event))
    assert [line["event"] for line in lines] == [f"refund TQ7{of} {words}"]
    assert "PLANTED" not in repr(lines)


def test_every_event_of_a_refund_has_words() -> None:
    assert list(aftersales.WORDS) == [kind for kind in event_types() if issubclass(kind, RefundEvent)]
