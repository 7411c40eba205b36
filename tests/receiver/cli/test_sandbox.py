"""``yizhan sandbox``: what it says, and that it ends when it is told to."""

import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import sandboxes
from typer.testing import Result


def test_it_serves_plays_and_ends(folder: Path) -> None:
    with sandboxes.listening() as listener:
        command = [
            *(sys.executable, "-m", "receiver", "--config", str(folder / "yizhan.toml"), "sandbox", "--port", "0"),
            *("--callbacks", f"http://127.0.0.1:{listener.port}", "--play", "refund-rejected", "--pace", "0"),
        ]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=Path.cwd()) as process:
            assert process.stdout
            lines = []
            for line in process.stdout:
                lines.append(line)
                if "message of the seller" in line:
                    break
            process.send_signal(signal.SIGTERM)
            rest = process.stdout.read()
            assert process.wait(15) == 0
    said = "".join(lines) + rest
    assert "yizhan sandbox listens on http://127.0.0.1:" in said
    assert f"account main: callbacks to http://127.0.0.1:{listener.port}/callbacks/main" in said
    assert said.count("acknowledged (200)") == len(listener.got) == 9


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--play", "none"], "--play: no story none; expected all, or some of order-life-taobao"),
        (["--account", "none"], "--account: no account none of source pandapon"),
    ],
)
def test_a_wrong_option_is_one_line(
    arguments: list[str], said: str, folder: Path, yizhan: Callable[..., Result]
) -> None:
    result = yizhan("sandbox", *arguments)
    assert (result.exit_code, len(result.stderr.splitlines())) == (2, 1)
    assert said in result.stderr
