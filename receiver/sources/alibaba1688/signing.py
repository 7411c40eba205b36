"""The signature of 1688: a form field, HMAC-SHA1 over the other fields with the app secret (see ``sources/form.py``).

https://open.1688.com/doc/messageDoc.htm
"""

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.sources import form

FIELD = b"_aop_signature"


def verify(callback: Callback, account: Account) -> form.Pairs:
    """The form. Raises ``CallbackRejected`` unless its signature holds."""
    return form.verify(callback.body, account, FIELD)


def sign(message: bytes, account: Account) -> Callback:
    return form.sign(message, account, FIELD)
