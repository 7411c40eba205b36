"""Taobao Global's signature: ``Authorization`` = hex HMAC-SHA256(app key + raw body, app secret).

https://jaq-doc.alibaba.com/docs/doc.htm?articleId=119493&docType=1&treeId=735
"""

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import SignatureWrong
from receiver.sources import authorization, signature


def verify(callback: Callback, account: Account) -> None:
    """Raises ``CallbackRejected`` unless the signature holds."""
    keys = signature.keys(account)
    claim = authorization.claimed(callback)
    if not authorization.holds(claim, (_base(callback.body, account),), keys):
        raise SignatureWrong


def sign(message: bytes, account: Account) -> Callback:
    return authorization.signed(message, _base(message, account), account)


def _base(body: bytes, account: Account) -> bytes:
    return signature.encoded(account.access_key) + body
