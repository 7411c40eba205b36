"""Which callbacks are one message: asked of every store."""

import asyncio

import pytest
from builders import Clock, envelope
from databases import on_every_store

from receiver.deliveries import Filters
from receiver.envelope import Envelope, Receipt
from receiver.store.base import REDELIVERY_HORIZON, Store

pytestmark = on_every_store

HORIZON = REDELIVERY_HORIZON.total_seconds()


def put(store: Store, *envelopes: Envelope) -> list[Receipt]:
    return asyncio.run(store.put(envelopes))


def test_a_new_envelope_is_stored_byte_for_byte(store: Store) -> None:
    sent = envelope("ORDER_PAY_SUCCESS")
    [receipt] = put(store, sent)
    found = store.envelope(receipt.envelope_id)
    assert found is not None
    assert (found.payload, found.topic, found.platform) == (sent.payload, "ORDER_PAY_SUCCESS", "1688")
    assert (found.state, found.ambiguous, found.redeliveries) == ("stored", False, 0)
    assert (found.order_id, found.refund_id) == (sent.order_ids[0], None)


def test_the_same_bytes_are_a_redelivery_and_counted(store: Store) -> None:
    sent = envelope()
    [first] = put(store, sent)
    [second] = put(store, sent)
    assert second == Receipt(first.envelope_id, redelivery=True, ambiguous=False)
    found = store.envelope(first.envelope_id)
    assert found is not None
    assert found.redeliveries == 1
    assert len(store.undispatched(10)) == 1


def test_copies_in_one_batch_are_one_message(store: Store) -> None:
    sent = envelope()
    receipts = put(store, sent, sent, sent)
    assert [receipt.redelivery for receipt in receipts] == [False, True, True]
    assert len({receipt.envelope_id for receipt in receipts}) == 1


def test_a_batch_is_judged_as_if_its_envelopes_came_one_by_one(store: Store) -> None:
    """News that stands behind a redelivery in its batch did not come in between; news that stands before it did."""
    put(store, envelope("A", order_ids=("7",), push_time="1"))
    receipts = put(
        store,
        envelope("B", order_ids=("8",)),
        envelope("A", order_ids=("7",), push_time="2"),
        envelope("B", order_ids=("7",)),
        envelope("A", order_ids=("7",), push_time="3"),
        envelope("B", order_ids=("9",)),
    )
    assert [(receipt.redelivery, receipt.ambiguous) for receipt in receipts] == [
        (False, False),
        (True, False),
        (False, False),
        (False, True),
        (False, False),
    ]
    assert [each.id for each in store.undispatched(10)][1:] == [
        receipt.envelope_id for receipt in receipts if not receipt.redelivery
    ]
    [again] = put(store, envelope("B", order_ids=("9",), push_time="4"))
    assert again.redelivery


def test_an_envelope_of_thousands_of_orders_is_found_by_each(store: Store) -> None:
    """More than one statement can hold."""
    orders = tuple(str(number) for number in range(11_000))
    put(store, envelope("A", order_ids=orders, push_time="1"), envelope("B", order_ids=("10999",)))
    [again] = put(store, envelope("A", order_ids=orders, push_time="2"))
    assert again.ambiguous


def test_another_push_time_is_a_redelivery(store: Store) -> None:
    content = {"order": "1"}
    put(store, envelope(content=content, order_ids=("1",), push_time="1"))
    [again] = put(store, envelope(content=content, order_ids=("1",), push_time="2"))
    assert again.redelivery


def test_another_content_is_news(store: Store) -> None:
    receipts = put(store, envelope(content={"a": 1}), envelope(content={"a": 2}))
    assert [receipt.redelivery for receipt in receipts] == [False, False]


def test_a_b_a_with_another_push_time_is_stored_as_ambiguous(store: Store) -> None:
    """A late repeat of A, or A once more: nobody can tell, so it runs, marked."""
    put(store, envelope("A", order_ids=("7",), push_time="1"), envelope("B", order_ids=("7",)))
    [again] = put(store, envelope("A", order_ids=("7",), push_time="2"))
    assert (again.redelivery, again.ambiguous) == (False, True)
    found = store.envelope(again.envelope_id)
    assert found is not None
    assert found.ambiguous


def test_a_b_a_with_the_same_bytes_is_a_redelivery_whatever_came_between(store: Store) -> None:
    first = envelope("A", order_ids=("7",))
    put(store, first, envelope("B", order_ids=("7",)))
    [again] = put(store, first)
    assert again.redelivery


