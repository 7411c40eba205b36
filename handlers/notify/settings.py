"""Whom to notify, and of what: the table ``[handlers.notify]``."""

from pathlib import Path
from typing import Annotated, Any

from apprise import Apprise
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator
from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

from handlers.choosing import Patterns, Texts
from handlers.notify.words import Language


def _url(value: Any, info: ValidationInfo) -> URL:
    """As SQLAlchemy reads it, but that a file is relative to the folder of yizhan.toml."""
    try:
        url = make_url(value)
    except (ArgumentError, ValueError):
        raise ValueError("expected a URL of SQLAlchemy, as postgresql://user:password@host/name") from None
    if url.get_backend_name() == "sqlite" and url.database:
        return url.set(database=str(Path((info.context or {}).get("folder", "."), url.database)))
    return url


class Notify(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    urls: Texts = Field(repr=False)
    events: Patterns = ()
    dead_letters: bool = True
    window: float = Field(60, ge=0, le=3600)
    lines: int = Field(20, gt=0)
    language: Language = "en"
    box: Annotated[URL, BeforeValidator(_url)] = Field("sqlite:///.yizhan/notify.db", validate_default=True)

    @field_validator("urls")
    @classmethod
    def _are_known(cls, urls: tuple[str, ...]) -> tuple[str, ...]:
        for number, url in enumerate(urls, start=1):
            if not Apprise().add(url):
                raise ValueError(f"number {number} is no URL of apprise; see github.com/caronc/apprise/wiki")
        if not urls or len(set(urls)) < len(urls):
            raise ValueError("expected one or several, each once")
        return urls

    @model_validator(mode="after")
    def _has_something_to_tell(self) -> "Notify":
        if not self.events and not self.dead_letters:
            raise ValueError("nothing is to be told: choose events, or dead_letters = true")
        return self
