"""PandaPon's signature: the published vectors as literals, for each base that it may be."""

from dataclasses import replace

import pytest

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import SignatureWrong
from receiver.sources.pandapon import PANDAPON
from receiver.sources.pandapon.signing import DOCUMENTED_BASES, check_template

BODY = (
    b'{"messageType":"ORDER_CREATE","messageBody":"{\\"orderId\\":\\"3305075341149134260\\",'
    b'\\"orderNo\\":\\"PO202605200001\\",\\"orderStatus\\":\\"WAITING_FOR_PAYMENT\\",\\"payStatus\\":1,'
    b'\\"totalAmount\\":10000,\\"shippingFee\\":500,\\"productAmount\\":9500,\\"refundAmount\\":0,'
    b'\\"refundStatus\\":null,\\"closeReason\\":null,\\"tbCreateTime\\":\\"2026-05-20 15:40:00\\",'
    b'\\"payTime\\":null}","messagePlatform":1,"timestamp":"1779263269913"}'
)

VECTORS = {
    "{access_key}{body}": b"8eba49b39069fbbf9ebe33811f73ce3555dba0ecb175142adbe69e4302123097",
    "{body}": b"b4df01f62491b06180dd0f029317a429a226bb752c8475b5807f79a50056614a",
    "{access_key}{message_body}": b"a3548cb0d71387a77a2d6816a94c492b50f3b7f6475b59c23b527a23ecd7a4b5",
    "{message_body}": b"1cc620ea177e309a151ebd41f6bc86269784066b77936c6bd6f1a5f822305439",
}

ACCOUNT = Account(
    name="main", source="pandapon", access_key="synthetic-access-key", secrets=("synthetic-access-secret",)
)


def signed(signature: bytes) -> Callback:
    return Callback(headers=((b"authorization", signature),), body=BODY)


def test_the_documented_bases_come_likeliest_first() -> None:
    assert list(DOCUMENTED_BASES) == list(VECTORS)


@pytest.mark.parametrize(("base", "signature"), VECTORS.items())
def test_each_documented_base_holds_where_it_is_configured(base: str, signature: bytes) -> None:
    envelope = PANDAPON.open_callback(signed(signature), replace(ACCOUNT, signature_base=(base,)))
    assert (envelope.topic, envelope.order_ids) == ("ORDER_CREATE", ("3305075341149134260",))


@pytest.mark.parametrize(("base", "signature"), VECTORS.items())
def test_signing_gives_the_published_vector(base: str, signature: bytes) -> None:
    assert PANDAPON.sign(BODY, replace(ACCOUNT, signature_base=(base,))).header(b"authorization") == signature


def test_one_of_several_configured_bases_is_enough() -> None:
    account = replace(ACCOUNT, signature_base=("{body}", "{message_body}"))
    assert PANDAPON.open_callback(signed(VECTORS["{message_body}"]), account).topic == "ORDER_CREATE"


@pytest.mark.parametrize("base", ["{body}", "{access_key}{message_body}", "{message_body}"])
def test_a_refusal_tells_which_other_base_would_hold_and_the_line_to_configure(base: str) -> None:
    with pytest.raises(SignatureWrong) as caught:
        PANDAPON.open_callback(signed(VECTORS[base]), ACCOUNT)
    assert caught.value.hint is not None
    assert f'signature_base = ["{base}"]' in caught.value.hint


def test_the_hint_is_found_with_the_older_secret_too() -> None:
    account = replace(ACCOUNT, secrets=("new", "synthetic-access-secret"))
    with pytest.raises(SignatureWrong) as caught:
        PANDAPON.open_callback(signed(VECTORS["{body}"]), account)
    assert caught.value.hint is not None


def test_a_forgery_gets_no_hint() -> None:
    with pytest.raises(SignatureWrong) as caught:
        PANDAPON.open_callback(signed(b"0" * 64), ACCOUNT)
    assert caught.value.hint is None


def test_a_base_of_the_message_body_does_not_hold_where_that_is_an_object() -> None:
    """Its raw bytes cannot be told from the parsed body."""
    callback = PANDAPON.sign(b'{"messageType":"X","messageBody":{}}', ACCOUNT)
    with pytest.raises(SignatureWrong):
        PANDAPON.open_callback(callback, replace(ACCOUNT, signature_base=("{message_body}",)))


def test_signing_over_a_message_body_that_is_no_text_is_refused() -> None:
    with pytest.raises(ValueError, match="messageBody"):
        PANDAPON.sign(b'{"messageBody":{}}', replace(ACCOUNT, signature_base=("{message_body}",)))


def test_without_any_base_nothing_holds() -> None:
    with pytest.raises(SignatureWrong):
        PANDAPON.open_callback(signed(VECTORS["{body}"]), replace(ACCOUNT, signature_base=()))


def test_braces_in_key_and_body_are_no_placeholders() -> None:
    account = replace(ACCOUNT, access_key="{body}", signature_base=("{access_key}{body}",))
    callback = PANDAPON.sign(b'{"messageType":"{access_key}"}', account)
    # HMAC-SHA256 of '{body}{"messageType":"{access_key}"}'
    assert callback.header(b"authorization") == b"b92a5d9e38be36506b56eb239aa3692a52eccdc801a0259ddd0b00d1c0fb4f69"
    assert PANDAPON.open_callback(callback, account).topic == "{access_key}"


def test_a_template_may_hold_literal_text() -> None:
    account = replace(ACCOUNT, signature_base=("key={access_key}&body={body}",))
    check_template(account.signature_base[0])
    assert PANDAPON.open_callback(PANDAPON.sign(BODY, account), account).topic == "ORDER_CREATE"


@pytest.mark.parametrize("template", DOCUMENTED_BASES)
def test_documented_templates_are_valid(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize("template", ["{secret}{body}", "", "body", "{body}}", "{body", "{}{body}", "{access_key}"])
def test_a_template_with_a_fault_is_refused(template: str) -> None:
    """The last one would be signed alike for every message."""
    with pytest.raises(ValueError, match="expected"):
        check_template(template)
