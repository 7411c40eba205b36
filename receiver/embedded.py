"""Everything in one process: what ``yizhan run`` and ``yizhan dev`` run.

Over SQLite it runs alone. Over PostgreSQL several may share a store: what one leaves behind, the others take up when
its leases end.
"""

import socket
import sys
import threading
from collections.abc import Callable, Mapping
from datetime import timedelta

import structlog

from receiver import web
from receiver.accounts import Account
from receiver.api import Apis
from receiver.backlog import BacklogCollector
from receiver.errors import StoreUnavailable
from receiver.exchange import Send
from receiver.metrics import Metrics
from receiver.precedence import Precedence
from receiver.pulses import Pulses
from receiver.routing import Router
from receiver.serving import Server
from receiver.sources.base import Source
from receiver.store import open_store
from receiver.store.base import Store
from receiver.sweep import sweep
from receiver.worker import working

log = structlog.stdlib.get_logger()


def run(
    *,
    store_url: str,
    accounts: Mapping[str, tuple[Account, Source]],
    sources: Mapping[str, Source],
    router: Router,
    listener: socket.socket,
    max_body: int,
    threads: int,
    broker_url: str = "memory://",
    grace: timedelta = timedelta(seconds=30),
    keep_payloads: timedelta | None = None,
    send: Send | None = None,
    on_ready: Callable[[], None] = lambda: None,
) -> None:
    """Serve until SIGTERM or SIGINT: then answer what has come in, end what runs, and return.

    ``send`` takes the place of the network for follow-up calls.
    """
    # A handler that computes gives the interpreter up this often, and the next acknowledgement waits no longer.
    sys.setswitchinterval(0.001)
    metrics = Metrics()
    alone = store_url.startswith("sqlite:")
    store = open_store(store_url, alone=True, make=True)
    apis = Apis([account for account, _ in accounts.values()], send=send, leases=None if alone else store)
    pulses = Pulses(1)
    wake = threading.Event()
    try:
        store.migrate()
        _make_ready(store)
        sweep(store, router, everything=True)
        metrics.look_up(BacklogCollector(store))
        precedence = Precedence()

        def committed(rows: int) -> None:
            precedence.committed(rows)
            wake.set()

        app = web.create(
            store=store,
            accounts=accounts,
            metrics=metrics,
            max_body=max_body,
            on_commit=committed,
            alive=pulses.fresh,
        )
        with working(
            store=store,
            sources=sources,
            router=router,
            metrics=metrics,
            apis=apis,
            threads=threads,
            wake=wake,
            broker_url=broker_url,
            alone=alone,
            keep_payloads=keep_payloads,
            grace=grace,
            pulse=lambda: pulses.beat(0),
            give_way=precedence.give_way,
        ):
            Server(app, on_ready=on_ready, on_drain=app.drain).run(sockets=[listener])
    finally:
        store.close()
        apis.close()


def _make_ready(store: Store) -> None:
    """What the first callback would wait for; a store that takes nothing, of a full disk, answers for itself."""
    try:
        store.ready()
    except StoreUnavailable as error:
        log.warning("store.not_ready", error=str(error))
