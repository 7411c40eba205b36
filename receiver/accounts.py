"""One set of credentials at one source. Secrets live here and nowhere else; no repr shows them."""

from dataclasses import dataclass, field


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
