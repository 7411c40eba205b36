"""``serve`` and ``work`` say in one line what they cannot run with."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from processes import ENVIRONMENT

ACCOUNT = '[[accounts]]\nname = "main"\nsource = "pandapon"\naccess_key = "key"\naccess_secret = "secret"\n'
POSTGRESQL = '[store]\nurl = "postgresql://127.0.0.1:1/yizhan"\n'
WANTS = "needs PostgreSQL, since SQLite belongs to one process: set store.url to postgresql://…, or use `yizhan run`"
REDIS = '[broker]\nurl = "redis://127.0.0.1:1"\n'


@pytest.mark.parametrize(
    ("configuration", "words", "line"),
    [
        (
            ACCOUNT,
            ("serve",),
            f"serve {WANTS}",
        ),
        (
            ACCOUNT + REDIS,
            ("work",),
            f"work {WANTS}",
        ),
        (
            ACCOUNT + POSTGRESQL,
            ("work",),
            "work needs a broker that processes share: set broker.url to redis://… or amqp://…",
        ),
        (POSTGRESQL, ("serve",), "no account is configured: add [[accounts]] to yizhan.toml"),
        (
            ACCOUNT + POSTGRESQL + REDIS,
            ("work", "--queues", "default,slwo"),
            "work.queues: no handler is of queue slwo; known: default",
        ),
    ],
)
def test_what_cannot_run_is_refused_in_one_line(
    tmp_path: Path, configuration: str, words: tuple[str, ...], line: str
) -> None:
    (tmp_path / "yizhan.toml").write_text(configuration)
    ended = subprocess.run(
        [sys.executable, "-m", "receiver", *words, "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, **ENVIRONMENT},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (2, f"yizhan: {line}\n")
