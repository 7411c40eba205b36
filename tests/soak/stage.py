"""What the faults happen to: PostgreSQL, a broker, two web and two worker processes, all of the suite's own."""

import contextlib
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from brokers import BrokerServer
from databases import Database
from machines import NOTHING_MORE, Machines, Process, machines
from soak.cluster import Cluster
from soak.shop import SHOP
from soak.volume import Volume

from receiver.store.postgresql import PostgresStore

_SETTINGS = '[web]\ndrain = "2s"\n[work]\ngrace = "10s"\n'


@dataclass
class Stage:
    machines: Machines
    cluster: Cluster
    broker: BrokerServer
    volume: Volume
    database: Database
    #: Seconds that a minute lasts.
    minute: float
    #: What is left to chance.
    chance: Random
    webs: list[Process] = field(default_factory=list)
    workers: list[Process] = field(default_factory=list)

    def ports(self) -> list[int]:
        return [web.port for web in self.webs]

    def runs(self) -> list[list[str]]:
        return self.machines.runs()

    def store_version(self) -> str:
        return f"PostgreSQL {self.cluster.version()}"

    def running(self) -> set[int]:
        """Processes inside of the slow handler, by what it tells."""
        under_way: dict[str, int] = {}
        for what, handler, pid, envelope in self.runs():
            if handler == "shop.slow" and what == "began":
                under_way[envelope] = int(pid)
            elif handler == "shop.slow":
                under_way.pop(envelope, None)
        return set(under_way.values())

    def replace_web(self, place: int, environment: Mapping[str, str] = NOTHING_MORE) -> Process:
        """The one that was there, which still runs if it did."""
        old, self.webs[place] = self.webs[place], self.machines.serve(environment=environment)
        return old

    def replace_worker(self, place: int, environment: Mapping[str, str] = NOTHING_MORE) -> Process:
        old, self.workers[place] = self.workers[place], self.machines.work(environment=environment)
        return old


@contextmanager
def stage(folder: Path, disk: Volume, broker: BrokerServer, minute: float, seed: int = 1) -> Iterator[Stage]:
    """All of them, running. ``folder`` is open to the servers' users."""
    cluster = Cluster(folder, disk.data)
    with contextlib.ExitStack() as stack:
        stack.callback(cluster.stop, signal.SIGQUIT)
        cluster.start()
        with contextlib.closing(PostgresStore(cluster.url)) as store:
            store.migrate()
        database = Database(cluster.url)
        site = stack.enter_context(machines(folder, database, broker.url, SHOP, _SETTINGS))
        built = Stage(site, cluster, broker, disk, database, minute, Random(seed))
        built.webs = [site.serve() for _ in range(2)]
        built.workers = [site.work() for _ in range(2)]
        yield built
