"""PandaPon's API: how a request is signed and what an answer means.

https://doc.pandapon.com/doc-5774404 (English: https://doc-en.pandapon.com/doc-6055770) says which headers there are and
which of them are signed; the text of the algorithm is cut in every readable copy, so the recipe is configured
(``receiver.accounts.Recipe``) and the default INFERRED. The body is not signed.
"""

import hashlib
import json
import re
from typing import Any
from urllib.parse import urlencode

from receiver.accounts import Account, Recipe
from receiver.errors import ApiRefused, ApiUnexpectedAnswer, WrongCall
from receiver.exchange import Request, Response
from receiver.sources import answers, signature
from receiver.sources.calling import Placed, Stamp

#: HTTP and HTTPS are offered; ours is the one that hides addresses and phones.
URL = "https://api.pandapon.com"

_PLACEHOLDERS = ("access_key", "nonce_str", "timestamp", "secret")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_recipe(recipe: Recipe) -> None:
    """Raises ``ValueError`` for a recipe by which no secret, or no time, would be signed."""
    names = _PLACEHOLDER.findall(recipe.base)
    known = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
    if not set(names) <= set(_PLACEHOLDERS) or set(_PLACEHOLDER.sub("", recipe.base)) & set("{}"):
        raise ValueError(f"a base of {known}")
    if "timestamp" not in names:
        raise ValueError("a base with {timestamp} in it: a signature without it would be good for ever")
    if recipe.digest == "md5" and "secret" not in names:
        raise ValueError("a base with {secret} in it: md5 has no key")


def sign(account: Account, stamp: Stamp) -> str:
    """The value of the header ``signature``. Raises ``WrongCall`` for an account without a secret."""
    recipe = account.api.recipe
    secret = next((secret for secret in account.secrets if secret.strip()), None)
    if secret is None:
        raise WrongCall(f"account {account.name} has no secret to sign with")
    values = {
        "access_key": account.access_key,
        "nonce_str": stamp.nonce,
        "timestamp": str(stamp.milliseconds),
        "secret": secret,
    }
    # Never str.format(): a key may hold braces of its own.
    base = signature.encoded(_PLACEHOLDER.sub(lambda found: values[found[1]], recipe.base))
    if recipe.digest == "md5":
        digest = hashlib.md5(base, usedforsecurity=False).hexdigest()  # the platform's choice
    else:
        digest = signature.hex_hmac(signature.encoded(secret), base, "md5")
    return digest.upper() if recipe.case == "upper" else digest


def build_request(placed: Placed, account: Account, stamp: Stamp) -> Request:
    """The warehouse's operations carry no key: they want a ``sign`` of their own, whose algorithm is not public."""
    headers = _headers(account, stamp) if placed.operation.signed else {}
    body = None
    if placed.body is not None:
        headers["content-type"] = "application/json"
        body = json.dumps(placed.body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
    url = (account.api.url or URL) + placed.path
    if placed.query:
        url += f"?{urlencode(placed.query)}"
    return Request(method=placed.method, url=url, headers=headers, body=body)


def read_response(response: Response) -> Any:
    """``data`` of a success. The table of error codes is not public: only that 200 is success is sure.

    A code that is one of HTTP's is taken for what it says there, but for 500, which such services answer to anything
    that they do not like: to ask again for hours would not help.
    """
    answers.check_status(response)
    document = answers.document(response)
    code = answers.code(document.get("code"))
    if code is None:
        raise ApiUnexpectedAnswer("the answer has no code")
    if code == "200":
        return _accepted(document.get("data"))
    meaning = None if code == "500" else answers.meaning(code, response)
    raise meaning or ApiRefused(f"the platform refuses the call (code {code})", code=code)


def _accepted(data: Any) -> Any:
    """Some operations succeed in saying no.

    ``data`` false: https://doc-en.pandapon.com/api-263477650; ``success`` false:
    https://doc-en.pandapon.com/api-263477652; ``cancelSuccess`` false: https://doc.pandapon.com/api-250313087.
    """
    if data is False:
        raise ApiRefused("the platform did not do it (data is false)", code="false")
    if isinstance(data, dict) and (data.get("success") is False or data.get("cancelSuccess") is False):
        code = answers.code(data.get("errorCode")) or "false"
        raise ApiRefused(f"the platform did not do it (code {code})", code=code)
    return data


def _headers(account: Account, stamp: Stamp) -> dict[str, str]:
    if account.user_id is None:
        raise WrongCall(f"accounts.{account.name}.user_id: missing; PandaPon wants it in every call")
    headers = {
        "access-key": account.access_key,
        "nonce-str": stamp.nonce,
        "timestamp": str(stamp.milliseconds),
        "user-id": account.user_id,
        "signature": sign(account, stamp),
    }
    for name, value in headers.items():
        if not value.isascii() or not value.isprintable() or value != value.strip():
            raise WrongCall(f"accounts.{account.name}: what header {name} is made of cannot stand in a header")
    return headers