def test_the_bytes_of_a_redelivery_are_remembered_too(store: Store) -> None:
    """A as pushed at 1 and at 2, then B, then A as pushed at 2 again: those very bytes were seen."""
    second_push = envelope("A", order_ids=("7",), push_time="2")
    put(store, envelope("A", order_ids=("7",), push_time="1"), second_push, envelope("B", order_ids=("7",)))
    [again] = put(store, second_push)
    assert again.redelivery


def test_news_of_another_order_makes_nothing_ambiguous(store: Store) -> None:
    put(store, envelope("A", order_ids=("7",), push_time="1"), envelope("B", order_ids=("8",)))
    [again] = put(store, envelope("A", order_ids=("7",), push_time="2"))
    assert again.redelivery


def test_an_order_among_several_counts_as_in_between(store: Store) -> None:
    """A batch payment names many orders."""
    put(store, envelope("A", order_ids=("7",), push_time="1"), envelope("BATCH", order_ids=("5", "6", "7")))
    [again] = put(store, envelope("A", order_ids=("7",), push_time="2"))
    assert again.ambiguous


def test_news_of_its_order_in_between_makes_a_refund_ambiguous(store: Store) -> None:
    """Nobody can tell whether the refund moved on and back with its order: rather once too often, and marked."""
    put(
        store,
        envelope("A", order_ids=("7",), refund_ids=("R",), push_time="1"),
        envelope("B", order_ids=("7",)),
    )
    [again] = put(store, envelope("A", order_ids=("7",), refund_ids=("R",), push_time="2"))
    assert again.ambiguous


def test_the_last_retry_of_the_slowest_source_is_a_redelivery(store: Store, clock: Clock) -> None:
    """Twelve retries, half an hour apart, and each took its second."""
    put(store, envelope("A", order_ids=("7",), push_time="0"))
    for push in range(1, 13):
        clock.pass_time(seconds=1801)
        [again] = put(store, envelope("A", order_ids=("7",), push_time=str(push)))
        assert again.redelivery, push


def test_after_an_ambiguous_one_its_own_redelivery_is_recognised(store: Store) -> None:
    put(store, envelope("A", order_ids=("7",), push_time="1"), envelope("B", order_ids=("7",)))
    [ambiguous] = put(store, envelope("A", order_ids=("7",), push_time="2"))
    [again] = put(store, envelope("A", order_ids=("7",), push_time="3"))
    assert again == Receipt(ambiguous.envelope_id, redelivery=True, ambiguous=False)


def test_a_message_id_tells_whatever_the_bytes_are_and_came_between(store: Store) -> None:
    put(
        store,
        envelope("A", order_ids=("7",), push_time="1", message_id="100"),
        envelope("B", order_ids=("7",), message_id="101"),
    )
    [again, news] = put(
        store,
        envelope("A", order_ids=("7",), push_time="2", message_id="100"),
        envelope("A", order_ids=("7",), push_time="1", message_id="102"),
    )
    assert again.redelivery
    assert (news.redelivery, news.ambiguous) == (False, False)


@pytest.mark.parametrize(
    ("seconds", "redelivery"), [(HORIZON - 1, True), (HORIZON + 1, False)], ids=["within", "beyond"]
)
def test_the_horizon_bounds_what_is_a_redelivery(store: Store, clock: Clock, seconds: float, redelivery: bool) -> None:
    put(store, envelope("A", order_ids=("7",), push_time="1"))
    clock.pass_time(seconds=seconds)
    [again] = put(store, envelope("A", order_ids=("7",), push_time="2"))
    assert (again.redelivery, again.ambiguous) == (redelivery, False)


def test_old_bytes_beyond_the_horizon_are_ambiguous(store: Store, clock: Clock) -> None:
    """No source redelivers so late; the push time is the old one. A captured callback, or a clock that jumped."""
    sent = envelope("A")
    put(store, sent)
    clock.pass_time(seconds=HORIZON + 1)
    [again] = put(store, sent)
    assert (again.redelivery, again.ambiguous) == (False, True)


def test_after_the_horizon_redeliveries_belong_to_the_new_generation(store: Store, clock: Clock) -> None:
    put(store, envelope("A", order_ids=("7",), push_time="1"))
    clock.pass_time(seconds=HORIZON + 1)
    [news] = put(store, envelope("A", order_ids=("7",), push_time="2"))
    [again] = put(store, envelope("A", order_ids=("7",), push_time="3"))
    assert again.envelope_id == news.envelope_id
    assert len(store.envelopes(Filters(), 10)) == 2


def test_ids_sort_in_the_order_of_acceptance(store: Store) -> None:
    receipts = put(store, *(envelope(str(number)) for number in range(50)))
    ids = [receipt.envelope_id for receipt in receipts]
    assert ids == sorted(ids)
    assert [found.id for found in store.undispatched(100)] == ids
