"""The web process alone, over SQLite or the database of a URL: callbacks are committed, nothing is dispatched."""

import os
import socket
import sys
from pathlib import Path

from bench.bodies import ACCOUNT

from receiver import logs, web
from receiver.metrics import Metrics
from receiver.serving import Server
from receiver.sources import SOURCES
from receiver.store import open_store


def main() -> None:
    logs.configure(style="json")
    url = sys.argv[1] if len(sys.argv) > 1 else f"sqlite:///{Path.cwd() / 'yizhan.db'}"
    store = open_store(url, alone=True, make=True)
    store.migrate()
    accounts = {ACCOUNT.name: (ACCOUNT, SOURCES[ACCOUNT.source])}
    app = web.create(store=store, accounts=accounts, metrics=Metrics(), max_body=1024 * 1024)
    with socket.create_server(("127.0.0.1", int(os.environ["PORT"]))) as listener:
        Server(app).run(sockets=[listener])
    store.close()


main()
