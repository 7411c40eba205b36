"""Several processes of one kind: one that dies is replaced, and none outlives the one that started them."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from processes import wait_until

#: Each child writes its process's id to a file named for it, and then does what it is told.
PROGRAM = """
import os, signal, socket, sys, time
from pathlib import Path
from receiver.supervise import supervise

folder = Path(sys.argv[1])

def run(index):
    with (folder / f"child-{index}").open("a") as told:
        told.write(f"{os.getpid()}\\n")
    %s

sys.exit(supervise(2, run, socket.create_server(("127.0.0.1", 0))))
"""
WAIT = "signal.signal(signal.SIGTERM, lambda *_: sys.exit(0)); time.sleep(60)"


@pytest.fixture
def started(tmp_path: Path) -> Callable[[str], subprocess.Popen[bytes]]:
    def start(does: str) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-W", "error", "-c", PROGRAM % does, str(tmp_path)], stderr=subprocess.DEVNULL
        )

    return start


def pids(folder: Path, index: int) -> list[int]:
    file = folder / f"child-{index}"
    return [int(word) for word in file.read_text().split()] if file.exists() else []


def both_run(folder: Path) -> None:
    wait_until(lambda: all(pids(folder, index) for index in (0, 1)), seconds=20, what="both children run")


def gone(pid: int) -> bool:
    """Or dead, and not yet buried by whoever adopted it."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


Started = Callable[[str], subprocess.Popen[bytes]]


def test_a_child_that_dies_is_replaced_and_the_other_lives_on(tmp_path: Path, started: Started) -> None:
    parent = started(WAIT)
    both_run(tmp_path)
    os.kill(pids(tmp_path, 0)[0], signal.SIGKILL)
    wait_until(lambda: len(pids(tmp_path, 0)) == 2, seconds=20, what="it is replaced")
    parent.terminate()
    assert parent.wait(20) == 0
    assert len(pids(tmp_path, 1)) == 1
    assert all(gone(pid) for index in (0, 1) for pid in pids(tmp_path, index))


def test_asked_to_stop_it_waits_for_what_its_children_end(tmp_path: Path, started: Started) -> None:
    parent = started(
        "signal.signal(signal.SIGTERM, lambda *_: (time.sleep(1), (folder / f'ended-{index}').touch(), sys.exit(0)));"
        " time.sleep(60)"
    )
    both_run(tmp_path)
    parent.terminate()
    assert parent.wait(20) == 0
    assert all((tmp_path / f"ended-{index}").exists() for index in (0, 1))


def test_what_would_fail_again_is_not_started_again(tmp_path: Path, started: Started) -> None:
    """A wrong configuration ends all, with the exit code of wrong use."""
    parent = started("sys.exit(2) if index else time.sleep(60)")
    assert parent.wait(20) == 2
    assert len(pids(tmp_path, 1)) == 1
    assert all(gone(pid) for pid in pids(tmp_path, 0))


def test_children_are_asked_to_stop_when_their_parent_is_killed(tmp_path: Path, started: Started) -> None:
    """Or they would hold its port, and nobody would replace them."""
    parent = started(WAIT)
    both_run(tmp_path)
    parent.kill()
    parent.wait(20)
    for index in (0, 1):
        wait_until(lambda index=index: gone(pids(tmp_path, index)[0]), seconds=20, what="it ended")  # type: ignore[misc]
