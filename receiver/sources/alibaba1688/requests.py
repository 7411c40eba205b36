"""1688's gateway: ``/openapi/param2/VERSION/NAMESPACE/NAME/APPKEY``, parameters as a form, signed as one of them.

https://open.1688.com/doc/signature.htm: HMAC-SHA1 with the app secret over the path from ``param2`` on, and each
parameter's key + value, sorted; hex in upper case.
"""

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

from receiver.accounts import Account
from receiver.errors import ApiRefused, ApiUnexpectedAnswer, WrongCall
from receiver.exchange import Request, Response
from receiver.sources import answers, signature
from receiver.sources.calling import Placed, Stamp

#: https://open.1688.com/api/apidocdetail.htm?id=cn.alibaba.open:push.query.messageList-1
URL = "https://gw.open.1688.com/openapi"
FIELD = "_aop_signature"


def sign(path: str, parameters: Mapping[str, str], secret: str) -> str:
    """``path`` begins with ``param2``. Bytes of UTF-8 sort as the platform's characters do."""
    pairs = sorted(signature.encoded(key + value) for key, value in parameters.items() if key != FIELD)
    return signature.hex_hmac(signature.encoded(secret), path.encode() + b"".join(pairs), "sha1").upper()


def build_request(placed: Placed, account: Account, stamp: Stamp) -> Request:
    secret = next((secret for secret in account.secrets if secret.strip()), None)
    if secret is None:
        raise WrongCall(f"account {account.name} has no secret to sign with")
    path = f"{placed.path.removeprefix('/')}/{quote(account.access_key, safe='')}"
    values = {"_aop_timestamp": str(stamp.milliseconds), **placed.query}
    for name, value in (placed.body or {}).items():
        # What is no text goes as JSON, lists among them.
        values[name] = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)
    values[FIELD] = sign(path, values, secret)
    return Request(
        method="POST",
        url=f"{account.api.url or URL}/{path}",
        headers={"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
        body=urlencode(values).encode(),
    )


def read_response(response: Response) -> Any:
    """The whole object of a success. An error is told by ``error_code``, with a status that says less."""
    if response.status in range(500, 600):
        answers.check_status(response)
    try:
        document = answers.document(response)
    except ApiUnexpectedAnswer:
        answers.check_status(response)
        raise
    code = answers.code(document.get("error_code")) or answers.code(document.get("errorCode"))
    if code is not None:
        raise answers.meaning(code, response) or ApiRefused(f"the platform refuses the call (code {code})", code=code)
    answers.check_status(response)
    return document
