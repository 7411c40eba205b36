"""Many relays and workers on one PostgreSQL store: nothing twice, nothing left behind, each lane in order."""

import multiprocessing
import random
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import swarm
from databases import Database, Templates

#: Milliseconds since 1970, where the test's clock starts.
START = 1_790_000_000_000
LANES = 15


@pytest.fixture
def clocked(templates: Templates) -> Iterator[Database]:
    with templates.copy(templates.clocked) as database:
        database.set_clock(START)
        yield database


def open_left(database: Database) -> int:
    ((left,),) = database.run(
        "SELECT (SELECT count(*) FROM envelope WHERE state = 'stored')"
        " + (SELECT count(*) FROM delivery WHERE state NOT IN ('succeeded', 'skipped', 'dead'))"
    )
    return int(left)


def all_is_accounted_for(database: Database, envelopes: int) -> None:
    assert database.run("SELECT state, count(*) FROM envelope GROUP BY state") == [("dispatched", envelopes)]
    owed = envelopes * 2 * len(swarm.HANDLERS)
    assert database.run("SELECT state, count(*) FROM delivery GROUP BY state") == [("succeeded", owed)]
    assert database.run("SELECT count(*) FROM delivery WHERE head") == [(0,)]
    assert database.run(
        "SELECT count(*) FROM (SELECT delivery_id FROM attempt WHERE outcome = 'succeeded'"
        " GROUP BY delivery_id HAVING count(*) = 1) AS once"
    ) == [(owed,)]
    assert swarm.out_of_order(database) == []


def test_relays_and_workers_of_three_processes_do_each_thing_once_and_in_order(clocked: Database) -> None:
    """No claim is made twice, no lane runs ahead, and at no moment is a lane without a head or with two."""
    with swarm.swarm(clocked, 3):
        acceptors = [threading.Thread(target=swarm.accept, args=(clocked, range(60), LANES)) for _ in range(2)]
        for each in acceptors:
            each.start()
        now = START
        while any(each.is_alive() for each in acceptors) or open_left(clocked):
            assert clocked.run(swarm.BROKEN_LANES) == []
            now += 20
            clocked.set_clock(now)
    all_is_accounted_for(clocked, 60)
    assert clocked.run("SELECT count(*) FROM attempt WHERE outcome = 'lost'") == [(0,)]
    assert clocked.run("SELECT count(*) FROM run") == clocked.run("SELECT count(*) FROM attempt")


#: What the dead left running counts no more: else those that are still starting would be killed, and nobody swept.
FEW_RUN = "SELECT count(*) < 3 FROM delivery WHERE state = 'running' AND lease_until > now_ms()"


def test_whatever_dies_when_all_is_accounted_for(clocked: Database) -> None:
    """Processes are killed and connections cut at any moment, and time passes beyond every lease."""
    chance = random.Random(7)
    deadline = time.monotonic() + 100
    now, envelopes, kills = START, 0, 0
    with swarm.swarm(clocked, 3) as processes:
        while kills < 4 or clocked.run("SELECT count(*) FROM attempt WHERE outcome = 'lost'") == [(0,)]:
            acceptor = threading.Thread(target=swarm.accept, args=(clocked, range(envelopes, envelopes + 20), LANES))
            acceptor.start()
            envelopes += 20
            while clocked.run(FEW_RUN) == [(True,)]:
                assert clocked.run(swarm.BROKEN_LANES) == []
                assert time.monotonic() < deadline
                if not acceptor.is_alive() and not open_left(clocked):
                    break
            victim = processes.pop(chance.randrange(len(processes)))
            victim.kill()
            victim.join()
            victim.close()
            kills += 1
            clocked.run(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND application_name = 'yizhan' AND random() < 0.3"
            )
            processes.append(swarm.spawn(clocked, 100 + kills))
            acceptor.join()
            now += 90_000
            clocked.set_clock(now)
        while open_left(clocked):
            assert time.monotonic() < deadline, clocked.run("SELECT state, count(*) FROM delivery GROUP BY state")
            assert clocked.run(swarm.BROKEN_LANES) == []
            now += 1_000
            clocked.set_clock(now)
    all_is_accounted_for(clocked, envelopes)


def test_what_was_told_as_committed_survives_a_kill_at_any_instruction(database: Database, tmp_path: Path) -> None:
    spawn = multiprocessing.get_context("spawn")
    told = [tmp_path / f"told-{number}" for number in range(3)]
    processes = [spawn.Process(target=swarm.accept_and_tell, args=(database.url, str(each))) for each in told]
    for process in processes:
        process.start()
    for process, each in zip(processes, told, strict=True):
        while not each.exists() or each.stat().st_size < 3_000:
            assert process.is_alive()
            time.sleep(0.02)
        process.kill()
        process.join()
        process.close()
    ids = [line for each in told for line in each.read_text().splitlines() if len(line) == 36]
    assert len(ids) > 100
    stored = {envelope_id for (envelope_id,) in database.run("SELECT id FROM envelope")}
    assert set(ids) <= stored
    ((envelopes, subjects),) = database.run(
        "SELECT (SELECT count(*) FROM envelope), (SELECT count(DISTINCT envelope_seq) FROM subject)"
    )
    assert envelopes == subjects, "a batch is stored whole or not at all"
