"""Acknowledged and dispatched a second: the filled store beside an empty one, in turns, so that noise falls on both."""

import contextlib
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench import bodies
from bench.bodies import PATH
from bench.growth.stores import Filled
from bench.load import Load
from bench.served import Served
from processes import free_port

from handlers import journal
from receiver import dispatch
from receiver.deliveries import Offer
from receiver.sources import SOURCES
from receiver.store import open_store
from receiver.store.base import Store

CONNECTIONS = 64
_SLICES, _SECONDS = 11, 1
#: More than a store here takes in a second.
_MOST_A_SECOND = 12_000
_BENCH = Path(__file__).parents[1]
_IMPORTS = f"{_BENCH.parents[1]}:{_BENCH.parent}"
#: Batches of dispatch.
_BATCHES = 60
#: Deliveries claimed at once, and how often.
CLAIMED, _CLAIMS = 100, 20


@dataclass(frozen=True, slots=True)
class Ratio:
    """Of the filled store to the empty one, slice by slice; and the median of each."""

    ratios: tuple[float, ...]
    filled: float
    empty: float

    def __str__(self) -> str:
        return f"{median(self.ratios):.2f} ({min(self.ratios):.2f}-{max(self.ratios):.2f})"


def acknowledged(folder: Path, filled: Filled, empty: Filled) -> Ratio:
    """Callbacks of 1.3 kB, each new, to two web processes side by side."""
    size = bodies.SIZES[0]
    folder.mkdir(exist_ok=True)
    requests = folder / "requests"
    # Of every run its own, or a store that was kept would see them again.
    bodies.write(requests, size, (1 + _SLICES * _SECONDS) * _MOST_A_SECOND, seed=time.time_ns())
    load = Load(requests, CONNECTIONS)
    try:
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(_served(folder / name, store)) for name, store in _named(filled, empty)]
            rates = [
                [load.slice(server, seconds=seconds, once=True).rate for server in servers]
                for seconds in (1, *[_SECONDS] * _SLICES)
            ][1:]
    finally:
        requests.unlink()
    return _ratio(rates)


def dispatched(filled: Filled, empty: Filled) -> Ratio:
    """Of what was acknowledged just now: envelopes a second, in batches."""
    with contextlib.ExitStack() as stack:
        stores = [stack.enter_context(contextlib.closing(open_store(each.url))) for each in (filled, empty)]
        rates = []
        for _ in range(_BATCHES):
            pair = []
            for store in stores:
                began = time.perf_counter()
                found = dispatch.dispatch(store, SOURCES, journal.router)
                if not found:
                    raise RuntimeError("less was acknowledged than is to be dispatched")
                pair.append(found / (time.perf_counter() - began))
            rates.append(pair)
    return _ratio(rates)


def claimed(filled: Filled, empty: Filled) -> Ratio:
    """Of what was dispatched just now: claims of a hundred a second, each given back."""
    room = {route.name: CLAIMED for route in journal.router}
    with contextlib.ExitStack() as stack:
        stores = [stack.enter_context(contextlib.closing(open_store(each.url))) for each in (filled, empty)]
        rates = [[_claim(store, room) for store in stores] for _ in range(_CLAIMS)]
    return _ratio(rates)


def _claim(store: Store, room: dict[str, int]) -> float:
    began = time.perf_counter()
    offers: list[Offer] = store.claim(CLAIMED, room)
    taken = time.perf_counter() - began
    if len(offers) < CLAIMED:
        raise RuntimeError("less was dispatched than is to be claimed")
    store.give_back(offers)
    return 1 / taken


def _served(folder: Path, store: Filled) -> Served:
    port = free_port()
    command = [sys.executable, str(_BENCH / "servers" / "web_alone.py"), store.url]
    return Served(command, folder, port=port, path=PATH, environment={"PYTHONPATH": _IMPORTS, "PORT": str(port)})


def _named(filled: Filled, empty: Filled) -> tuple[tuple[str, Filled], ...]:
    return ("filled", filled), ("empty", empty)


def _ratio(rates: Sequence[Sequence[float]]) -> Ratio:
    """Pairs of the filled store's and the empty one's."""
    return Ratio(
        ratios=tuple(filled / empty for filled, empty in rates),
        filled=median(filled for filled, _ in rates),
        empty=median(empty for _, empty in rates),
    )
