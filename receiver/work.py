"""A worker process of many machines: relay, timers and handlers; and a port where it is watched."""

import contextlib
import socket
import threading
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import timedelta
from pathlib import Path

from starlette.applications import Starlette

from receiver import garbage, web
from receiver.accounts import Account
from receiver.api import Apis
from receiver.backlog import BacklogCollector
from receiver.metrics import Metrics
from receiver.routing import Router
from receiver.serving import Server
from receiver.sources.base import Source
from receiver.store import open_store
from receiver.worker import working


def work(
    *,
    store_url: str,
    broker_url: str,
    accounts: Iterable[Account],
    sources: Mapping[str, Source],
    router: Router,
    queues: Collection[str],
    listener: socket.socket,
    threads: int,
    grace: timedelta,
    keep_payloads: timedelta | None,
    shared: Path | None,
    pulse: Callable[[], None],
    alive: Callable[[], bool],
) -> None:
    """Work until SIGTERM or SIGINT; then begin nothing more, and return once what runs has ended, or after ``grace``.

    ``shared`` is where its siblings keep what they count; ``alive`` is of all of them.
    """
    metrics = Metrics(shared)
    with (
        contextlib.closing(open_store(store_url)) as store,
        contextlib.closing(Apis(list(accounts), leases=store)) as apis,
        working(
            store=store,
            sources=sources,
            router=router,
            metrics=metrics,
            apis=apis,
            threads=threads,
            wake=threading.Event(),
            broker_url=broker_url,
            queues=queues,
            alone=False,
            keep_payloads=keep_payloads,
            grace=grace,
            pulse=pulse,
        ),
    ):
        metrics.look_up(BacklogCollector(store))
        garbage.freeze()
        app = Starlette(routes=web.watching(metrics, alive))
        Server(app).run(sockets=[listener])
