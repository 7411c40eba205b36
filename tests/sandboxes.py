"""Around a sandbox: a client that signs for itself, and a receiver that fails as it is told."""

import contextlib
import hashlib
import http.server
import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

import builders
import httpx2

from receiver.envelope import Callback
from receiver.sandbox.running import Sandbox

ACCOUNT = builders.account(name="main", user_id="2100007341207")
PATIENCE = 10.0


def headers(**changes: str | None) -> dict[str, str]:
    """Signed by a recipe written out once more; a header that is ``None`` is left out, and so is not signed."""
    values: dict[str, str | None] = {
        "access-key": ACCOUNT.access_key,
        "timestamp": str(time.time_ns() // 1_000_000),
        "nonce-str": secrets.token_hex(16),
        "user-id": ACCOUNT.user_id,
        **changes,
    }
    if "signature" not in changes:
        signed = "&".join(f"{name}={values[name]}" for name in ("access-key", "nonce-str", "timestamp"))
        base = f"{signed}&access-secret={ACCOUNT.secrets[0]}"
        values["signature"] = hashlib.md5(base.encode()).hexdigest().upper()
    return {name: value for name, value in values.items() if value is not None}


def ask(
    sandbox: Sandbox,
    method: str,
    path: str,
    body: Mapping[str, Any] | None = None,
    *,
    signed: Mapping[str, str] | None = None,
) -> httpx2.Response:
    """One call on a connection of its own."""
    with httpx2.Client(trust_env=False, timeout=PATIENCE) as client:
        return client.request(
            method,
            sandbox.url + path,
            content=None if body is None else json.dumps(body).encode(),
            headers=headers() if signed is None else signed,
        )


def call(sandbox: Sandbox, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
    """The ``data`` of a call that succeeds."""
    answer = ask(sandbox, method, path, body)
    parsed = answer.json()
    assert (answer.status_code, parsed["code"]) == (200, 200), parsed
    return parsed["data"]


class Listener:
    """A real receiver of callbacks: keeps what came, answers what it is told to."""

    def __init__(self) -> None:
        self.got: list[Callback] = []
        self.at: list[float] = []
        #: Statuses of the next answers, then 200; 0 does not answer for more than a second.
        self.answers: list[int] = []
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/callbacks/main"

    def take(self, request: http.server.BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers["content-length"]))
        found = tuple((name.lower().encode(), value.encode()) for name, value in request.headers.items())
        self.got.append(Callback(found, body))
        self.at.append(time.monotonic())
        status = self.answers.pop(0) if self.answers else 200
        if status == 0:
            time.sleep(1.3)
            status = 200
        with contextlib.suppress(ConnectionError):
            request.send_response(status)
            request.send_header("content-length", "0")
            request.end_headers()


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    listener = Listener()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            listener.take(self)

        def log_message(self, *_: object) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    listener.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        thread.join(PATIENCE)
        server.server_close()
