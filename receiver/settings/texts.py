"""Texts that are kept elsewhere: in a variable, in a file."""

from collections.abc import Mapping
from pathlib import Path


class Missing(ValueError):
    """What was expected there."""


def text_of_variable(name: str, environ: Mapping[str, str]) -> str:
    text = environ.get(name, "").rstrip("\r\n")
    if not text.strip():
        raise Missing("expected the name of a variable that is set and not empty")
    return text


def text_of_file(path: Path) -> str:
    try:
        text = path.read_text("utf-8-sig").rstrip("\r\n")
    except OSError as error:
        raise Missing(f"expected a file that can be read: {error.strerror}") from None
    except ValueError:
        raise Missing("expected a file of UTF-8 text") from None
    if not text.strip():
        raise Missing("expected a file that is not empty")
    return text
