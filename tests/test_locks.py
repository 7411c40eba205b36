"""What is installed is what is written: each version pinned by its hashes, and as pyproject.toml wants it."""

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
GROUPS: dict[str, list[str]] = PROJECT["dependency-groups"]
WRITTEN = {"requirements.lock": PROJECT["project"]["dependencies"]} | {
    f"requirements-{group}.lock": wanted for group, wanted in GROUPS.items()
}
_PINNED = re.compile(r"([A-Za-z0-9._-]+)(\[[\w,]+\])?==(\S+)( ; .+)?")


def pinned(lock: str) -> dict[str, set[str]]:
    """The versions of each package: where it depends on the Python, there are several."""
    found: dict[str, set[str]] = {}
    for entry in re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip()):
        requirement, *hashes = entry.split(" \\\n")
        match = _PINNED.fullmatch(requirement)
        assert match, f"{lock}: {requirement} is not pinned"
        assert hashes, f"{lock}: {requirement} has no hash"
        assert all(re.fullmatch(r" +--hash=sha256:[0-9a-f]{64}", each) for each in hashes), requirement
        found.setdefault(canonicalize_name(match[1]), set()).add(match[3])
    return found


@pytest.mark.parametrize("lock", WRITTEN)
def test_lock_is_of_what_is_written(lock: str) -> None:
    """Hence `make lock` after a change of pyproject.toml."""
    versions = pinned(lock)
    for wanted in map(Requirement, WRITTEN[lock]):
        found = versions.get(canonicalize_name(wanted.name), set())
        assert any(map(wanted.specifier.contains, found)), f"{lock}: {wanted}, not {found or 'missing'}"


def test_every_lock_is_of_something() -> None:
    assert {file.name for file in ROOT.glob("requirements*.lock")} == {*WRITTEN}


def test_what_is_tested_is_what_is_shipped() -> None:
    tested = pinned("requirements-dev.lock")
    for name, versions in pinned("requirements.lock").items():
        assert tested.get(name) == versions, name
