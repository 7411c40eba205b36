"""What makes two callbacks the same message, although the platform sends no message id.

Three ways to tell, the first that a source can give wins:

``message_id``  the source numbers its messages (1688's ``msgId``).
``content``     account, platform, topic and the body, written again with sorted keys and without the push time,
                which a redelivery may change.
``bytes``       the raw body: all that is left where the body cannot be parsed.

The key is a 16-byte BLAKE2b digest: the inbox is unique by (account, key, generation), and an index over short keys
stays small. The digest of the raw bytes goes along always, since equal bytes are a redelivery whatever came between.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Literal

from receiver import exact

IdentityKind = Literal["message_id", "content", "bytes"]

DIGEST_SIZE = 16


@dataclass(frozen=True, slots=True)
class Identity:
    kind: IdentityKind
    #: Unique in the inbox together with account and generation.
    key: bytes
    #: Digest of the raw body.
    bytes_digest: bytes


def of_message_id(account: str, message_id: str, body: bytes) -> Identity:
    """The source numbers its messages: same number, same message."""
    return Identity("message_id", _digest(("message_id", account), message_id.encode()), _of_bytes(account, body))


def of_content(account: str, platform: str | None, topic: str, content: Mapping[str, Any], body: bytes) -> Identity:
    """Same account, platform, topic and content. ``content`` is the parsed body *without the push time*."""
    try:
        written = exact.dumps_sorted(content)
    except exact.NotJson:  # nested so deep that it cannot be written again
        return of_bytes(account, body)
    return Identity("content", _digest(("content", account, platform or "", topic), written), _of_bytes(account, body))


def of_bytes(account: str, body: bytes) -> Identity:
    """Nothing but the bytes tell."""
    digest = _of_bytes(account, body)
    return Identity("bytes", digest, digest)


def _of_bytes(account: str, body: bytes) -> bytes:
    return _digest(("bytes", account), body)


def _digest(address: tuple[str, ...], content: bytes) -> bytes:
    """BLAKE2b over the parts, each preceded by its length, so that no two lists of parts read alike."""
    digest = _begun(address).copy()
    digest.update(len(content).to_bytes(8, "big"))
    digest.update(content)
    return digest.digest()


@lru_cache(maxsize=1024)  # the topics of some accounts: to begin anew costs as much as a kilobyte
def _begun(address: tuple[str, ...]) -> blake2b:
    digest = blake2b(digest_size=DIGEST_SIZE)
    for part in address:
        data = part.encode()
        digest.update(len(data).to_bytes(8, "big"))
        digest.update(data)
    return digest
