"""Whom to forward events to, and which: the table ``[handlers.forward]``."""

import base64
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from handlers.choosing import Patterns, Texts, chosen
from receiver.envelope import Platform
from receiver.events import Event

#: Of a secret, in bytes: the least that Standard Webhooks allows.
_SHORTEST = 24


class Target(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(pattern=r"^[\w-]{1,64}$")
    url: str = Field(repr=False)
    secret: Texts = Field(repr=False, min_length=1)
    events: Patterns = ("*",)
    platform: Platform | None = None
    account: str | None = None
    where: Mapping[str, str | int | bool] = {}
    raw: bool = False
    allow_private: bool = False
    #: Seconds, from the look-up of the name to the last byte of the answer.
    timeout: float = Field(15, gt=0, le=120)
    max_attempts: int = Field(15, gt=0)

    @field_validator("secret")
    @classmethod
    def _is_secret(cls, secrets: tuple[str, ...]) -> tuple[str, ...]:
        for secret in secrets:
            try:
                size = len(base64.b64decode(secret.removeprefix("whsec_"), validate=True))
            except ValueError:
                size = 0
            if size < _SHORTEST or not secret.startswith("whsec_"):
                raise ValueError(f"expected whsec_ and {_SHORTEST} bytes or more in base64")
        return secrets

    @model_validator(mode="after")
    def _leads_out(self) -> "Target":
        schemes = ("https://", "http://") if self.allow_private else ("https://",)
        parts = urlsplit(self.url)
        if not self.url.startswith(schemes) or not parts.hostname or "@" in parts.netloc:
            raise ValueError(f"expected url to begin with {' or '.join(schemes)} and a host, without a user")
        return self

    def wants(self, event: Event, data: Mapping[str, Any]) -> bool:
        return (
            chosen(event, self.events)
            and self.account in (None, event.account)
            and all(_at(data, path) == value for path, value in self.where.items())
        )


class Forward(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    targets: tuple[Target, ...]

    @field_validator("targets")
    @classmethod
    def _have_names(cls, targets: tuple[Target, ...]) -> tuple[Target, ...]:
        if not targets or len({target.name for target in targets}) < len(targets):
            raise ValueError("expected one or several, each with a name of its own")
        return targets


def _at(data: Any, path: str) -> Any:
    for part in path.split("."):
        data = data.get(part) if isinstance(data, Mapping) else None
    return data
