"""A whole yizhan in this process: a store of its own, a port of its own, the real path from socket to handler."""

import gc
import socket
import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from functools import partial
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, Self

import orjson

from receiver import web, worker
from receiver.accounts import Account
from receiver.api import Api, Apis, EffectGate
from receiver.deliveries import Delivery, Filters
from receiver.envelope import Callback, Platform
from receiver.events import Event
from receiver.metrics import Metrics
from receiver.routing import Router
from receiver.sandbox.connecting import connected
from receiver.sandbox.running import Sandbox
from receiver.sandbox.stories import STORIES, Cast
from receiver.serving import Server
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore, connecting, relaying, system_clock
from receiver.testing.building import envelope
from receiver.testing.recording import Call, Record, RecordingApi, line_of, trial_account
from receiver.transport import Transport

#: How long a test waits for what comes at once.
PATIENCE = 10.0
ACKNOWLEDGED = 200
#: Of these a test may make what it likes: content tells a handler nothing of them.
_NOT_IN_RAW = {"account", "ambiguous", "uncertain"}


class Yizhan:
    """``with Yizhan(tmp_path, router) as yizhan: …``. Its one account is ``main``, at PandaPon.

    Follow-up calls are recorded and answered by ``api``, unless a ``sandbox`` is connected.
    """

    def __init__(self, folder: Path, router: Router) -> None:
        self.account = trial_account()
        #: Says what calls are answered: ``yizhan.api.answers("order_detail", {…})``.
        self.api = RecordingApi(Record(line_of(self.account)))
        self.store = SqliteStore(folder / "yizhan.db", alone=True, clock=self._now)
        self._path = folder / "yizhan.db"
        self._router = router
        self._jumped = timedelta(0)
        self._wake = threading.Event()
        self._closing = ExitStack()
        self._sandbox: Sandbox | None = None
        self._port = 0

    def __enter__(self) -> Self:
        with ExitStack() as closing:
            closing.callback(self.store.close)
            self.store.migrate()
            self._reader = connecting.connect_to_read(self._path)
            closing.callback(self._reader.close)
            self._work(closing)
            self._listen(closing)
            self._closing = closing.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @property
    def url(self) -> str:
        """Where the account's callbacks go."""
        return f"http://127.0.0.1:{self._port}/callbacks/{self.account.name}"

    @property
    def calls(self) -> list[Call]:
        """What went out through ``ctx.api``, in order."""
        return self.api.calls

    def receive(self, told: Event | Callback) -> None:
        """Have it called back, signed, over HTTP. Raises ``AssertionError`` unless it is acknowledged."""
        callback = told if isinstance(told, Callback) else SOURCES[self.account.source].sign(_said(told), self.account)
        sender = HTTPConnection("127.0.0.1", self._port, timeout=PATIENCE)
        try:
            headers = {name.decode(): value.decode() for name, value in callback.headers}
            sender.request("POST", f"/callbacks/{self.account.name}", callback.body, headers)
            answer = sender.getresponse()
            answer.read()
        finally:
            sender.close()
        if answer.status != ACKNOWLEDGED:
            raise AssertionError(f"the callback was refused with {answer.status}; sign it for yizhan.account")

    def settle(self, seconds: float = PATIENCE) -> None:
        """Wait until nothing is to be done now. What is to be attempted again later waits for ``pass_time``."""
        until = time.monotonic() + seconds
        while not self._quiet():
            if time.monotonic() > until:
                unended = [f"{row.handler} of {row.event} is {row.state}" for row in self.deliveries() if _open(row)]
                raise AssertionError(f"not settled in {seconds:g} s: {', '.join(unended) or 'callbacks are under way'}")
            time.sleep(0.01)

    def pass_time(self, **span: float) -> None:
        """Let time pass at once, for retries: ``yizhan.pass_time(minutes=5)``."""
        self._jumped += timedelta(**span)
        self._wake.set()

    def deliveries(self, **chosen: Any) -> list[Delivery]:
        """The oldest first: all, or those of a ``handler``, ``event``, ``state``, ``order_id`` or ``refund_id``."""
        return self.store.deliveries(Filters(**chosen), 1_000_000)[::-1]

    def connect(self, sandbox: Sandbox) -> None:
        """Have it answer the calls that the test does not, and push its callbacks here."""
        sandbox.pusher.urls[self.account.name] = self.url
        transport = Transport([sandbox.url])
        self._closing.callback(transport.close)
        self.api.connect(connected(self.account, sandbox.url), transport.send)
        self._sandbox = sandbox

    def play(self, story: str) -> Cast:
        """A story of the sandbox (``yizhan sandbox --help``), all handlers settled between its steps."""
        if self._sandbox is None:
            raise LookupError("no sandbox is connected; ask for the fixture sandbox too")
        told = STORIES[story]
        cast = Cast(self.account.name, told.platform, self._sandbox.pusher.lose)
        for step in told.steps:
            cast.told.append(self._sandbox.do(partial(step, cast)))
            self.settle()
        return cast

    def _now(self) -> int:
        return system_clock() + self._jumped // timedelta(milliseconds=1)

    def _quiet(self) -> bool:
        # Callbacks first, and once more at the end: what ends between the two may have made the sandbox push more.
        return self._pushed() and not relaying.anything_to_do(self._reader, self._now()) and self._pushed()

    def _pushed(self) -> bool:
        return self._sandbox is None or self._sandbox.settle(0)

    def _work(self, closing: ExitStack) -> None:
        apis = _RecordingApis(self.account, self.api)
        closing.callback(apis.close)
        working = worker.working(
            store=self.store,
            sources=SOURCES,
            router=self._router,
            metrics=Metrics(),
            apis=apis,
            threads=4,
            wake=self._wake,
        )
        closing.enter_context(working)

    def _listen(self, closing: ExitStack) -> None:
        listener = closing.enter_context(socket.create_server(("127.0.0.1", 0)))
        self._port = listener.getsockname()[1]
        table = {self.account.name: (self.account, SOURCES[self.account.source])}
        app = web.create(
            store=self.store,
            accounts=table,
            metrics=Metrics(),
            max_body=1024 * 1024,
            on_commit=lambda _rows: self._wake.set(),
        )
        ready = threading.Event()
        server = Server(app, on_ready=ready.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, name="yizhan", daemon=True)
        closing.callback(_thaw, gc.get_threshold())
        thread.start()

        def stop() -> None:
            server.should_exit = True
            thread.join(PATIENCE)

        closing.callback(stop)
        if not ready.wait(PATIENCE):
            raise RuntimeError("yizhan did not come up")


class _RecordingApis(Apis):
    """One for each delivery, with the record that all share."""

    def __init__(self, account: Account, api: RecordingApi) -> None:
        super().__init__([account])
        self._api = api

    def of(
        self,
        account: str,  # noqa: ARG002  (there is but one)
        platform: Platform | None = None,
        effects: EffectGate | None = None,
        **_: Any,
    ) -> Api:
        return self._api.bound(platform, effects)


def _said(told: Event) -> bytes:
    """The message that tells this event. Raises ``ValueError`` for a field that ``raw`` does not tell."""
    (found, *_) = SOURCES[told.source].decode(envelope(told))
    for name in type(told).model_fields.keys() - _NOT_IN_RAW:
        if getattr(found, name, None) != getattr(told, name):
            raise ValueError(
                f"the message of this {type(told).__name__} tells another {name} than the event; what goes over the"
                " wire is event.raw: change that, or run the handler by itself with run_handler"
            )
    return orjson.dumps(told.raw)


def _open(row: Delivery) -> bool:
    return row.state in ("due", "offered", "running")


def _thaw(thresholds: tuple[int, int, int]) -> None:
    """What serving does to this process's garbage collector is no test's to keep."""
    gc.unfreeze()
    gc.set_threshold(*thresholds)
