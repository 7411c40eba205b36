"""PandaPon's signature: ``Authorization`` = hex HMAC-SHA256(base, AccessSecret), over a base that is configured.

https://doc-cnv2.pandapon.com/doc-6521894 gives the formula; the line that says what the base is, is lost in every copy
we could read. Hence templates of ``{access_key}``, ``{body}`` (the raw bytes) and ``{message_body}`` (the text in
``messageBody``).
"""

import re
from functools import lru_cache

from receiver import exact
from receiver.accounts import Account
from receiver.envelope import Callback
from receiver.errors import SignatureWrong
from receiver.sources import authorization, signature

#: The first genuine callbacks tell which base holds; a forger's megabytes are not worth five more digests.
LARGEST_HINTED = 64 * 1024

#: What the base can be, the likeliest first: Taobao Global, whose text PandaPon's page repeats, says the first.
#: https://jaq-doc.alibaba.com/docs/doc.htm?articleId=119493&docType=1&treeId=735
DOCUMENTED_BASES = ("{access_key}{body}", "{body}", "{access_key}{message_body}", "{message_body}")

_PLACEHOLDERS = ("access_key", "body", "message_body")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")


def check_template(text: str) -> None:
    """Raises ``ValueError`` for a template that cannot be a base."""
    pieces = _PLACEHOLDER.split(text)
    names = pieces[1::2]
    known = ", ".join(f"{{{name}}}" for name in _PLACEHOLDERS)
    for name in names:
        if name not in _PLACEHOLDERS:
            raise ValueError(f"unknown placeholder {{{name}}}: expected some of {known}")
    if any("{" in literal or "}" in literal for literal in pieces[::2]):
        raise ValueError(f"a brace without its partner: expected some of {known}")
    if "body" not in names and "message_body" not in names:  # such a signature would fit any message
        raise ValueError("the base leaves out the message: expected {body} or {message_body} in it")


def verify(callback: Callback, account: Account) -> None:
    """Raises ``CallbackRejected`` unless the signature holds over one of the account's bases."""
    keys = signature.keys(account)
    claim = authorization.claimed(callback)
    if not authorization.holds(claim, _bases(account.signature_base, account, callback.body), keys):
        small = len(callback.body) <= LARGEST_HINTED
        raise SignatureWrong(_hint(claim, account, callback.body, keys) if small else None)


def sign(message: bytes, account: Account) -> Callback:
    """Sign as the account's first base says. ``ValueError`` if that needs a ``messageBody`` in text and it is none."""
    bases = _bases(account.signature_base[:1], account, message)
    if not bases:
        raise ValueError(f"{account.signature_base[0]} cannot be built: messageBody is not a text")
    return authorization.signed(message, bases[0], account)


def _hint(claim: bytes, account: Account, body: bytes, keys: tuple[bytes, ...]) -> str | None:
    for template in DOCUMENTED_BASES:
        if template not in account.signature_base and authorization.holds(
            claim, _bases((template,), account, body), keys
        ):
            return f'the signature holds over another documented base; set signature_base = ["{template}"]'
    return None


def _bases(templates: tuple[str, ...], account: Account, body: bytes) -> list[bytes]:
    """What can be built of the templates: without a text in ``messageBody``, those that ask for it cannot."""
    values: dict[str, bytes | None] = {"access_key": signature.encoded(account.access_key), "body": body}
    bases = []
    for template in templates:
        names, pieces = _split(template)
        if "message_body" in names and "message_body" not in values:
            values["message_body"] = _message_body(body)
        # Never str.format(): a key and a body may hold braces of their own.
        parts = [piece if isinstance(piece, bytes) else values.get(piece) for piece in pieces]
        present = [part for part in parts if part is not None]
        if len(present) == len(parts):
            bases.append(b"".join(present))
    return bases


@lru_cache(maxsize=64)
def _split(template: str) -> tuple[frozenset[str], tuple[bytes | str, ...]]:
    """The placeholders, and the template in pieces: bytes are literal, text names a placeholder."""
    pieces = _PLACEHOLDER.split(template)
    names = frozenset(pieces[1::2])
    return names, tuple(
        piece if number % 2 else signature.encoded(piece) for number, piece in enumerate(pieces) if number % 2 or piece
    )


def _message_body(body: bytes) -> bytes | None:
    try:
        message = exact.loads(body)
    except exact.NotJson:
        return None
    text = message.get("messageBody") if isinstance(message, dict) else None
    return text.encode() if isinstance(text, str) else None
