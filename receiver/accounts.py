"""One set of credentials at one source. Secrets live here and nowhere else; no repr shows them."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """How PandaPon's request signature is made. Its text is not public: what stands here is INFERRED.

    What is known (https://doc.pandapon.com/doc-5774404): access-key, nonce-str and timestamp are signed, nothing else;
    the sample is 32 upper-case hex digits, so MD5 or HMAC-MD5. Order, separators and the secret's pair are a guess.
    """

    digest: Literal["md5", "hmac-md5"] = "md5"
    #: A template (see ``sources/pandapon/requests.py``): order, separators and the secret's place at once.
    base: str = "access-key={access_key}&nonce-str={nonce_str}&timestamp={timestamp}&access-secret={secret}"
    case: Literal["upper", "lower"] = "upper"


@dataclass(frozen=True, slots=True, kw_only=True)
class ApiAccess:
    """How follow-up calls of an account are made."""

    #: ``None``: where the source's own API is.
    url: str | None = None
    #: Calls a second, of all handlers together, in however many processes on one store.
    rate: float = 5
    #: Calls at a time, of all of them.
    concurrency: int = 4
    #: Seconds for one call, from connecting to the last byte of its answer.
    timeout: float = 10
    recipe: Recipe = Recipe()


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """Where an operation is, as the one who has an account may read it: many paths are not public."""

    operation: str
    method: str
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    #: The last part of the callback URL: ``/callbacks/{name}``.
    name: str
    #: A name in ``receiver.sources.SOURCES``.
    source: str
    access_key: str
    #: All valid secrets, the newest first; several while one replaces another. None: the account refuses everything.
    secrets: tuple[str, ...] = field(repr=False)
    #: The sub-account that follow-up calls act for.
    user_id: str | None = None
    #: PandaPon alone: what the signature is computed over, as templates (see ``sources/pandapon/signing.py``).
    signature_base: tuple[str, ...] = ("{access_key}{body}",)
    #: Callbacks a second that get in, of each process; ``None``: as many as come.
    max_rate: float | None = None
    api: ApiAccess = ApiAccess()
    #: What ``[accounts.operations]`` adds to the catalogue.
    operations: tuple[Completed, ...] = ()
