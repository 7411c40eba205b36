"""Ids in an answer, as text: they come as numbers here and as text there, and have more digits than a float holds."""

from typing import Any

from receiver.api.parameters import is_id

#: What a double holds exactly; whoever passes a larger number on through JavaScript or a spreadsheet loses digits.
_EXACT = 2**53


def ids_as_text(value: Any, name: str = "") -> Any:
    """The same, with each id and each number beyond 2^53 as text."""
    if isinstance(value, dict):
        return {key: ids_as_text(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [ids_as_text(inner, name) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and (is_id(name) or abs(value) > _EXACT):
        return str(value)
    return value
