"""Logging: one JSON object a line on stderr, the same from us, uvicorn and Dramatiq; pretty on a terminal.

No payload is ever logged, and an exception is logged by type and place: its text may quote what a payload held.
"""

import contextlib
import json
import logging
import sys
import threading
from typing import Any, Literal

import orjson
import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from receiver.failures import describe, places

#: Below a warning they tell steps of their own; watchfiles also each write to a log file beside what it watches.
_CHATTY = (
    "asyncio",
    "dramatiq",
    "httpcore2",
    "httpx2",
    "pika",
    "receiver.broker.deliver",
    "uvicorn",
    "watchfiles",
)


def configure(*, level: str = "info", style: Literal["auto", "json", "pretty"] = "auto") -> None:
    """Set up logging for this process. ``auto``: pretty where stderr is a terminal."""
    pretty = style == "pretty" or (style == "auto" and sys.stderr.isatty())
    shared: list[Processor] = [
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="%H:%M:%S" if pretty else "iso", utc=not pretty),
        _exceptions_by_place,
        _drop_empty,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    renderer: Processor = (
        structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), pad_event_to=24)
        if pretty
        else structlog.processors.JSONRenderer(serializer=_json)
    )
    handler = _Stderr()
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*shared],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *([_brief] if pretty else []),
                renderer,
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level.upper())
    threading.excepthook = _thread_failed
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(max(root.level, logging.WARNING))


def _thread_failed(failed: threading.ExceptHookArgs) -> None:
    """A thread that a handler started: by type and place, as everything."""
    log = structlog.stdlib.get_logger("threading")
    log.error("thread.failed", thread=failed.thread.name if failed.thread else None, error=failed.exc_value)


class _Stderr(logging.Handler):
    """Writes each line whole, and takes no lock for it.

    The library's takes one and may be interrupted before it notes so: a handler whose time is up while it logs
    (``receiver.invoke``) would leave it taken, and nobody could log any more.
    """

    def handle(self, record: logging.LogRecord) -> bool:
        if not self.filter(record):
            return False
        try:
            line = self.format(record)
        except Exception as error:  # noqa: BLE001  (a value that cannot be written costs the line, never the caller)
            line = _json({"event": "log.failed", "logger": record.name, "error": describe(error)})
        with contextlib.suppress(OSError, ValueError):  # nobody reads any more, or it is closed
            sys.stderr.write(line + "\n")
        return True


def _json(event: EventDict, **_: Any) -> str:
    try:
        return orjson.dumps(event, default=str).decode()
    except TypeError:  # an int over 64 bits, a lone surrogate, a key that is no text
        return json.dumps(event, default=str, ensure_ascii=False).encode("utf-8", "replace").decode()


def _exceptions_by_place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    info = event.pop("exc_info", None)
    error = info if isinstance(info, BaseException) else (info[1] if isinstance(info, tuple) else sys.exc_info()[1])
    for key, value in event.items():
        if isinstance(value, BaseException):
            event[key] = describe(value)
    if info and error is not None:
        event["error"] = describe(error)
        event["places"] = places(error)
    # Their texts go on with a traceback, the exception's own words, and the values of arguments.
    if str(event.get("logger")).startswith(("asyncio", "uvicorn")):
        event["event"] = str(event["event"]).partition("\n")[0].partition("(")[0]
    return event


#: On a terminal a step is a line that fits: what every attempt has is left out, ids stand where they are first given.
_UNSAID = {"logger", "counted", "outcome", "event_type"}
_ONLY_AT = dict.fromkeys(("account", "envelope", "topic"), "callback.acknowledged")


def _brief(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    told = event.get("logger") == "handler"  # a handler's sentence names its order itself
    return {
        key: value
        for key, value in event.items()
        if key not in _UNSAID
        and value is not False
        and not (key == "attempt" and value == 1)
        and not (key in _ONLY_AT and event["event"] != _ONLY_AT[key])
        and not (told and key in {"order", "refund"})
    }


def _drop_empty(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """What does not apply is left out of the line."""
    return {key: value for key, value in event.items() if value is not None and value != ()}
