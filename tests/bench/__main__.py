"""``make bench``: what an acknowledgement costs, beside a bare server and what a team would write otherwise.

All servers stand side by side, and wrk goes round them in short slices, so that whatever else the machine does falls on
all of them. Only the loopback device is used.
"""

import argparse
import contextlib
import shutil
import signal
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from bench import bodies, deliveries, machine, needs, stored, table, waiting
from bench.load import Load, Slice
from bench.rows import ROWS, NotRun, Row
from bench.served import Served

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"
WARM_UP = 1
#: More than any server here acknowledges in a second, so that no request need be sent twice.
MOST_A_SECOND = 30_000
MOST_BYTES_A_SECOND = 120_000_000


@dataclass(frozen=True, slots=True)
class Plan:
    connections: tuple[int, ...]
    slices: int
    seconds: int
    #: Bytes of a body, and the number of connections for those that are not of the first size.
    sizes: tuple[int, ...]
    #: Of ours and a bare worker.
    pairs: int
    #: Seconds of a steady rate.
    steady: int


QUICK = Plan(connections=(16, 64, 256), slices=3, seconds=1, sizes=(), pairs=1, steady=5)
WHOLE = Plan(connections=(16, 64, 256), slices=5, seconds=2, sizes=bodies.SIZES[1:], pairs=3, steady=20)
SIZED_CONNECTIONS = 64
SIZED_ROWS = ("a", "b")


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="in two minutes, and rougher")
    parser.add_argument("--rows", help="only these, such as a,b: a is always there")
    parser.add_argument("--write", action="store_true", help=f"into docs/{PAGE.name}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave no server behind
    if shutil.which("wrk") is None:
        sys.exit("no wrk here: apt install wrk")
    plan = QUICK if arguments.quick else WHOLE
    wanted = {"a", *arguments.rows.split(",")} if arguments.rows else {row.key for row in ROWS}
    rows = [row for row in ROWS if row.key in wanted]
    print(*machine.described(), f"load before: {machine.load()}", sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="yizhan-bench-") as name, needs.found(Path(name)) as found:
        tables = dict(_measured(Path(name), found, rows, plan))
        if arguments.rows is None:
            tables |= _worked(Path(name), found, plan)
    told = [*machine.described(), f"{datetime.now(UTC):%Y-%m-%d}, load of the machine after it: {machine.load()}"]
    if arguments.write:
        note = "\n".join(f"- {each}" for each in told)
        PAGE.write_text(table.page(PAGE.read_text(), {"The machine": note, **tables}))


def _measured(folder: Path, found: needs.Needs, rows: Sequence[Row], plan: Plan) -> Iterator[tuple[str, str]]:
    """A title and a table for each round."""
    sized = [row for row in rows if row.key in SIZED_ROWS]
    rounds = [(bodies.SIZES[0], connections, rows) for connections in plan.connections]
    rounds += [(size, SIZED_CONNECTIONS, sized) for size in plan.sizes]
    for size, connections, some in rounds:
        title = f"{connections} connections, bodies of {size / 1000:g} kB"
        requests = folder / f"requests-{size}"
        if not requests.exists():
            seconds = WARM_UP + plan.slices * plan.seconds
            bodies.write(requests, size, seconds * min(MOST_A_SECOND, MOST_BYTES_A_SECOND // size), seed=size)
        lines = _round(folder, found, some, plan, Load(requests, connections))
        drawn = table.rendered([lines[row.key] for row in some])
        title += f"; load of the machine: {machine.load()}"
        print(f"\n{title}\n{drawn}", flush=True)
        yield title, drawn


def _worked(folder: Path, found: needs.Needs, plan: Plan) -> dict[str, str]:
    """What comes after the acknowledgement."""
    tables = {}

    def told(title: str, drawn: str) -> None:
        title += f"; load of the machine: {machine.load()}"
        print(f"\n{title}\n{drawn}", flush=True)
        tables[title] = drawn

    told("Deliveries, beside a bare Dramatiq actor", deliveries.measured(folder, found, slices=plan.pairs))
    title = f"From the acknowledgement to the handler's start, at {waiting.RATE} callbacks a second"
    told(title, waiting.measured(folder, found, seconds=plan.steady))
    return tables


def _round(folder: Path, found: needs.Needs, rows: Sequence[Row], plan: Plan, load: Load) -> dict[str, tuple[str, ...]]:
    """All rows beside one another: their lines of the table, by key."""
    lines: dict[str, tuple[str, ...]] = {}
    slices: dict[str, list[Slice]] = defaultdict(list)
    with contextlib.ExitStack() as stack:
        served: dict[str, Served] = {}
        for row in rows:
            try:
                served[row.key] = stack.enter_context(row.serve(folder / row.key, found))
            except NotRun as error:
                lines[row.key] = table.not_run(row, str(error))
        there = [row for row in rows if row.key in served]
        for seconds in (WARM_UP, *[plan.seconds] * plan.slices):
            for row in there:
                slices[row.key].append(load.slice(served[row.key], seconds=seconds, once=row.once))
                if row.works_on:
                    served[row.key].rest()
        for row in there:
            resident = served[row.key].resident_bytes
            lines[row.key] = table.line(row, slices[row.key][1:], slices["a"][1:], resident)
    for row in there:
        if row.store is not None:
            stored.check(row.store(folder / row.key, found), sum(each.acknowledged for each in slices[row.key]))
        shutil.rmtree(folder / row.key)
    return lines


if __name__ == "__main__":
    main()
