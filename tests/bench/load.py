"""One slice of load from wrk, and what came of it."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from bench.bodies import PATH
from bench.served import Served

_SCRIPT = Path(__file__).with_name("load.lua")


@dataclass(frozen=True, slots=True, kw_only=True)
class Slice:
    #: Acknowledged a second.
    rate: float
    #: Milliseconds.
    p50: float
    p99: float
    p999: float
    #: Processor time of the server, microseconds for each callback.
    processor: float
    acknowledged: int
    #: Answered, but not with 200.
    refused: int


class Load:
    """A file of requests, each of which is sent once to each server."""

    def __init__(self, requests: Path, connections: int) -> None:
        self._requests = requests
        self._connections = connections
        self._positions: dict[int, int] = {}

    def slice(self, served: Served, *, seconds: int, once: bool) -> Slice:
        """Raises ``RuntimeError`` where the measurement would not count: no answer, or requests sent again."""
        before = served.processor_seconds
        done = subprocess.run(
            [
                *("wrk", "-t1", f"-c{self._connections}", f"-d{seconds}s", "--timeout", "5s", "-s", str(_SCRIPT)),
                *(f"http://127.0.0.1:{served.port}{PATH}", "--", str(self._requests)),
                str(self._positions.get(served.port, 0)),
            ],
            capture_output=True,
            text=True,
            check=True,
        )
        used = served.processor_seconds - before
        told = json.loads(done.stdout.splitlines()[-1])
        self._positions[served.port] = told["position"]
        acknowledged = told["answered"] - told["refused"]
        if told["failed"] or not acknowledged:
            raise RuntimeError(f"{told['failed']} were not answered, {acknowledged} acknowledged:\n{done.stdout}")
        if once and told["again"]:
            raise RuntimeError("too few requests were made: some were sent twice, which measures redeliveries")
        return Slice(
            rate=acknowledged / told["seconds"],
            p50=told["p50"],
            p99=told["p99"],
            p999=told["p999"],
            processor=used / acknowledged * 1e6,
            acknowledged=acknowledged,
            refused=told["refused"],
        )
