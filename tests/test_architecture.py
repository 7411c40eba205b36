"""What is true of the code as a whole."""

import inspect
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from receiver import errors

ROOT = Path(__file__).parent.parent
PACKAGES = ("receiver", "handlers")


def run(*command: str) -> None:
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_run_one_way() -> None:
    run(sys.executable, "-c", "from importlinter.cli import lint_imports_command as lint; lint()", "--no-cache")


def test_the_sandbox_reads_the_platform_s_pages_by_itself() -> None:
    """It shares no line with the client of the same API, and nothing but the command and the testing kit runs it."""
    may = {"accounts", "connections", "envelope", "exact", "sandbox", "serving", "simulator", "sources"}
    for path in (ROOT / "receiver").rglob("*.py"):
        imported = set(re.findall(r"^(?:from|import) receiver\.(\w+)", path.read_text(), re.MULTILINE))
        place = path.relative_to(ROOT / "receiver").parts
        if place[0] == "sandbox":
            assert imported <= may, path
        elif place[0] not in {"cli", "testing"}:
            assert "sandbox" not in imported, path


@pytest.mark.timeout(300)
def test_types_hold_here_and_in_the_seam() -> None:
    """Also ``seam_typing.py``: the wrong ``Context`` does not type-check."""
    run(sys.executable, "-m", "mypy")


def test_style_holds() -> None:
    run(sys.executable, "-m", "ruff", "check", ".")
    run(sys.executable, "-m", "ruff", "format", "--check", ".")


def test_the_error_tree_is_drawn_whole() -> None:
    """Each error stands in the drawing of its module, below its parent."""
    lines = (errors.__doc__ or "").splitlines()[1:]
    named = [found for line in lines if (found := re.match(r"([│├└─ ]*)([A-Z]\w+)", line))]
    drawn = [(len(found[1]) // 4, found[2]) for found in named]
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for depth, name in drawn:
        path[depth:] = [name]
        parents[name] = path[depth - 1] if depth else None
    classes = {
        name: kind
        for name, kind in vars(errors).items()
        if inspect.isclass(kind) and kind.__module__ == errors.__name__
    }
    assert set(parents) == set(classes)
    for name, parent in parents.items():
        base = classes[name].__bases__[0].__name__
        assert base == (parent or "Exception"), name


@pytest.mark.parametrize("package", PACKAGES)
def test_no_file_is_named_for_what_has_no_name(package: str) -> None:
    nameless = {"utils", "common", "helpers", "models", "types", "constants", "misc"}
    assert nameless.isdisjoint(path.stem for path in (ROOT / package).rglob("*.py"))


@pytest.mark.parametrize("package", PACKAGES)
def test_each_module_says_what_it_is(package: str) -> None:
    for path in (ROOT / package).rglob("*.py"):
        assert re.match(r"('''|\"\"\")\S", path.read_text()), path


def test_what_handlers_need_is_exported() -> None:
    receiver = import_module("receiver")
    assert sorted(receiver.__all__) == ["Context", "PermanentFailure", "Router", "TransientFailure"]
