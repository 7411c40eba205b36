"""``yizhan new`` writes a project that works as it is: installed, found, type-checked, tested, and run."""

import json
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from importlib.resources import files
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from receiver.cli import app

ROOT = Path(__file__).parents[3]


def new(*arguments: str | Path) -> Result:
    return CliRunner().invoke(app, ["new", *map(str, arguments)], catch_exceptions=False)


class Environment:
    """A virtual environment of its own over the packages of this one, without a network."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
        (site,) = folder.glob("lib/python*/site-packages")
        (site / "beneath.pth").write_text(f"import site; site.addsitedir({sysconfig.get_path('purelib')!r})\n")

    def install(self, *projects: Path) -> None:
        where = [argument for project in projects for argument in ("--editable", str(project))]
        options = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet", "--disable-pip-version-check"]
        pip = [sys.executable, "-m", "pip", "--python", str(self._folder / "bin" / "python"), "install"]
        subprocess.run([*pip, *options, *where], check=True)

    def run(self, folder: Path, *command: str) -> str:
        """What it prints; it must succeed."""
        environ = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        done = subprocess.run(
            [str(self._folder / "bin" / "python"), "-W", "error", "-m", *command],
            cwd=folder,
            env=environ,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> tuple[Environment, Path]:
    """With this yizhan and a new project installed."""
    folder = tmp_path_factory.mktemp("new")
    assert new("shop-handlers", "--dir", folder).exit_code == 0
    made = Environment(folder / "venv")
    made.install(ROOT, folder / "shop-handlers")
    return made, folder / "shop-handlers"


def test_project_is_found_by_its_entry_point(environment: tuple[Environment, Path]) -> None:
    made, project = environment
    rows = [json.loads(line) for line in made.run(project, "receiver", "handlers", "--json").splitlines()]
    assert ("refund.rejected", "shop_handlers.ask_why") in [(row["event"], row["handler"]) for row in rows]


def test_project_s_tests_pass_the_sandbox_s_story_among_them(environment: tuple[Environment, Path]) -> None:
    made, project = environment
    assert re.search(r"^4 passed", made.run(project, "pytest", "-q", "-p", "no:cacheprovider"), re.MULTILINE)


def test_project_type_checks_strictly(environment: tuple[Environment, Path]) -> None:
    made, project = environment
    assert "Success: no issues found in 2 source files" in made.run(project, "mypy", "--cache-dir", os.devnull)


def test_project_is_in_style(environment: tuple[Environment, Path]) -> None:
    made, project = environment
    made.run(project, "ruff", "check", "--isolated", "--no-cache", "--line-length=120", ".")
    made.run(project, "ruff", "format", "--check", "--isolated", "--no-cache", "--line-length=120", ".")


def test_names_go_everywhere(tmp_path: Path) -> None:
    written = new("my-orders", "--dir", tmp_path)
    assert written.exit_code == 0
    project = tomllib.loads((tmp_path / "my-orders" / "pyproject.toml").read_text())["project"]
    assert "pip install -e '.[dev]' &&" in written.stdout
    assert project["optional-dependencies"]["dev"] == ["mypy", "pytest"]
    assert project["entry-points"]["yizhan.handlers"] == {"my-orders": "my_orders:router"}
    for path in (tmp_path / "my-orders").rglob("*.*"):
        assert path.is_dir() or "$" not in path.read_text(), path
        assert str(path) in written.stdout or path.is_dir()


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("Shop", "no name of a package; expected small letters"),
        ("../shop", "no name of a package"),
        ("shop_handlers", "no name of a package"),
        ("-shop", "No such option"),
        ("class", "a word of Python's own; say class-handlers"),
        ("json", "there is a module json already"),
        ("handlers", "there is a module handlers already, which it would hide or be hidden by; say handlers-handlers"),
    ],
)
def test_bad_names_are_refused_with_a_cure(tmp_path: Path, name: str, says: str) -> None:
    refused = new(name, "--dir", tmp_path)
    assert refused.exit_code == 2
    assert says in " ".join(refused.stderr.split())
    assert list(tmp_path.iterdir()) == []


def test_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    assert new("shop", "--dir", tmp_path).exit_code == 0
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    refused = new("shop", "--dir", tmp_path)
    assert (refused.exit_code, "exists and is not empty; choose another name" in refused.stderr) == (2, True)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}


def test_folder_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    refused = new("shop", "--dir", tmp_path / "file")
    assert (refused.exit_code, "Not a directory; give another --dir" in refused.stderr) == (1, True)


def test_templates_are_part_of_the_package() -> None:
    names = {path.name for path in (files("receiver.new") / "template").iterdir()}
    assert {"pyproject.toml.template", "handlers.py.template", "tests.py.template"} <= names
