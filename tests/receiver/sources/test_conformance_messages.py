"""Every source of the table, asked the same questions: what a message is, and which are the same."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from receiver.accounts import Account
from receiver.envelope import StoredEnvelope
from receiver.errors import Undecodable
from receiver.events import OrderEvent
from receiver.sources.base import Source

Write = Callable[..., bytes]
Stored = Callable[..., StoredEnvelope]


def test_a_body_in_a_wrong_encoding_is_kept_by_its_bytes(
    source: Source, account: Account, write: Write, stored: Stored
) -> None:
    callback = source.sign(write(note='"已付款"').decode().encode("gbk"), account)
    envelope = source.open_callback(callback, account)
    assert (envelope.topic, envelope.platform, envelope.subjects) == (None, None, ())
    assert envelope.identity.kind == "bytes"
    with pytest.raises(Undecodable, match="not JSON"):
        source.decode(stored(source.name, callback.body))


def test_nul_bytes_are_kept_by_their_bytes(source: Source, account: Account, stored: Stored) -> None:
    callback = source.sign(b"\0\0", account)
    assert source.open_callback(callback, account).identity.kind == "bytes"
    with pytest.raises(Undecodable):
        source.decode(stored(source.name, callback.body))


def test_an_id_with_nul_in_it_is_none(source: Source, account: Account, write: Write) -> None:
    r"""No database keeps it: ``"\u0000"`` would make an acknowledged message one that cannot be stored."""
    callback = source.sign(write(order=r'"1\u0000"'), account)
    assert source.open_callback(callback, account).order_ids == ()


def test_a_body_of_one_mebibyte_is_read(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(note=f'"{"x" * 2**20}"'), account)
    assert source.open_callback(callback, account).order_ids == ("3305075341149134260",)


@pytest.mark.parametrize("depth", [100_000, 1_000, 500, 253])
def test_deep_nesting_neither_fails_nor_is_lost(
    source: Source, account: Account, write: Write, stored: Stored, depth: int
) -> None:
    callback = source.sign(write(note="[" * depth + "]" * depth), account)
    assert source.open_callback(callback, account).payload == callback.body
    try:
        source.decode(stored(source.name, callback.body))
    except Undecodable as error:
        assert error.problem == "not JSON"  # noqa: PT017  # either is right: some depths can be read


@pytest.mark.parametrize("order", ["3305075341149134260", "330507534114913426012"])
def test_long_ids_are_kept_to_the_last_digit(
    source: Source, account: Account, write: Write, stored: Stored, order: str
) -> None:
    callback = source.sign(write(order=order), account)
    assert source.open_callback(callback, account).order_ids == (order,)
    assert [event.order_id for event in source.decode(stored(source.name, callback.body))] == [order]


@pytest.mark.parametrize("order", ["330507534114913426", "330507534114913426012"])
def test_ids_that_differ_in_the_last_digit_are_different_messages(
    source: Source, account: Account, write: Write, order: str
) -> None:
    keys = {
        source.open_callback(source.sign(write(order=order + last), account), account).identity.key for last in "12"
    }
    assert len(keys) == 2


def test_a_redelivery_with_another_push_time_is_the_same_message_in_other_bytes(
    source: Source, account: Account, write: Write
) -> None:
    first = source.open_callback(source.sign(write(pushed=1779263269913), account), account).identity
    again = source.open_callback(source.sign(write(pushed=1779265069913), account), account).identity
    assert first.kind == "content"
    assert again.key == first.key
    assert again.bytes_digest != first.bytes_digest


@pytest.mark.parametrize("other", [{"topic": 1}, {"note": '"x"'}, {"order": "1"}])
def test_another_topic_or_body_is_another_message(
    source: Source, account: Account, write: Write, other: dict[str, Any]
) -> None:
    first = source.open_callback(source.sign(write(), account), account).identity
    second = source.open_callback(source.sign(write(**other), account), account).identity
    assert second.key != first.key


def test_another_account_makes_another_message(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(), account)
    first = source.open_callback(callback, account).identity
    second = source.open_callback(callback, replace(account, name="other")).identity
    assert second.key != first.key
    assert second.bytes_digest != first.bytes_digest


def test_an_order_topic_becomes_an_order_event(source: Source, account: Account, write: Write, stored: Stored) -> None:
    callback = source.sign(write(), account)
    (event,) = source.decode(stored(source.name, callback.body))
    assert isinstance(event, OrderEvent)
    assert (event.account, event.source, event.order_id) == ("main", source.name, "3305075341149134260")


def test_ambiguity_is_handed_on(source: Source, account: Account, write: Write, stored: Stored) -> None:
    callback = source.sign(write(), account)
    (event,) = source.decode(stored(source.name, callback.body, ambiguous=True))
    assert event.ambiguous


def test_an_undecodable_body_is_told_without_a_value(
    source: Source, account: Account, write: Write, stored: Stored
) -> None:
    callback = source.sign(write(order='{"phone":"13800138000"}'), account)
    with pytest.raises(Undecodable) as caught:
        source.decode(stored(source.name, callback.body))
    assert "13800138000" not in str(caught.value)
    assert caught.value.path in {"messageBody.orderId", "data.purchase_id", "data.orderId"}
