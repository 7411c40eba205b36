"""Every fault on every broker: ``PYTHONPATH=.:tests python -m soak``. Exit code 1: a promise broke."""

import argparse
import contextlib
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

import brokers
import preloading
import pytest
import services
from brokers import BrokerServer
from soak import report
from soak.alone import FAULTS_ALONE, Alone, alone
from soak.faults import FAULTS
from soak.round import Round, play
from soak.site import Fault, SiteT
from soak.stage import Stage, stage
from soak.verdict import judge
from soak.volume import volume

_BROKERS: dict[str, Callable[[], AbstractContextManager[BrokerServer]]] = {
    "redis": brokers.redis_server,
    "rabbitmq": brokers.rabbitmq_server,
}
#: That of ``yizhan run``.
_MEMORY = "memory"


def main() -> int:
    asked = _arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # whoever asks it to end wants nothing left behind
    if asked.install and preloading.missing():
        services.install("gcc", "libc6-dev")
    tables, fine = [], True
    for name in asked.brokers:
        try:
            if name == _MEMORY:
                written, held = _play_all(name, _alone(), FAULTS_ALONE, asked)
            else:
                written, held = _play_all(name, _stage(name, asked), FAULTS, asked)
        except pytest.skip.Exception as missing:
            written, held = f"## {name}\n\nNot run: {missing}.\n", True
        tables.append(written)
        fine = fine and held
        asked.report.write_text("\n".join(tables))
    sys.stdout.write("\n".join(tables))
    return 0 if fine else 1


@contextlib.contextmanager
def _stage(name: str, asked: argparse.Namespace) -> Iterator[Stage]:
    with (
        services.place() as folder,
        volume(folder) as disk,
        _BROKERS[name]() as broker,
        stage(folder, disk, broker, asked.minute, asked.seed) as site,
    ):
        yield site


@contextlib.contextmanager
def _alone() -> Iterator[Alone]:
    with services.place() as folder, volume(folder) as disk, alone(folder, disk) as site:
        yield site


def _play_all(
    name: str, opened: AbstractContextManager[SiteT], faults: Sequence[Fault[SiteT]], asked: argparse.Namespace
) -> tuple[str, bool]:
    """The table, and whether every promise held."""
    rounds: list[Round] = []
    not_run: list[tuple[str, str]] = []
    failed: str | None = None
    with opened as site:
        for fault in faults:
            if asked.only not in fault.name:
                continue
            if (reason := failed or fault.forbidden(site)) is not None:
                not_run.append((fault.name, reason))
                continue
            try:
                rounds.append(play(site, fault, seed=asked.seed, seconds=asked.seconds, rate=asked.rate))
            except AssertionError as error:
                failed = f"{fault.name} did not come about: {error}"
                not_run.append((fault.name, failed))
                continue
            sys.stderr.write(f"{name}: {fault.name}: {rounds[-1].verdict.broken or 'holds'}\n")
        answers = [answer for each in rounds for answer in each.answers]
        verdict = judge(site.database, answers, site.runs(), since=0)
        rounds.append(Round("all of it", verdict, answers, max((each.recovery for each in rounds), default=0)))
        title = f"{name}: {report.machine(site.store_version())}"
    return report.table(title, rounds, not_run), not failed and not any(each.verdict.broken for each in rounds)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="soak", description=__doc__)
    parser.add_argument("--brokers", nargs="+", choices=[*_BROKERS, _MEMORY], default=[*_BROKERS, _MEMORY])
    parser.add_argument("--seconds", type=float, default=8, help="under load, a fault, at least")
    parser.add_argument("--minute", type=float, default=60, help="seconds that the broker is absent")
    parser.add_argument("--rate", type=float, default=30, help="callbacks a second")
    parser.add_argument("--seed", type=int, default=1, help="of what is left to chance")
    parser.add_argument("--only", default="", help="the faults whose name has this in it")
    parser.add_argument("--report", type=Path, default=Path("soak-report.md"), help="where the tables are written")
    parser.add_argument("--install", action="store_true", help="a C compiler, by apt-get, where root may")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
