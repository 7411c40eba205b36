"""Every source of the table, asked the same questions: who gets in, and who does not."""

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

import pytest

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import CallbackRejected, NoSecret, SignatureMissing, SignatureWrong
from receiver.sources import SOURCES
from receiver.sources.base import Source

Write = Callable[..., bytes]
Resigned = Callable[[Callback, Callable[[bytes], bytes]], Callback]


def test_the_table_names_each_source_as_it_names_itself() -> None:
    assert {name: source.name for name, source in SOURCES.items()} == {
        "pandapon": "pandapon",
        "taobao_global": "taobao_global",
        "alibaba1688": "alibaba1688",
        "dajisaas": "dajisaas",
    }


def test_a_signed_callback_becomes_an_envelope_that_keeps_its_bytes(
    source: Source, account: Account, write: Write
) -> None:
    callback = source.sign(write(), account)
    envelope = source.open_callback(callback, account)
    assert (envelope.account, envelope.source, envelope.payload) == ("main", source.name, callback.body)


def test_the_message_is_found_again_in_the_payload(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(), account)
    assert source.message(callback.body) == write()


def test_a_signed_callback_is_addressed(source: Source, account: Account, write: Write) -> None:
    envelope = source.open_callback(source.sign(write(), account), account)
    assert envelope.topic
    assert envelope.platform
    assert (envelope.order_ids, envelope.refund_ids) == (("3305075341149134260",), ())


def test_a_changed_body_is_refused(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(), account)
    forged = replace(callback, body=callback.body.replace(b"3305075341149134260", b"3305075341149134261"))
    with pytest.raises(SignatureWrong):
        source.open_callback(forged, account)


def test_a_truncated_body_is_refused(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(), account)
    with pytest.raises((SignatureWrong, SignatureMissing)):
        source.open_callback(replace(callback, body=callback.body[: len(callback.body) // 2]), account)


def test_the_same_message_written_again_is_refused(source: Source, account: Account, write: Write) -> None:
    """The signature is over the raw bytes, not over what they mean."""
    callback = source.sign(write(), account)
    if callback.header(b"authorization"):
        body = json.dumps(json.loads(callback.body), indent=1).encode()
    else:
        fields = dict(parse_qsl(callback.body.decode()))
        body = urlencode({**fields, "message": json.dumps(json.loads(fields["message"]), indent=1)}).encode()
    with pytest.raises(SignatureWrong):
        source.open_callback(replace(callback, body=body), account)


def test_another_secret_is_refused(source: Source, account: Account, write: Write) -> None:
    callback = source.sign(write(), replace(account, secrets=("someone-else",)))
    with pytest.raises(SignatureWrong):
        source.open_callback(callback, account)


def test_a_callback_without_signature_is_refused(
    source: Source, account: Account, write: Write, unsigned: Callable[[Callback], Callback]
) -> None:
    bare = unsigned(source.sign(write(), account))
    assert source.unsigned(bare)
    with pytest.raises(SignatureMissing):
        source.open_callback(bare, account)


def test_a_blank_signature_is_none(source: Source, account: Account, write: Write, resigned: Resigned) -> None:
    blank = resigned(source.sign(write(), account), lambda _: b"  ")
    assert source.unsigned(blank)
    with pytest.raises(SignatureMissing):
        source.open_callback(blank, account)


@pytest.mark.parametrize("value", [b"zz", b"\xff\xfe", b"%FF", b"\xc3\xa9" * 32, b"0" * 63, b"0" * 40, b"a" * 10000])
def test_a_signature_that_is_no_hex_or_of_another_length_is_wrong(
    source: Source, account: Account, write: Write, resigned: Resigned, value: bytes
) -> None:
    callback = resigned(source.sign(write(), account), lambda _: value)
    assert not source.unsigned(callback)
    with pytest.raises(SignatureWrong):
        source.open_callback(callback, account)


@pytest.mark.parametrize("change", [bytes.upper, bytes.lower, lambda value: b" " + value + b" "])
def test_hex_case_and_surrounding_spaces_do_not_matter(
    source: Source, account: Account, write: Write, resigned: Resigned, change: Callable[[bytes], bytes]
) -> None:
    callback = resigned(source.sign(write(), account), change)
    assert source.open_callback(callback, account).topic


def test_both_secrets_hold_while_one_replaces_the_other(source: Source, account: Account, write: Write) -> None:
    rotating = replace(account, secrets=("new-secret", "synthetic-secret"))
    assert source.open_callback(source.sign(write(), account), rotating).topic
    assert source.open_callback(source.sign(write(), rotating), rotating).topic


@pytest.mark.parametrize("secrets", [(), ("",), ("  ", "\n")])
def test_an_account_without_secret_refuses_everything(
    source: Source, account: Account, write: Write, secrets: tuple[str, ...]
) -> None:
    """A blank secret would let in whoever signs with nothing."""
    callback = source.sign(write(), replace(account, secrets=("",)))
    with pytest.raises(NoSecret):
        source.open_callback(callback, replace(account, secrets=secrets))


def test_refusals_know_their_status(source: Source, account: Account) -> None:
    with pytest.raises(CallbackRejected) as caught:
        source.open_callback(Callback(headers=(), body=b"x"), account)
    assert (caught.value.status, caught.value.reason) == (401, "signature_missing")
