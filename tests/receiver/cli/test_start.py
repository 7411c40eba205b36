"""A command imports what it needs, and no more: what people type often begins at once."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import ENVIRONMENT
from typer.testing import CliRunner

from receiver.cli import app
from receiver.store.sqlite import SqliteStore

#: What takes long to import: servers, brokers, the client of the other store, follow-up calls.
DEAR = ("uvicorn", "starlette", "dramatiq", "redis", "psycopg", "httpx2", "httpcore2", "receiver.sandbox")

_TELLING = f"""
import sys
from receiver.cli import app
app(sys.argv[1:], standalone_mode=False)
sys.stderr.write(" ".join(name for name in {DEAR} if name in sys.modules))
"""


@pytest.mark.parametrize("words", [("inbox", "list"), ("inbox", "drift"), ("deliveries", "list")])
def test_a_list_imports_nothing_that_takes_long(words: tuple[str, ...], tmp_path: Path) -> None:
    def run(*command: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", _TELLING, *command],
            cwd=tmp_path,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stderr

    run("migrate")
    assert run(*words) == ""


def test_migrate_keeps_off_a_file_that_a_process_runs_on(tmp_path: Path) -> None:
    (tmp_path / "yizhan.toml").write_text('[store]\nurl = "sqlite:///yizhan.db"\n')
    with contextlib.closing(SqliteStore(tmp_path / "yizhan.db", alone=True)):
        done = subprocess.run(
            [sys.executable, "-m", "receiver", "migrate"],
            cwd=tmp_path,
            env={**os.environ, **ENVIRONMENT},
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"another yizhan (process {os.getpid()}) runs on" in done.stderr


def test_every_command_is_told_of() -> None:
    told = CliRunner().invoke(app, ["--help"])
    assert told.exit_code == 0
    for name in ("run", "migrate", "serve", "work", "dev", "check", "order", "handlers", "inbox", "deliveries"):
        assert f" {name} " in told.stdout


def test_a_group_has_what_others_add_to_it() -> None:
    """And has it once, however often it is asked for."""
    for _ in range(2):
        told = CliRunner().invoke(app, ["inbox", "--help"]).stdout
        assert [told.count(f"│ {name} ") for name in ("list", "show", "replay", "drift")] == [1, 1, 1, 1]


def test_a_command_that_is_not_there_is_refused_with_the_one_that_was_meant() -> None:
    refused = CliRunner().invoke(app, ["inbx", "list"])
    assert refused.exit_code == 2
    assert "inbox" in refused.output
