"""How long an acknowledged callback waits for its handler to begin, at a steady rate that leaves the machine time."""

import re
import time
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path

from bench import bodies, deliveries, noting
from bench.deliveries import Setting
from bench.needs import Needs
from bench.rows import NotRun
from bench.served import answers
from bench.table import rendered
from processes import free_port, wait_until

from receiver.sources import SOURCES

#: Callbacks a second.
RATE = 200
HEADINGS = ("broker, store", "processes", "p50 ms", "p99 ms", "longest ms")
_SETTINGS = {
    Setting("memory", 1): ("run",),
    Setting("redis", 1): ("serve", "work"),
    Setting("rabbitmq", 1): ("serve", "work"),
}
#: Of which nothing is told: everything is new to the processes.
_WARM_UP = RATE
_ORDER = re.compile(rb"idOfStr[^0-9]*([0-9]+)")
_PATIENCE = 30.0


def measured(folder: Path, needs: Needs, *, seconds: int) -> str:
    """The table."""
    lines: list[tuple[str, ...]] = []
    for setting, commands in _SETTINGS.items():
        try:
            waited = sorted(_waited(setting, commands, folder / "waiting", needs, seconds * RATE))
        except NotRun as error:
            lines.append((setting.title, " + ".join(commands), f"not run: {error}", "", ""))
            continue
        at = [waited[len(waited) // 2], waited[len(waited) * 99 // 100], waited[-1]]
        lines.append((setting.title, " + ".join(commands), *(f"{each * 1000:.1f}" for each in at)))
    return rendered(lines, HEADINGS)


def _waited(setting: Setting, commands: tuple[str, ...], folder: Path, needs: Needs, count: int) -> list[float]:
    """Seconds from the acknowledgement, as the sender sees it, to the start of the handler."""
    deliveries.broker_url(setting, needs)  # or not run
    with deliveries.emptied(setting, folder, needs):
        pass
    port = free_port()
    deliveries.configure(setting, folder, needs, port)
    with deliveries.running([("-m", "receiver", command) for command in commands], folder):
        noting.go(folder, setting.processes)
        wait_until(lambda: answers(port, "/readyz"), seconds=_PATIENCE, what="ready")
        acknowledged = _send(port, _WARM_UP + count)
        wait_until(
            lambda: len(noting.noted(folder)) >= len(acknowledged), seconds=_PATIENCE, what="every handler has begun"
        )
        began = noting.noted(folder)
    return [max(0.0, began[order] - at) for order, at in islice(acknowledged.items(), _WARM_UP, None)]


def _send(port: int, count: int) -> dict[int, float]:
    """When each was acknowledged, by its order: monotonic time."""
    account = bodies.ACCOUNT
    sign = SOURCES[account.source].sign
    acknowledged = {}
    connection = HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    began = time.monotonic()
    for number, body in enumerate(islice(bodies.bodies(bodies.SIZES[0], seed=2), count)):
        time.sleep(max(0.0, began + number / RATE - time.monotonic()))
        callback = sign(body, account)
        headers = {name.decode(): value.decode() for name, value in callback.headers}
        connection.request("POST", bodies.PATH, body, headers)
        response = connection.getresponse()
        at = time.monotonic()
        response.read()
        order = _ORDER.search(body)
        if response.status != 200 or order is None:
            raise RuntimeError(f"not acknowledged, or without an order: {response.status}")
        acknowledged[int(order[1])] = at
    connection.close()
    return acknowledged
