"""The web process of many machines: it commits and acknowledges, and knows neither broker nor handler."""

import contextlib
import socket
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

from receiver import web
from receiver.accounts import Account
from receiver.metrics import Metrics
from receiver.serving import Server
from receiver.sources.base import Source
from receiver.store import open_store


def serve(
    *,
    store_url: str,
    accounts: Mapping[str, tuple[Account, Source]],
    listener: socket.socket,
    max_body: int,
    drain: timedelta,
    shared: Path | None,
) -> None:
    """Serve until SIGTERM or SIGINT, and for ``drain`` longer; then answer what has come in, and return.

    ``shared`` is where its siblings keep what they count.
    """
    metrics = Metrics(shared)
    with contextlib.closing(open_store(store_url)) as store:
        app = web.create(store=store, accounts=accounts, metrics=metrics, max_body=max_body)
        Server(app, on_drain=app.drain, drain=drain.total_seconds()).run(sockets=[listener])
