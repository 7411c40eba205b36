"""A folder with a configuration in it: what it says, or what is wrong with it."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from receiver.settings import Settings, load, read

SECRET = "s3cr3t-PLANTED"
ACCOUNT = """
[[accounts]]
name = "main"
source = "pandapon"
access_key = "key"
"""
GOOD = f'{ACCOUNT}access_secret = "{SECRET}"\n'
VARIABLE = "environment variable YIZHAN"


def given(folder: Path, text: str, environ: Mapping[str, str] | None = None, **options: Any) -> Settings:
    (folder / "yizhan.toml").write_text(text)
    return load(environ=environ or {}, cwd=folder, overrides={key.replace("__", "."): options[key] for key in options})


def faults(folder: Path, text: str | None, environ: Mapping[str, str] | None = None) -> list[str]:
    if text is not None:
        (folder / "yizhan.toml").write_text(text)
    settings, found = read(environ=environ or {}, cwd=folder)
    assert settings is None
    assert SECRET not in f"{found!r}{[str(fault) for fault in found]}{[vars(fault) for fault in found]}"
    assert all("\n" not in str(fault) for fault in found)
    assert all(fault.__cause__ is None and fault.__context__ is None for fault in found)
    return [str(fault) for fault in found]
