"""Everything in one process, with a broker in memory: what ``yizhan run`` and ``yizhan dev`` run.

Over SQLite it runs alone. Over PostgreSQL several may share a store: what one leaves behind, the others take up when
its leases end.
"""

import contextlib
import socket
import sys
import threading
from collections.abc import Callable, Iterator, Mapping

import structlog
from dramatiq import Worker

from receiver import broker as brokers
from receiver import web
from receiver.accounts import Account
from receiver.api import Apis
from receiver.deliver import Deliverer
from receiver.errors import SettingsError
from receiver.metrics import Metrics
from receiver.precedence import Precedence
from receiver.relay import Relay
from receiver.routing import Router
from receiver.serving import Server
from receiver.shares import Shares
from receiver.sources.base import Source
from receiver.store import open_store
from receiver.store.base import Store
from receiver.sweep import sweep
from receiver.transport import Send

log = structlog.stdlib.get_logger()

#: Offers held at once, a worker thread: enough to keep them busy, few enough that replays and retries are not queued
#: behind a wall of them.
OFFERS_PER_THREAD = 16
MISSING_HANDLER_CURE = "register it under this name again (name=…), or bury what waits for it"
#: What running handlers get to end in, once asked to stop.
GRACE_MS = 30_000


def listen(host: str, port: int) -> socket.socket:
    """The socket callbacks come in by. Raises ``SettingsError`` if the address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise SettingsError("web.port", f"{host}:{port}", f"an address to listen on ({error.strerror})") from error
    return listener


def run(
    *,
    store_url: str,
    accounts: Mapping[str, tuple[Account, Source]],
    sources: Mapping[str, Source],
    router: Router,
    listener: socket.socket,
    max_body: int,
    threads: int,
    send: Send | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT: then answer what has come in, end what runs, and return.

    ``send`` takes the place of the network for follow-up calls.
    """
    # A handler that computes gives the interpreter up this often, and the next acknowledgement waits no longer.
    sys.setswitchinterval(0.001)
    metrics = Metrics()
    apis = Apis([account for account, _ in accounts.values()], send=send)
    store = open_store(store_url, alone=True, make=True)
    try:
        store.migrate()
        sweep(store, router, everything=True)
        for handler, waiting in store.open_of_others([route.name for route in router]).items():
            log.warning("handler.missing", handler=handler, waiting=waiting, cure=MISSING_HANDLER_CURE)
        wake = threading.Event()
        precedence = Precedence()

        def committed(rows: int) -> None:
            precedence.committed(rows)
            wake.set()

        with working(
            store=store,
            sources=sources,
            router=router,
            metrics=metrics,
            apis=apis,
            threads=threads,
            wake=wake,
            on_turn=precedence.give_way,
        ):
            app = web.create(store=store, accounts=accounts, metrics=metrics, max_body=max_body, on_commit=committed)
            Server(app, on_ready=on_ready).run(sockets=[listener])
    finally:
        store.close()
        apis.close()


@contextlib.contextmanager
def working(
    *,
    store: Store,
    sources: Mapping[str, Source],
    router: Router,
    metrics: Metrics,
    apis: Apis,
    threads: int,
    wake: threading.Event,
    on_turn: Callable[[], None] = lambda: None,
) -> Iterator[None]:
    """Relay and worker, running; at the end the relay stops first, then each handler gets to its end."""
    broker = brokers.in_memory()
    shares = Shares(threads)
    deliverer = Deliverer(
        store=store, sources=sources, router=router, metrics=metrics, shares=shares, apis=apis, on_ended=wake.set
    )
    ring = brokers.declare(broker, deliverer.deliver)
    relay = Relay(
        store=store,
        sources=sources,
        router=router,
        ring=ring,
        shares=shares,
        under_way=deliverer.under_way,
        limit=threads * OFFERS_PER_THREAD,
        wake=wake,
        on_turn=on_turn,
    )
    worker = Worker(broker, worker_threads=threads, worker_timeout=100)
    worker.start()
    relay.start()
    try:
        yield
    finally:
        relay.stop()
        worker.stop(timeout=GRACE_MS)
        deliverer.stop()
