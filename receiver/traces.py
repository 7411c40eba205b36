"""Traces, for who collects them: what the log tells of a callback, its dispatch, attempts and calls, told as spans.

The envelope's id is the trace's id. So what several processes do about one callback is one trace, and nothing has to be
carried from one to the other.
"""

import contextlib
import threading
import time
import uuid
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING

import structlog
from structlog.typing import EventDict, WrappedLogger

from receiver.errors import TracesMissing

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_SPANS = {
    "callback.acknowledged": "callback",
    "envelope.dispatched": "dispatch",
    "delivery.attempted": "attempt",
    "api.called": "api.call",
}
_ATTRIBUTES = frozenset(
    {
        "account", "topic", "order", "refund", "redelivery", "ambiguous", "deliveries", "handler", "event_type",
        "attempt", "outcome", "state", "operation", "status",
    }
)  # fmt: skip
_WELL = frozenset({None, "succeeded", "answered"})


@contextlib.contextmanager
def traced(endpoint: str | None) -> Iterator[None]:
    """Send spans to an OTLP collector meanwhile. Call it in the process itself: it starts a thread.

    ``OTEL_EXPORTER_OTLP_HEADERS`` and its like hold. Raises ``TracesMissing`` without the extra ``otel``.
    """
    if endpoint is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ModuleNotFoundError as error:
        raise TracesMissing("traces.endpoint needs more: pip install 'yizhan[otel]'") from error
    provider = made()
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint)))
    tracer = Tracer(provider)
    processors = structlog.get_config()["processors"]
    processors.insert(0, tracer)  # before those that leave out what is not told at this level
    try:
        yield
    finally:
        processors.remove(tracer)
        provider.shutdown()


def made() -> "TracerProvider":
    """A provider that gives spans the ids which ``Tracer`` wants."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
    from opentelemetry.sdk.trace.id_generator import RandomIdGenerator  # noqa: PLC0415

    class Ids(RandomIdGenerator):
        def generate_trace_id(self) -> int:
            return _wanted.trace

        def generate_span_id(self) -> int:
            return _wanted.span or super().generate_span_id()

    return TracerProvider(resource=Resource.create({"service.name": "yizhan"}), id_generator=Ids())


class _Wanted(threading.local):
    trace = 0
    span = 0


#: The ids of the span that this thread is about to start; a span of 0 may have any.
_wanted = _Wanted()


class Tracer:
    """A structlog processor: changes nothing, and tells."""

    def __init__(self, provider: "TracerProvider") -> None:
        self._tracer = provider.get_tracer("yizhan")

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        name = _SPANS.get(event["event"])
        if name is not None and "envelope" in event:
            self._tell(name, event)
        return event

    def _tell(self, name: str, event: Mapping[str, object]) -> None:
        from opentelemetry import trace  # noqa: PLC0415
        from opentelemetry.context import Context  # noqa: PLC0415

        trace_id = uuid.UUID(str(event["envelope"])).int
        root, attempt = trace_id & (2**64 - 1), _span_of_attempt(event)
        begins = name == "callback" and not event.get("redelivery")
        _wanted.trace, _wanted.span = trace_id, root if begins else attempt if name == "attempt" else 0
        context = Context()
        if not begins:
            parent = attempt if name == "api.call" else root
            sampled = trace.TraceFlags(trace.TraceFlags.SAMPLED)
            around = trace.SpanContext(trace_id, parent, is_remote=True, trace_flags=sampled)
            context = trace.set_span_in_context(trace.NonRecordingSpan(around), context)
        end = time.time_ns()
        milliseconds = event.get("ms", 0)
        span = self._tracer.start_span(
            name,
            context,
            start_time=end - round(milliseconds * 1_000_000) if isinstance(milliseconds, int | float) else end,
            attributes={
                key: value for key, value in event.items() if key in _ATTRIBUTES and isinstance(value, str | int)
            },
        )
        if event.get("outcome") not in _WELL:
            span.set_status(trace.StatusCode.ERROR)
        span.end(end)


def _span_of_attempt(event: Mapping[str, object]) -> int:
    """Told alike of an attempt and of the calls it makes."""
    which = [str(event.get(key)) for key in ("envelope", "handler", "attempt", "order", "refund")]
    return int.from_bytes(blake2b(" ".join(which).encode(), digest_size=8).digest())
