"""The folder of what processes count together is gone with them, if not at once, then when others start."""

import multiprocessing
import os
import signal
import tempfile
import time
from multiprocessing.connection import Connection
from pathlib import Path

import pytest
from processes import wait_until

from receiver.cli.tallies import tallies

FORK = multiprocessing.get_context("fork")


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def hold(told: Connection) -> None:
    """As a parent and its child, which outlives it."""
    with tallies() as folder:
        (folder / "counted.db").touch()
        child = FORK.Process(target=time.sleep, args=(60,))
        child.start()
        told.send((folder, child.pid))
        time.sleep(60)


def test_it_is_gone_at_the_end(place: Path) -> None:
    with tallies() as folder:
        (folder / "counted.db").touch()
        with tallies() as other:
            assert sorted(place.iterdir()) == sorted([folder, other])
        assert list(place.iterdir()) == [folder]
    assert list(place.iterdir()) == []


def test_what_the_killed_left_goes_when_others_start_and_not_before_their_last_one_ended(place: Path) -> None:
    here, there = FORK.Pipe(duplex=False)
    parent = FORK.Process(target=hold, args=(there,))
    parent.start()
    left, child = here.recv()
    parent.kill()
    parent.join()
    with tallies():
        assert (left / "counted.db").exists()
    os.kill(child, signal.SIGKILL)

    def gone() -> bool:
        with tallies():
            return not left.exists()

    wait_until(gone, seconds=10, what="nobody holds it")


def test_what_is_nobodys_to_remove_stays(place: Path) -> None:
    """A link would lead out of the folder."""
    elsewhere = place / "elsewhere"
    elsewhere.mkdir()
    (place / "yizhan-metrics-link").symlink_to(elsewhere)
    with tallies():
        pass
    assert elsewhere.exists()
