"""From a table ``[handlers.NAME]`` to what its router is made with: each text by value, by variable or by file."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from receiver.settings.texts import Missing, text_of_file, text_of_variable

NAME = r"[A-Za-z_]\w*"
#: ``module:attribute``.
TARGET = r"^\w+(\.\w+)*:\w+(\.\w+)*$"
_FORMS = ("env", "file")


@dataclass(frozen=True, slots=True)
class HandlerTable:
    """A router to be made with settings of its own."""

    name: str
    #: ``module:attribute`` of what makes it.
    target: str
    #: As they are written, but for ``KEY_env`` and ``KEY_file``, whose text stands at ``KEY``. May hold secrets.
    values: Mapping[str, Any] = field(repr=False)


def handler_table(
    label: str, table: Mapping[str, Any], context: Mapping[str, Any]
) -> tuple[HandlerTable | None, dict[str, str]]:
    """The table named ``handlers.NAME``, or else what is expected of which key."""
    name = label.removeprefix("handlers.")
    written = dict(table)
    expected: dict[str, str] = {}
    target = written.pop("router", f"handlers.{name}:create")
    if not isinstance(target, str) or not re.fullmatch(TARGET, target):
        expected["router"] = 'expected "module:attribute"'
    values = _resolved(written, "", context, expected)
    return (None, expected) if expected else (HandlerTable(name, target, values), {})


def variables(value: Any) -> set[str]:
    """The variables that are named somewhere in a table."""
    if isinstance(value, list):
        return {name for item in value for name in variables(item)}
    if not isinstance(value, dict):
        return set()
    texts = [text for key, text in value.items() if key.endswith("_env")]
    named = {name for text in texts for name in _several(text) if isinstance(name, str)}
    return named | {name for inner in value.values() for name in variables(inner)}


def _resolved(value: Any, path: str, context: Mapping[str, Any], expected: dict[str, str]) -> Any:
    if isinstance(value, list):
        return [_resolved(item, f"{path}[{index}]", context, expected) for index, item in enumerate(value)]
    if not isinstance(value, dict):
        return value
    found: dict[str, Any] = {}
    for key, written in value.items():
        place = f"{path}.{key}" if path else key
        stem, _, form = key.rpartition("_")
        if not stem or form not in _FORMS:
            found[key] = _resolved(written, place, context, expected)
            continue
        if any(other in value for other in (stem, *(f"{stem}_{other}" for other in _FORMS if other != form))):
            expected[place] = f"expected exactly one of {stem}, {stem}_env, {stem}_file"
            continue
        try:
            texts = [_text(form, text, context) for text in _several(written)]
        except Missing as error:
            expected[place] = str(error)
        else:
            found[stem] = texts if isinstance(written, list) else texts[0]
    return found


def _text(form: str, name: Any, context: Mapping[str, Any]) -> str:
    if not isinstance(name, str):
        raise Missing(f"expected {'names of variables' if form == 'env' else 'paths'}")
    return text_of_variable(name, context["environ"]) if form == "env" else text_of_file(Path(context["folder"], name))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
