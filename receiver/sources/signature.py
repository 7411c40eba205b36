"""Hex HMAC signatures: compared in constant time, against every valid secret of an account."""

import hmac
from collections.abc import Iterable
from functools import lru_cache

from receiver.accounts import Account
from receiver.errors import NoSecret


def keys(account: Account) -> tuple[bytes, ...]:
    """The account's secrets as HMAC keys, the newest first. A blank one is none; without any, ``NoSecret``."""
    found = _keys(account.secrets)
    if not found:
        raise NoSecret
    return found


@lru_cache(maxsize=64)
def _keys(secrets: tuple[str, ...]) -> tuple[bytes, ...]:
    return tuple(encoded(secret) for secret in secrets if secret.strip())


def encoded(text: str) -> bytes:
    """Configured text as bytes; what the environment holds beside UTF-8 comes back as the bytes it was."""
    return text.encode("utf-8", "surrogateescape")


def hex_hmac(key: bytes, base: bytes, algorithm: str) -> str:
    """Lower-case hex."""
    return hmac.digest(key, base, algorithm).hex()


def holds(claimed: bytes, bases: Iterable[bytes], account_keys: tuple[bytes, ...], algorithm: str) -> bool:
    """Whether the claimed signature, in any hex case, is that of one of the bases under one of the keys.

    Every pair is tried, so that the time taken does not tell which one held. What is no hex at all equals nothing.
    """
    text = claimed.strip().lower()
    held = False
    for base in bases:
        for key in account_keys:
            held |= hmac.compare_digest(hex_hmac(key, base, algorithm).encode(), text)
    return held
