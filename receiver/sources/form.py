"""Form bodies signed in a field of their own: the scheme of 1688's message push, which dajisaas took over.

The base is each field's key + value, those strings sorted and joined without separator; the signature field stays out.
HMAC-SHA1, hex. Normally the only other field is ``message``, a JSON text. https://open.1688.com/doc/messageDoc.htm and
https://github.com/alibaba/AliOpen (tuna-java-sdk, SignatureUtil).

Everything here is bytes: the base needs no decoding beyond the percent signs, so a body in a wrong encoding verifies as
it was signed, and is found unreadable afterwards.
"""

from urllib.parse import quote_plus, unquote_to_bytes

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import SignatureMissing, SignatureWrong, Undecodable
from receiver.sources import probe, signature

MESSAGE = b"message"
ALGORITHM = "sha1"
#: The platforms send two fields; so many are no callback of theirs, and not worth sorting.
MAX_FIELDS = 100

Pairs = list[tuple[bytes, bytes]]


class TooManyFieldsError(ValueError):
    """Over ``MAX_FIELDS``."""


def parse(body: bytes) -> Pairs:
    """Keys and values in their order, repeated and blank ones included. Raises ``TooManyFieldsError``."""
    parts = body.split(b"&", MAX_FIELDS)
    if len(parts) > MAX_FIELDS:
        raise TooManyFieldsError
    pairs = []
    for part in parts:
        if part:
            key, _, value = part.partition(b"=")
            pairs.append((_unquote(key), _unquote(value)))
    return pairs


def verify(body: bytes, account: Account, signature_field: bytes) -> Pairs:
    """The form, if its signature holds. Raises ``CallbackRejected``."""
    keys = signature.keys(account)
    try:
        pairs = parse(body)
    except TooManyFieldsError:
        raise SignatureWrong from None
    claims = [value for key, value in pairs if key == signature_field]
    if not any(claim.strip() for claim in claims):
        raise SignatureMissing
    if len(claims) > 1:  # which one is meant is not for us to choose
        raise SignatureWrong
    # Bytes of UTF-8 sort by code point, Java's strings by UTF-16 unit: alike below U+E000, and keys are ASCII.
    base = b"".join(sorted(key + value for key, value in pairs if key != signature_field))
    if not signature.holds(claims[0], (base,), keys, ALGORITHM):
        raise SignatureWrong
    return pairs


def message(pairs: Pairs) -> bytes:
    """The JSON text. Raises ``Undecodable`` unless there is exactly one."""
    texts = [value for key, value in pairs if key == MESSAGE]
    if len(texts) != 1:
        raise Undecodable("message", "missing" if not texts else "given more than once")
    return texts[0]


def stored_message(payload: bytes) -> bytes:
    """The JSON text of a stored form body. Raises ``Undecodable``."""
    try:
        return message(parse(payload))
    except TooManyFieldsError:
        raise Undecodable("message", "the form has too many fields") from None


def unsigned(callback: Callback, signature_field: bytes) -> bool:
    try:
        pairs = parse(callback.body)
    except TooManyFieldsError:
        return False
    return not any(value.strip() for key, value in pairs if key == signature_field)


def topicless(callback: Callback) -> bool:
    """No ``message`` field; a probe may also be JSON (``{}``), whatever this source's callbacks are."""
    try:
        pairs = parse(callback.body)
    except TooManyFieldsError:
        return False
    if any(key == MESSAGE for key, _ in pairs):
        return False
    return probe.topicless(callback.body) if callback.body.lstrip()[:1] in (b"{", b"[") else True


def sign(message_text: bytes, account: Account, signature_field: bytes) -> Callback:
    """The callback of this message, signed with the newest secret, upper-case hex as 1688 writes it."""
    value = signature.hex_hmac(signature.encoded(account.secrets[0]), MESSAGE + message_text, ALGORITHM).upper()
    body = b"%b=%b&%b=%b" % (MESSAGE, quote_plus(message_text).encode(), signature_field, value.encode())
    return Callback(headers=((b"content-type", b"application/x-www-form-urlencoded"),), body=body)


def _unquote(text: bytes) -> bytes:
    return unquote_to_bytes(text.replace(b"+", b" "))
