"""``make bench-growth``: what grows with the inbox, and what does not; and the memory of the processes under load.

Stores are filled in bulk, with what the schema has after months of work. What is acknowledged, dispatched and claimed
is compared with an empty store, both in turns.
"""

import argparse
import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from bench import machine, needs, table
from bench.growth import memory, rates
from bench.growth.filling import order_of
from bench.growth.questions import asked
from bench.growth.stores import NAMES, Filled, Kind, Stores
from bench.needs import Needs

from receiver import logs
from receiver.store import open_store

PAGE = Path(__file__).parents[3] / "docs" / "benchmarks.md"
COUNTS = (0, 100_000, 1_000_000)
HUGE = 10_000_000
#: How often a whole command is run.
_RUNS = 5
_RATES: tuple[tuple[str, Callable[[Filled, Filled], rates.Ratio]], ...] = (
    ("dispatched/s", rates.dispatched),
    (f"claims of {rates.CLAIMED} deliveries/s", rates.claimed),
)

Answers = Mapping[str, tuple[float, float]]


def main() -> None:
    parser = argparse.ArgumentParser(prog="make bench-growth", description=__doc__)
    parser.add_argument("--huge", action="store_true", help=f"only SQLite with {HUGE} envelopes, beside an empty one")
    parser.add_argument("--minutes", type=float, default=15.0, help="of load while memory is watched; 0: it is not")
    parser.add_argument("--folder", type=Path, help="keep the filled stores here, and use those that are there")
    parser.add_argument("--write", action="store_true", help=f"into docs/{PAGE.name}")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # leave no server behind
    if shutil.which("wrk") is None:
        sys.exit("no wrk here: apt install wrk")
    logs.configure(level="error", style="json")
    chosen: list[tuple[Kind, int]] = (
        [("sqlite", 0), ("sqlite", HUGE)] if arguments.huge else [(kind, count) for kind in NAMES for count in COUNTS]
    )
    print(*machine.described(), f"load before: {machine.load()}", sep="\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="yizhan-growth-") as name, needs.found(Path(name)) as found:
        stores = Stores(arguments.folder or Path(name), found.postgres_url)
        (arguments.folder or Path(name)).mkdir(exist_ok=True)
        told = _told(f"{datetime.now(UTC):%Y-%m-%d}")
        tables = dict(_grown(Path(name), stores, chosen, keep=arguments.folder is not None))
        if arguments.minutes:
            title, drawn = _watched(Path(name) / "memory", found, arguments.minutes, huge=arguments.huge)
            tables[title] = drawn
        told += f", after it: {machine.load()}"
    if arguments.write:
        marks = "huge" if arguments.huge else "growth"
        PAGE.write_text(table.page(PAGE.read_text(), {"The machine": told, **tables}, marks=marks))


def _told(day: str) -> str:
    return "\n".join(
        f"- {each}" for each in [*machine.described(), f"{day}, load of the machine before: {machine.load()}"]
    )


def _grown(
    folder: Path, stores: Stores, chosen: Sequence[tuple[Kind, int]], *, keep: bool
) -> Iterator[tuple[str, str]]:
    """A title and a table each: what is asked, then what is done."""
    columns: list[str] = []
    answers: list[Answers] = []
    done: list[tuple[str, ...]] = []
    for kind, count in chosen:
        store = stores.filled(kind, count)
        columns.append(f"{NAMES[kind]}, {_short(count)}")
        answers.append(_answers(store))
        print(f"{columns[-1]}: asked", flush=True)
        if count:
            done += _done(folder, stores, store)
        if not keep:
            stores.remove(store)
    yield _shown(
        "Questions: milliseconds, the median of several; in brackets the first where it took far longer",
        ("", *columns),
        [(question, *(_milliseconds(each[question]) for each in answers)) for question in answers[0]],
    )
    yield _shown(
        "Work beside an empty store, ratio (smallest-largest of neighbouring slices)",
        ("", "store", "envelopes", "ratio", "filled", "empty"),
        done,
    )


def _answers(store: Filled) -> Answers:
    with contextlib.closing(open_store(store.url)) as opened:
        found = {name: (first, middle) for name, first, middle in asked(opened, store.count)}
    for command, of in (("inbox list", ()), ("order", (order_of(max(store.count // 2, 1)),))):
        taken = [_command(store, *command.split(), *of) for _ in range(_RUNS)]
        found[f"`yizhan {command}`, from start to end"] = (taken[0], median(taken))
    return found


def _command(store: Filled, *words: str) -> float:
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "receiver", *words],
        env={**os.environ, "YIZHAN_STORE__URL": store.url},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode not in (0, 1):  # 1: nobody ever named this order
        raise RuntimeError(f"yizhan {' '.join(words)} failed")
    return (time.perf_counter() - began) * 1000


def _done(folder: Path, stores: Stores, store: Filled) -> Iterator[tuple[str, ...]]:
    with stores.empty(store.kind) as empty:
        acknowledged = rates.acknowledged(folder / "servers", store, empty)
        each = [(f"acknowledged/s, {rates.CONNECTIONS} connections", acknowledged)]
        each += [(name, measure(store, empty)) for name, measure in _RATES]
    for name, ratio in each:
        yield name, NAMES[store.kind], _short(store.count), str(ratio), f"{ratio.filled:.0f}", f"{ratio.empty:.0f}"


def _watched(folder: Path, found: Needs, minutes: float, *, huge: bool) -> tuple[str, str]:
    rows, lasted = [], 0.0
    kinds: Sequence[Kind] = ("sqlite",) if huge else tuple(NAMES)
    for kind in kinds:
        seen = memory.watched(kind, folder / kind, found, minutes)
        lasted = seen.minutes
        rows += [
            (each.process, NAMES[kind], f"{each.first:.0f}", f"{each.last:.0f}", f"{each.slope:+.1f}")
            for each in seen.processes
        ]
    return _shown(
        f"Memory under {memory.RATE} callbacks a second for {lasted:.0f} minutes, handlers running; slope after the"
        " first third",
        ("process", "store", "MB at the start", "MB at the end", "MB/h"),
        rows,
    )


def _shown(title: str, headings: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> tuple[str, str]:
    drawn = table.rendered(rows, headings)
    print(f"\n{title}\n{drawn}", flush=True)
    return title, drawn


def _milliseconds(answer: tuple[float, float]) -> str:
    first, middle = answer
    return f"{middle:.1f}" + (f" ({first:.0f})" if first > 10 * middle and first > 20 else "")


def _short(count: int) -> str:
    return f"{count // 1_000_000} M" if count >= 1_000_000 else f"{count // 1_000} k" if count else "empty"


if __name__ == "__main__":
    main()
