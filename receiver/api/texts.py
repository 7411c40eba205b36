"""Ids in an answer, as text: they come as numbers here and as text there, and have more digits than a float holds."""

from typing import Any

from receiver.api.parameters import is_id
from receiver.errors import ApiUnexpectedAnswer

#: What a double holds exactly; whoever passes a larger number on through JavaScript or a spreadsheet loses digits.
_EXACT = 2**53
#: No page shows an answer that is nearly as deep; Python itself gives up at some hundreds.
_MOST_LEVELS = 100


def ids_as_text(value: Any, name: str = "", level: int = 0) -> Any:
    """The same, with each id and each number beyond 2^53 as text. Raises ``ApiUnexpectedAnswer`` if it is too deep."""
    if level > _MOST_LEVELS:
        raise ApiUnexpectedAnswer("the answer is nested too deep")
    if isinstance(value, dict):
        return {key: ids_as_text(inner, key, level + 1) for key, inner in value.items()}
    if isinstance(value, list):
        return [ids_as_text(inner, name, level + 1) for inner in value]
    if isinstance(value, int) and not isinstance(value, bool) and (is_id(name) or abs(value) > _EXACT):
        return str(value)
    return value
