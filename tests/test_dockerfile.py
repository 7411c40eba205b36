"""The image: what it holds is fixed, nothing in it is root, and its builder's steps do build it."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from chart import example, loaded, objects, pod_specs
from dockerfile import Stage, carry_out, parse

from receiver.cli import app
from receiver.settings import load

ROOT = Path(__file__).parent.parent
ARGUMENTS, (BUILDER, FINAL) = parse((ROOT / "Dockerfile").read_text())
#: What the builder installs may have to come from far.
pytestmark = pytest.mark.timeout(600)
PROJECT: Any = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def root() -> Iterator[Path]:
    """The builder stage, carried out: /opt, /src and /var/lib of the image are folders in it."""
    with tempfile.TemporaryDirectory() as folder:
        _skip_without_registry(folder)
        try:
            carry_out(BUILDER, ROOT, Path(folder))
        except subprocess.CalledProcessError as error:
            pytest.fail(f"{error.cmd[-1]}\n{error.stdout}{error.stderr}")
        yield Path(folder)


def test_what_the_builder_makes_is_a_yizhan_that_runs(root: Path) -> None:
    """From the hash-locked requirements and the wheel of this source alone."""
    done = subprocess.run(
        [root / "opt/yizhan/bin/yizhan", "--version"],
        cwd=root,
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, f"yizhan {PROJECT['version']}\n"), done.stderr


def test_the_image_holds_what_a_run_needs_and_no_more(root: Path) -> None:
    """All files of the packages, the locked versions, and neither the build's tools nor those of the tests."""
    (packages,) = (root / "opt/yizhan/lib").glob("python3*/site-packages")
    for package in ("receiver", "handlers"):
        source = {path.relative_to(ROOT) for path in (ROOT / package).rglob("*") if _counts(path)}
        assert source == {path.relative_to(packages) for path in (packages / package).rglob("*") if _counts(path)}
    names = {path.name.partition("-")[0].lower().replace("_", "-") for path in packages.glob("*.dist-info")}
    locked = set(re.findall(r"^([a-z0-9.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
    assert names - {"pip", "setuptools", "yizhan"} <= locked
    assert names >= {"yizhan", "starlette", "dramatiq", "uvicorn"}
    assert (root / "var/lib/yizhan").is_dir()


def test_the_bytecode_is_there_and_tells_no_time(root: Path) -> None:
    """Flag 1 of PEP 552: by hash, unchecked. Else each start on a read-only root would compile everything."""
    (compiled,) = (root / "opt/yizhan/lib").glob("python3*/site-packages/receiver/__pycache__/endpoint.*.pyc")
    assert int.from_bytes(compiled.read_bytes()[4:8], "little") == 1


def test_the_wheel_is_the_same_each_time(root: Path) -> None:
    """To the byte, whenever and wherever it is built."""
    (wheel,) = (root / "src/dist").glob("*.whl")
    subprocess.run(
        [root / "opt/build/bin/hatchling", "build", "-t", "wheel", "-d", "again"],
        cwd=root / "src",
        env={**os.environ, **BUILDER.environment()},
        check=True,
        capture_output=True,
    )
    again = root / "src/again" / wheel.name
    assert hashlib.sha256(again.read_bytes()).digest() == hashlib.sha256(wheel.read_bytes()).digest()


def test_what_is_installed_is_fixed_by_hashes() -> None:
    """Each pip asks for hashes, or no index; each base names a version."""
    installs = [command for run in BUILDER.all("RUN") for command in run.split("&&") if "pip install" in command]
    assert len(installs) == 3
    assert all("--require-hashes" in command or "--no-index" in command for command in installs)
    assert BUILDER.base == FINAL.base == "${PYTHON}"
    assert re.fullmatch(r"python:3\.\d+(\.\d+)?-slim-\w+", ARGUMENTS["PYTHON"])
    for lock in ("requirements.lock", "requirements-build.lock"):
        pinned = re.split(r"\n(?=\S)", (ROOT / lock).read_text().strip())
        assert all("==" in requirement and "--hash=sha256:" in requirement for requirement in pinned)


def test_nothing_is_built_or_run_as_root_in_the_final_stage() -> None:
    """It takes over what the builder made; the user is the chart's, by number."""
    assert FINAL.all("RUN") == []
    user, _, group = FINAL.one("USER").partition(":")
    for name in ("embedded", "distributed"):
        for _, spec in pod_specs(objects(example(name))):
            assert spec["securityContext"]["runAsUser"] == int(user)
            assert spec["securityContext"]["runAsGroup"] == int(group)
    assert f"--chown={user}:{group} /var/lib/yizhan" in " ".join(FINAL.all("COPY"))


def test_it_starts_as_the_chart_and_the_command_line_say(tmp_path: Path) -> None:
    """In exec form, so that SIGTERM reaches yizhan; its ports, command and variables exist."""
    assert json.loads(FINAL.one("ENTRYPOINT")) == ["yizhan"]
    word, *rest = json.loads(FINAL.one("CMD"))
    command: Any = typer.main.get_command(app)
    with command.commands[word].make_context(word, rest) as context:
        assert context.args == []
    assert FINAL.one("STOPSIGNAL") == "SIGTERM"
    assert FINAL.one("HEALTHCHECK") == "NONE"
    environment = FINAL.environment()
    assert environment["PATH"].startswith("/opt/yizhan/bin:")
    environ = {name: value for name, value in environment.items() if name.startswith("YIZHAN_")}
    assert load(environ=environ, cwd=tmp_path).store.path == Path("/var/lib/yizhan/yizhan.db")
    exposed = {int(port) for port in FINAL.one("EXPOSE").split()}
    assert exposed == {
        port["containerPort"]
        for _, spec in pod_specs(objects(example("distributed")))
        for container in spec["containers"]
        for port in container.get("ports", [])
    }


def test_only_what_is_copied_reaches_the_builder() -> None:
    """.dockerignore lets in nothing else: no secret that lies about, no history."""
    copied = {name for rest in BUILDER.all("COPY") for name in rest.split()[:-1]}
    lines = [line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert {line.removeprefix("!") for line in lines if line.startswith("!")} == copied


def test_version_and_image_are_told_alike() -> None:
    """By the project, the chart, and the comment at the Dockerfile's head."""
    with loaded() as chart:
        assert chart.metadata["appVersion"] == PROJECT["version"]
        assert chart.values["image"]["repository"] == PROJECT["name"]
    assert set(re.findall(r"yizhan:(\d\S+)", (ROOT / "Dockerfile").read_text())) == {PROJECT["version"]}


def test_a_dockerfile_that_is_not_understood_is_refused() -> None:
    """Rather than carried out in part."""
    for wrong in ("FROM python:3.12\nAD x y", "FROM python:3.12\nrun true", "FROM python:3.12\nUSER"):
        with pytest.raises(ValueError, match=wrong.splitlines()[1]):
            parse(wrong)
    assert parse("ARG A=1\nFROM ${A} AS b\n# no\nRUN one \\\n && two") == (
        {"A": "1"},
        [Stage("${A}", "b", [("RUN", "one && two")])],
    )


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _skip_without_registry(folder: str) -> None:
    """A small package that the build needs anyway tells whether packages can be had. In CI they must."""
    asked = subprocess.run(
        [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", f"{folder}/probe", "pluggy"],
        capture_output=True,
        text=True,
        check=False,
    )
    if asked.returncode and os.environ.get("CI") != "true":
        pytest.skip(f"no package registry can be reached: {asked.stderr.strip()[-200:]}")
