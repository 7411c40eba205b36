"""The signature of dajisaas: a form field, HMAC-SHA1 over the other fields with the app secret: ``sources/form.py``.

The page names parameters and digest; that the base is 1688's is inferred, for the rest of the scheme is.
https://wiki-en.dajisaas.com/doc-4966230
"""

from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.sources import form

FIELD = b"_dj_signature"


def verify(callback: Callback, account: Account) -> form.Pairs:
    """The form. Raises ``CallbackRejected`` unless its signature holds."""
    return form.verify(callback.body, account, FIELD)


def sign(message: bytes, account: Account) -> Callback:
    return form.sign(message, account, FIELD)
