"""``serve`` and ``work`` say in one line what they cannot run with."""

from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from receiver.cli import app

ACCOUNT = '[[accounts]]\nname = "main"\nsource = "pandapon"\naccess_key = "key"\naccess_secret = "secret"\n'
POSTGRESQL = '[store]\nurl = "postgresql://127.0.0.1:1/yizhan"\n'
WANTS = "needs PostgreSQL, since SQLite belongs to one process: set store.url to postgresql://…, or use `yizhan run`"
REDIS = '[broker]\nurl = "redis://127.0.0.1:1"\n'


@pytest.fixture
def yizhan(tmp_path: Path) -> Callable[..., Result]:
    def run(configuration: str, *words: str) -> Result:
        file = tmp_path / "yizhan.toml"
        file.write_text(configuration)
        return CliRunner().invoke(app, ["--config", str(file), *words, "--port", "0"], catch_exceptions=False)

    return run


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
    yizhan: Callable[..., Result], configuration: str, words: tuple[str, ...], line: str
) -> None:
    result = yizhan(configuration, *words)
    assert (result.exit_code, result.stderr) == (2, f"yizhan: {line}\n")
