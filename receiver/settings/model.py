"""The sections as models. A field's description completes "expected …" in every fault of that field."""

import difflib
import re
from collections.abc import Iterable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, ValidationInfo
from pydantic.fields import FieldInfo

from receiver.accounts import Account
from receiver.deliveries import QUEUE
from receiver.settings import spans
from receiver.settings.handlers import TARGET, HandlerTable
from receiver.settings.spans import Span

T = TypeVar("T")
SectionT = TypeVar("SectionT", bound="Section")
#: The type of a pydantic error whose message already says what is expected.
TOLD = "told"


def _number(value: object) -> object:
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value) else value


def _lower(value: object) -> object:
    return value.lower() if isinstance(value, str) else value


def _several(value: object) -> object:
    return (value,) if isinstance(value, str) else tuple(value) if isinstance(value, list) else value


def _decimal(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


Decimals = Annotated[float, BeforeValidator(_decimal)]
Number = Annotated[int, BeforeValidator(_number)]
Text = Annotated[str, Field(pattern=r"\S")]
Lower = Annotated[T, BeforeValidator(_lower)]
Several = Annotated[tuple[T, ...], BeforeValidator(_several)]
QueueName = Annotated[str, Field(pattern=QUEUE)]
RouterName = Annotated[str, Field(pattern=TARGET)]


def masked(url: str) -> str:
    """The URL without its password; masks too much rather than too little."""
    hidden = re.sub(r"^((?>(?:[^:/]+://)?)[^:@]*):.*@", r"\1:***@", url, flags=re.DOTALL)
    return re.sub(r"([?&][^=&]*(?:pass|secret|token)[^=&]*=)[^&]*", r"\1***", hidden, flags=re.IGNORECASE)


def _split(url: str) -> tuple[str, str | None]:
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError, as for a password that is not percent-encoded
    return parts.scheme, parts.hostname


def _store_url(url: str, info: ValidationInfo) -> str:
    """A SQLite URL becomes absolute, so that nobody downstream needs the folder."""
    context: Any = info.context
    file = url.removeprefix("sqlite:///")
    if file != url and file and not file.endswith(("/", ":memory:")) and not set(file) & set("?\0"):
        return f"sqlite:///{context['folder'] / file}"
    if _split(url)[0] != "postgresql" or not url.startswith("postgresql://"):
        raise ValueError
    return url


def _broker_url(url: str) -> str:
    scheme, host = _split(url)
    if url != "memory://" and not (scheme in ("redis", "rediss", "amqp", "amqps") and host):
        raise ValueError
    return url


def _endpoint(url: str) -> str:
    scheme, host = _split(url)
    if scheme not in ("http", "https") or not host:
        raise ValueError
    return url


def _public_url(url: str) -> str:
    scheme, host = _split(url)
    if scheme not in ("http", "https") or not host or url.endswith("/") or set(url) & set("?#@ "):
        raise ValueError
    return url


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", hide_input_in_errors=True)


class StoreSettings(Section):
    url: Annotated[str, AfterValidator(_store_url)] = Field(
        repr=False, description="sqlite:///FILE or postgresql://HOST/DATABASE, special characters percent-encoded"
    )

    @property
    def path(self) -> Path | None:
        """The SQLite file; ``None`` for PostgreSQL."""
        return Path(self.url.removeprefix("sqlite:///")) if self.url.startswith("sqlite:") else None


class BrokerSettings(Section):
    url: Annotated[str, AfterValidator(_broker_url)] = Field(
        "memory://",
        repr=False,
        description="memory://, redis[s]://HOST or amqp[s]://HOST, special characters percent-encoded",
    )


class WebSettings(Section):
    #: Where the platforms reach us: printed callback URLs begin with it.
    public_url: Annotated[str, AfterValidator(_public_url)] | None = Field(
        None, description="http://HOST or https://HOST, no slash at the end"
    )
    host: Text = Field("127.0.0.1", description="an address to listen on")
    port: Number = Field(8000, ge=0, le=65535, description="a port, 0 to 65535")
    max_body: Number = Field(1024 * 1024, gt=0, description="a number of bytes above 0")
    #: Processes of ``serve``.
    workers: Number = Field(1, gt=0, le=64, description="a number from 1 to 64")
    #: ``serve`` goes on accepting for so long after it was asked to stop, while ``/readyz`` says that it will.
    drain: Span = Field(timedelta(seconds=5), description=spans.EXPECTED)


class HandlersSettings(Section):
    routers: Several[RouterName] = Field(("handlers:router",), description='"module:attribute" or a list of them')


class WorkSettings(Section):
    processes: Number = Field(1, gt=0, le=64, description="a number from 1 to 64")
    threads: Number = Field(8, gt=0, description="a number above 0")
    #: Of which handlers it runs the deliveries; all, unless some are named.
    queues: Several[QueueName] = Field((), description="the names of queues, or nothing for all of them")
    #: Where ``work`` answers ``/healthz`` and ``/metrics``.
    host: Text = Field("0.0.0.0", description="an address to listen on")  # noqa: S104  (for its pod's probes)
    port: Number = Field(9100, ge=0, le=65535, description="a port, 0 to 65535")
    #: What running handlers get to end in, once asked to stop.
    grace: Span = Field(timedelta(seconds=30), description=spans.EXPECTED)


class RetentionSettings(Section):
    #: How long payloads are kept of what has succeeded or was skipped; ``None``: for ever.
    payloads: Span | None = Field(None, description=spans.EXPECTED)


class LogSettings(Section):
    level: Lower[Literal["debug", "info", "warning", "error"]] = Field(
        "info", description="debug, info, warning or error"
    )
    format: Lower[Literal["auto", "json", "pretty"]] = Field("auto", description="auto, json or pretty")


class TracesSettings(Section):
    endpoint: Annotated[str, AfterValidator(_endpoint)] | None = Field(
        None, repr=False, description="where a collector takes OTLP over HTTP, http://HOST:4318/v1/traces"
    )


class Settings(Section):
    store: StoreSettings
    broker: BrokerSettings
    web: WebSettings
    handlers: HandlersSettings
    work: WorkSettings
    retention: RetentionSettings
    log: LogSettings
    traces: TracesSettings
    handler_tables: tuple[HandlerTable, ...]
    accounts: tuple[Account, ...]
    #: The folder of the file; the working directory if there is none.
    folder: Path
    file: Path | None


SECTIONS: Mapping[str, type[Section]] = {
    name: field.annotation
    for name, field in Settings.model_fields.items()
    if isinstance(field.annotation, type) and issubclass(field.annotation, Section)
}


def validated(
    model: type[SectionT], table: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[SectionT | None, dict[str, str]]:
    """The model, or else what is expected of which key.

    ``context`` is what a value may refer to: the ``folder`` of the file and the variables in ``environ``.
    """
    try:
        return model.model_validate(table, context=context), {}
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
    expected: dict[str, str] = {}
    for problem in problems:
        key = str(problem["loc"][0])
        fields = written_keys(model)
        if key not in fields:
            wanted = unknown(key, fields)
        elif problem["type"] == TOLD:
            wanted = problem["msg"]
        else:
            wanted = f"expected {fields[key].description}"
        expected.setdefault(key, f"missing; {wanted}" if problem["type"] == "missing" else wanted)
    return None, expected


def written_keys(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """The fields by the keys they are written with: that of a table inside of another has its name before it."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def unknown(word: str, known: Iterable[str], prefix: str = "") -> str:
    """``prefix`` is what every known one begins with: compared, it would make all of them look alike."""
    if close := difflib.get_close_matches(word, known, n=1):
        return f"unknown; did you mean {prefix}{close[0]}?"
    return f"unknown; expected one of {', '.join(prefix + name for name in known)}"
