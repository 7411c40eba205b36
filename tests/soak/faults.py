"""The faults: how each is done, and made good again as whoever runs the machines would.

Recovery shows in the store: all that was accepted until it was made good has come to its end.
"""

import os
import signal
import time

import psycopg
from processes import wait_until
from soak import clock
from soak.clock import Clock
from soak.site import Fault, nothing
from soak.stage import Stage

#: Seconds within which something to strike at turns up.
_PATIENCE = 60.0


def kill_webs(stage: Stage) -> None:
    for place in range(len(stage.webs)):
        stage.webs[place].kill()
        stage.replace_web(place)


def kill_workers_in_handlers(stage: Stage) -> None:
    for place, worker in enumerate(stage.workers):
        wait_until(lambda pid=worker.pid: pid in stage.running(), seconds=_PATIENCE, what="a handler runs")  # type: ignore[misc]
        worker.kill()
        stage.replace_worker(place)


def kill_worker_in_commit(stage: Stage) -> None:
    """Its handler has come to its end, and the statement that records it waits in the server for a row."""
    taken = (
        "SELECT envelope.id FROM delivery JOIN envelope ON seq = envelope_seq"
        " WHERE delivery.state = 'running' AND handler = 'shop.slow' LIMIT 1 FOR UPDATE OF delivery SKIP LOCKED"
    )
    waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE '%settle_attempt%'"
    with psycopg.connect(stage.cluster.url) as other:
        found: list[str] = []

        def runs() -> bool:
            other.rollback()
            found[:] = [envelope for (envelope,) in other.execute(taken)]
            return bool(found)

        wait_until(runs, seconds=_PATIENCE, what="a handler runs")
        pids: list[int] = []

        def ends() -> bool:  # it, and not another whose end waits for a lane
            pids[:] = [
                int(pid)
                for what, handler, pid, of in stage.runs()
                if of == found[0] and what == "ended" and handler == "shop.slow"
            ]
            return bool(pids) and stage.database.run(waiting) != [(0,)]

        wait_until(ends, seconds=10, what="its end is being recorded")
        (place,) = [place for place, worker in enumerate(stage.workers) if worker.pid == pids[-1]]
        stage.workers[place].kill()
        other.rollback()
    stage.replace_worker(place)


def hold_web(stage: Stage) -> None:
    _hold(stage.webs[0].pid)


def hold_worker(stage: Stage) -> None:
    pid = stage.workers[0].pid
    wait_until(lambda: pid in stage.running(), seconds=_PATIENCE, what="a handler runs")
    _hold(pid)


def _hold(pid: int) -> None:
    os.kill(pid, signal.SIGSTOP)
    time.sleep(5)
    os.kill(pid, signal.SIGCONT)


def restart_store(stage: Stage) -> None:
    stage.cluster.stop(signal.SIGINT)
    stage.cluster.start()


def crash_store(stage: Stage) -> None:
    stage.cluster.stop(signal.SIGQUIT)
    stage.cluster.start()


def kill_broker(stage: Stage) -> None:
    stage.broker.kill()
    stage.broker.start()


def empty_broker(stage: Stage) -> None:
    stage.broker.empty()


def take_broker_away(stage: Stage) -> None:
    stage.broker.kill()
    time.sleep(stage.minute)
    stage.broker.start()


def fill_disk(stage: Stage) -> None:
    told = stage.cluster.log.stat().st_size

    def is_full() -> bool:
        return b"No space left on device" in stage.cluster.log.read_bytes()[told:]

    with stage.volume.full():
        wait_until(is_full, seconds=_PATIENCE, what="the store has no room")
        time.sleep(3)
    stage.cluster.start()  # where it ended itself


def move_clocks(stage: Stage) -> None:
    """A web and a worker process an hour ahead of all others; then they are made good."""
    wrong = Clock(stage.machines.folder)
    wrong.set(hours=1)
    stage.replace_web(0, wrong.environment).stop()
    stage.replace_worker(0, wrong.environment).stop()
    wait_until(lambda: _id_of_later(stage), seconds=_PATIENCE, what="an envelope has the id of an hour later")
    time.sleep(3)
    stage.replace_web(0).stop()
    stage.replace_worker(0).stop()


def _id_of_later(stage: Stage) -> bool:
    """The id of an envelope begins with the time of the web process, to the millisecond."""
    ((last,),) = stage.database.run("SELECT coalesce(max(left(replace(id, '-', ''), 12)), '0') FROM envelope")
    return int(last, 16) / 1000 > time.time() + 3000


def roll(stage: Stage) -> None:
    """Each is there before the one that it takes over from is asked to stop."""
    for place in range(len(stage.webs)):
        assert stage.replace_web(place).stop() == 0
    for place in range(len(stage.workers)):
        assert stage.replace_worker(place).stop() == 0


def several(stage: Stage) -> None:
    """Drawn at random, one upon another, before anything has recovered."""
    struck = [kill_webs, kill_workers_in_handlers, hold_web, hold_worker, crash_store, kill_broker, empty_broker, roll]
    for strike in stage.chance.sample(struck, 5):
        strike(stage)


FAULTS: tuple[Fault[Stage], ...] = (
    Fault("none", nothing),
    Fault("web processes killed (SIGKILL), one after the other", kill_webs),
    Fault("workers killed (SIGKILL) inside of a handler", kill_workers_in_handlers),
    Fault("worker killed (SIGKILL) inside of a commit", kill_worker_in_commit),
    Fault("web process held for 5 s (SIGSTOP)", hold_web),
    Fault("worker held for 5 s (SIGSTOP), inside of a handler", hold_worker),
    Fault("PostgreSQL restarted", restart_store),
    Fault("PostgreSQL crashed (SIGQUIT), and recovered", crash_store),
    Fault("broker killed (SIGKILL), and started", kill_broker),
    Fault("broker loses all it holds", empty_broker),
    Fault("broker absent", take_broker_away),
    Fault("disk full for the store", fill_disk, lambda stage: stage.volume.unlimited),
    Fault("clocks of a web and a worker process moved by an hour", move_clocks, clock.missing),
    Fault("rolling restart", roll),
    Fault("five of these at random, one upon another", several),
)
