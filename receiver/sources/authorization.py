"""JSON bodies signed in the ``Authorization`` header: hex HMAC-SHA256, the bare value without a scheme word.

https://doc-cnv2.pandapon.com/doc-6521894,
https://jaq-doc.alibaba.com/docs/doc.htm?articleId=119493&docType=1&treeId=735
"""

from collections.abc import Iterable

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import SignatureMissing
from receiver.sources import signature

HEADER = b"authorization"
ALGORITHM = "sha256"


def unsigned(callback: Callback) -> bool:
    return not (callback.header(HEADER) or b"").strip()


def claimed(callback: Callback) -> bytes:
    """The signature as it came; absent or blank, ``SignatureMissing``."""
    value = callback.header(HEADER)
    if value is None or not value.strip():
        raise SignatureMissing
    return value


def holds(claim: bytes, bases: Iterable[bytes], keys: tuple[bytes, ...]) -> bool:
    return signature.holds(claim, bases, keys, ALGORITHM)


def signed(body: bytes, base: bytes, account: Account) -> Callback:
    """The callback of this body, signed over this base with the newest secret."""
    value = signature.hex_hmac(signature.encoded(account.secrets[0]), base, ALGORITHM).encode()
    return Callback(headers=((b"content-type", b"application/json"), (HEADER, value)), body=body)
