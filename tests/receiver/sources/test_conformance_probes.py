"""Every source of the table, asked the same questions: what the console's *Verify* button may send."""

from collections.abc import Callable

import pytest

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import SignatureMissing
from receiver.sources.base import Source

Write = Callable[..., bytes]


def test_an_empty_body_is_unsigned_or_names_no_topic(source: Source, account: Account) -> None:
    probe = Callback(headers=(), body=b"")
    assert source.unsigned(probe)
    assert source.topicless(probe)
    with pytest.raises(SignatureMissing):
        source.open_callback(probe, account)


@pytest.mark.parametrize("body", [b"", b" \r\n", b"{}", b"null", b"[]", b'{"hello":"world"}', b"verify"])
def test_a_body_of_no_topic_is_a_probe(source: Source, body: bytes) -> None:
    assert source.topicless(Callback(headers=(), body=body))


@pytest.mark.parametrize(
    "body",
    [b'{"messageType":null}', b'{"message_type":3}', b'{"message":""}', b'{"messageType":"ORDER', b'[{"message_type'],
)
def test_a_body_that_names_a_topic_is_no_probe(source: Source, body: bytes) -> None:
    """Even at a source that writes otherwise, and even broken: it must not be dropped with a 200."""
    assert not source.topicless(Callback(headers=(), body=body))


def test_a_message_is_no_probe(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(), account)
    assert not source.topicless(callback)
    assert not source.unsigned(callback)
