"""The web process alone, over SQLite or the database of a URL: callbacks are committed, nothing is dispatched."""

import os
import socket
import sys
from importlib import import_module
from pathlib import Path

from bench.bodies import ACCOUNT

from receiver import logs, web
from receiver.metrics import Metrics
from receiver.serving import Server
from receiver.sources import SOURCES
from receiver.store.base import Store
from receiver.store.sqlite import SqliteStore


def _store(url: str | None = None) -> Store:
    if url is None:
        return SqliteStore(Path("yizhan.db"), alone=True)
    made: Store = import_module("receiver.store.postgresql").PostgresStore(url)
    return made


def main() -> None:
    logs.configure(style="json")
    store = _store(*sys.argv[1:])
    store.migrate()
    accounts = {ACCOUNT.name: (ACCOUNT, SOURCES[ACCOUNT.source])}
    app = web.create(store=store, accounts=accounts, metrics=Metrics(), max_body=1024 * 1024)
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as listener:
        Server(app).run(sockets=[listener])
    store.close()


main()
