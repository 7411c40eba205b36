"""``yizhan new``: a project of one handler and its tests, which installs, type-checks, runs and is found."""

import importlib.util
import keyword
import re
import sys
from importlib.resources import files
from pathlib import Path
from string import Template

#: Where each template goes.
_FILES = {
    "pyproject.toml": "pyproject.toml.template",
    "README.md": "README.md.template",
    ".gitignore": "gitignore.template",
    "src/$package/__init__.py": "handlers.py.template",
    "src/$package/py.typed": "py.typed.template",
    "tests/test_$package.py": "tests.py.template",
}
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def new(name: str, parent: Path) -> list[Path]:
    """Write the project ``parent/name``; the files. Raises ``ValueError`` (what is wrong; the cure), or ``OSError``."""
    package = name.replace("-", "_")
    fault = _fault(name, package)
    if fault is not None:
        raise ValueError(f"{name!r}: {fault}")
    folder = parent / name
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise ValueError(f"{folder} exists and is not empty; choose another name, or another --dir")
    written = []
    for target, source in _FILES.items():
        path = folder / Template(target).substitute(package=package)
        text = (files("receiver.new") / "template" / source).read_text("utf-8")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(Template(text).substitute(name=name, package=package), "utf-8")
        written.append(path)
    return written


def _fault(name: str, package: str) -> str | None:
    """Why a package cannot be called so."""
    if not _NAME.fullmatch(name):
        return "no name of a package; expected small letters, digits and single dashes, such as shop-handlers"
    if keyword.iskeyword(package) or keyword.issoftkeyword(package):
        return f"a word of Python's own; say {name}-handlers"
    if package in sys.stdlib_module_names or importlib.util.find_spec(package) is not None:
        return f"there is a module {package} already, which it would hide or be hidden by; say {name}-handlers"
    return None
