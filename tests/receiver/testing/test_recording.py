"""The recording API is the real one up to the socket: what it refuses, the real one refuses."""

import pytest

from receiver.api.platforms import OPERATIONS
from receiver.errors import ApiRefused, ApiUnavailable, UndocumentedOperation, WrongCall
from receiver.testing import NotAnswered, RecordingApi


def test_calls_are_recorded_with_the_parameters_of_the_page() -> None:
    api = RecordingApi()
    api.cancel_refund("200302638011004261", once="cancel")
    api.send_refund_message("7", "Why?", once="ask")
    assert api.calls == [
        ("taobao.refund.cancel", {"refundId": "200302638011004261"}),
        ("taobao.refund.submit_message", {"refundId": "7", "refundMessage": "Why?"}),
    ]


def test_answers_come_one_after_the_other_and_the_last_for_ever() -> None:
    api = RecordingApi(platform="1688")
    api.answers("order_detail", ApiUnavailable("not now"), {"orderId": 58218860983545941, "totalAmount": 9800})
    with pytest.raises(ApiUnavailable):
        api.order_detail("7")
    for _ in range(2):
        order = api.order_detail("7")
        assert (order.id, order.total and order.total.amount) == ("58218860983545941", 9800)


def test_an_answer_is_read_as_the_platform_s_is() -> None:
    """PandaPon succeeds in saying no."""
    api = RecordingApi(platform="1688")
    api.answers("cancel_order", {"success": False})
    with pytest.raises(ApiRefused, match="did not do it"):
        api.cancel_order("7", reason="other", once="cancel")


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda api: api.call("taobao.order.detial", orderId="7"), r"did you mean taobao\.order\.detail"),
        (lambda api: api.call("taobao.refund.submit_message", refundId="7", once="a", x=1), "no parameter 'x'"),
        (lambda api: api.call("taobao.refund.cancel", refundId="7"), "cannot be taken back; give once="),
        (lambda api: api.call("taobao.refund.query", refundId=7.0), "expected text or a whole number"),
    ],
)
def test_wrong_calls_are_refused(call: "object", says: str) -> None:
    api = RecordingApi()
    with pytest.raises(WrongCall, match=says):
        call(api)  # type: ignore[operator]
    assert api.calls == []


def test_operation_without_a_public_path_is_refused_until_the_test_answers_it() -> None:
    api = RecordingApi()
    with pytest.raises(UndocumentedOperation, match=r"accounts\.operations"):
        api.order_detail("7")
    api.answers("order_detail", {"orderId": "7"})
    assert api.order_detail("7").id == "7"


def test_a_read_that_nobody_answers_says_how_to() -> None:
    with pytest.raises(NotAnswered, match=r'api\.answers\("taobao\.refund\.query", …\)'):
        RecordingApi().refund_detail("7")


def test_answers_to_nothing_that_exists_are_refused() -> None:
    with pytest.raises(WrongCall, match="did you mean taobao"):
        RecordingApi().answers("taobao.refund.qery", {})
    with pytest.raises(TypeError, match="say what is answered"):
        RecordingApi().answers("refund_detail")


@pytest.mark.parametrize("method", OPERATIONS)
def test_every_named_method_can_be_answered(method: str) -> None:
    RecordingApi().answers(method, {})
