"""One callback is one trace, whatever processes have to do with it."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
import structlog
from builders import message
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from steps import accept, delivering, success

from receiver import dispatch, traces
from receiver.deliveries import Filters
from receiver.events import OrderEvent
from receiver.exchange import Request, Response
from receiver.routing import Context, Router
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

ENVELOPE = "0196e9b5-4a19-7000-8000-000000000001"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider = traces.made()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    before = structlog.get_config()
    structlog.configure(processors=[traces.Tracer(provider), structlog.testing.LogCapture()])
    yield exporter
    structlog.configure(**before)
    provider.shutdown()


def test_what_is_done_about_a_callback_is_its_trace(store: SqliteStore, spans: InMemorySpanExporter) -> None:
    router = Router()

    @router.on(OrderEvent, name="shop.look")
    def look(ctx: Context[OrderEvent]) -> None:
        ctx.api.call("1688.v2.cart.list")

    def answer(_request: Request, _seconds: float) -> Response:
        return success({})

    (envelope_id,) = accept(store, message())
    structlog.stdlib.get_logger().debug("callback.acknowledged", envelope=envelope_id, account="pandapon", ms=1.5)
    dispatch.dispatch(store, SOURCES, router)
    with delivering(store, router, send=answer) as run:
        (offer,) = store.claim(10, {"shop.look": 10})
        run(offer)
    assert [one.state for one in store.deliveries(Filters(), 10)] == ["succeeded"]
    told = {span.name: span for span in spans.get_finished_spans()}
    assert set(told) == {"callback", "dispatch", "attempt", "api.call"}
    ids = {span.context.trace_id for span in told.values()}
    assert ids == {int(envelope_id.replace("-", ""), 16)}
    parents = {name: span.parent and span.parent.span_id for name, span in told.items()}
    assert parents == {
        "callback": None,
        "dispatch": told["callback"].context.span_id,
        "attempt": told["callback"].context.span_id,
        "api.call": told["attempt"].context.span_id,
    }
    callback = told["callback"]
    assert (callback.end_time or 0) - (callback.start_time or 0) == 1_500_000
    assert dict(told["attempt"].attributes or {}).items() >= {"handler": "shop.look", "outcome": "succeeded"}.items()
    assert all(span.status.is_ok or span.status.is_unset for span in told.values())


def test_a_redelivery_is_told_in_the_trace_of_what_it_repeats(spans: InMemorySpanExporter) -> None:
    log = structlog.stdlib.get_logger()
    for redelivery in (False, True):
        log.debug("callback.acknowledged", envelope=ENVELOPE, redelivery=redelivery, ms=1)
    first, again = spans.get_finished_spans()
    assert first.context.trace_id == again.context.trace_id
    assert again.parent is not None
    assert again.parent.span_id == first.context.span_id != again.context.span_id


def test_a_failure_is_told_as_one_and_what_is_no_step_is_not_told(spans: InMemorySpanExporter) -> None:
    log = structlog.stdlib.get_logger()
    log.warning("delivery.attempted", envelope=ENVELOPE, handler="shop", attempt=1, outcome="failed", payload="x")
    log.info("callback.refused", account="main")
    log.info("api.called", operation="by hand")
    (span,) = spans.get_finished_spans()
    assert not span.status.is_ok
    assert not span.status.is_unset
    assert "payload" not in (span.attributes or {})


def test_spans_go_to_the_collector_whatever_the_log_leaves_out() -> None:
    """Also those of steps that are logged for debugging alone."""
    sent: list[tuple[str, bytes]] = []

    class Collector(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append((self.path, self.rfile.read(int(self.headers["content-length"]))))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: Any) -> None: ...

    before = structlog.get_config()
    structlog.configure(processors=[structlog.stdlib.filter_by_level], logger_factory=structlog.stdlib.LoggerFactory())
    with HTTPServer(("127.0.0.1", 0), Collector) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            with traces.traced(f"http://127.0.0.1:{server.server_port}/v1/traces"):
                structlog.stdlib.get_logger("nobody").debug("callback.acknowledged", envelope=ENVELOPE, ms=1)
        finally:
            server.shutdown()
            thread.join()
            structlog.configure(**before)
    ((path, body),) = sent
    assert path == "/v1/traces"
    assert bytes.fromhex(ENVELOPE.replace("-", "")) in body


def test_without_a_collector_nothing_is_added() -> None:
    before = [*structlog.get_config()["processors"]]
    with traces.traced(None):
        assert structlog.get_config()["processors"] == before
