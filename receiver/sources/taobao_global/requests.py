"""The request signature of Taobao Global, for calls that a handler makes by itself: the catalogue has none of it.

https://open.alitrip.com/docs/doc.htm?articleId=108068&docType=1&treeId=499 (Lazada's page: one engine, one text):
HMAC-SHA256 with the app secret over the API's name and each parameter's key + value, sorted by key; hex in upper case.
"""

from collections.abc import Mapping

from receiver.sources import signature

FIELD = "sign"


def sign(path: str, parameters: Mapping[str, str], secret: str) -> str:
    """``path`` is the API's name with its slash: ``/order/get``. Blank parameters are left out, as in their sample."""
    pairs = sorted((key, value) for key, value in parameters.items() if key != FIELD and key and value)
    base = path + "".join(key + value for key, value in pairs)
    return signature.hex_hmac(signature.encoded(secret), signature.encoded(base), "sha256").upper()
