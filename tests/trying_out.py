"""Running pytest over a team's tests, as the team does: a process of its own, with the plug-in."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path


def plugged_in() -> list[str]:
    """What loads the plug-in where the installed yizhan is older than it."""
    known = any(point.value == "receiver.testing.plugin" for point in entry_points(group="pytest11"))
    return [] if known else ["-p", "receiver.testing.plugin"]


def pytest_in(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", *plugged_in(), "-q", "-p", "no:cacheprovider", *arguments],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent.parent), str(folder)])},
        capture_output=True,
        text=True,
        check=False,
    )
