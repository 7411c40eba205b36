"""Whether a request is signed as the platform's manual says: https://doc-en.pandapon.com/doc-6055770.

Only three headers are signed, and the text of the algorithm is cut off in every copy that we could read: the sample is
an upper-case MD5, the rest is inferred. So all of it stands in ``RECIPE``.
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from receiver.accounts import Account

#: How far a request's clock may be off: https://doc-en.pandapon.com/doc-6055770
TOLERANCE: Final = timedelta(seconds=600)
#: All of which a request must carry; the user is not signed.
REQUIRED: Final = ("access-key", "timestamp", "nonce-str", "user-id", "signature")


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    digest: str = "md5"
    #: ``name=value``, sorted by name, joined by ``&``.
    signed: tuple[str, ...] = ("access-key", "nonce-str", "timestamp")
    #: The secret is one more pair under this name, after the sorted ones.
    secret_name: str = "access-secret"  # noqa: S105 - the name, not the secret

    def signature(self, headers: Mapping[str, str], secret: str) -> str:
        pairs = [f"{name}={headers[name]}" for name in sorted(self.signed)]
        base = "&".join([*pairs, f"{self.secret_name}={secret}"])
        return hashlib.new(self.digest, base.encode(), usedforsecurity=False).hexdigest().upper()


#: The one place where the recipe is decided.
RECIPE: Final = Recipe()


def signer(
    headers: Mapping[str, str], accounts: Iterable[Account], now: datetime, recipe: Recipe = RECIPE
) -> Account | str:
    """Whose request it is, or what is wrong with it. The same nonce may come again: no page forbids it."""
    missing = [name for name in REQUIRED if not headers.get(name, "").strip()]
    if missing:
        return f"missing header {missing[0]}"
    stamp = headers["timestamp"]
    # Milliseconds in the manual's sample, 1715669977082.
    if not stamp.isascii() or not stamp.isdigit() or len(stamp) > len("1715669977082"):
        return "timestamp: expected milliseconds"
    if abs(datetime.fromtimestamp(int(stamp) / 1000, UTC) - now) > TOLERANCE:
        return "timestamp: more than 600 s from now"
    claimed = headers["signature"].encode()
    for account in accounts:
        if account.access_key != headers["access-key"]:
            continue
        for secret in account.secrets:
            if hmac.compare_digest(recipe.signature(headers, secret).encode(), claimed):
                return account
    return "signature does not match"
