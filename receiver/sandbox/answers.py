"""What an operation is called with and what it answers; and the answer to those that have no effect here.

Envelope: https://doc.pandapon.com/doc-5774404.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from receiver import exact
from receiver.accounts import Account
from receiver.sandbox.news import WRONG_PARAMETER, Refused, Told
from receiver.sandbox.operations import Operation
from receiver.sandbox.state import State

#: A demo value of the manual.
DEVELOPER = "1014533973088404335"
_MOST_ROWS = 100
#: What always fits into 64 bits.
_WHOLE = re.compile(r"-?[0-9]{1,18}")
_EMPTY: Mapping[str, Callable[[], Any]] = {
    "string": str,
    "integer": int,
    "number": int,
    "boolean": lambda: True,
    "array": list,
    "object": dict,
}


@dataclass(frozen=True, slots=True)
class Call:
    state: State
    account: Account
    #: Of path, query and body.
    parameters: Mapping[str, Any]

    def text(self, name: str) -> str:
        """An id or a text that must be there. A float is no id: it has lost digits."""
        found = self.optional(name)
        if found is None:
            raise Refused(WRONG_PARAMETER, f"{name}: expected")
        return found

    def optional(self, name: str) -> str | None:
        value = self.parameters.get(name)
        if value is None or value == "":
            return None
        found = value if isinstance(value, str) else exact.identifier(value)
        if found is None:
            raise Refused(WRONG_PARAMETER, f"{name}: expected a text or an integer")
        return found

    def number(self, name: str, default: int | None = None) -> int:
        value = self.optional(name)
        if value is None and default is not None:
            return default
        if value is None or not _WHOLE.fullmatch(value):
            raise Refused(WRONG_PARAMETER, f"{name}: expected an integer")
        return int(value)

    def several(self, name: str) -> list[Any]:
        """A list, which some operations take as JSON in a string: https://doc-es.pandapon.com/api-266459370."""
        value = self.parameters.get(name)
        if isinstance(value, str):
            try:
                value = exact.loads(value)
            except exact.NotJson:
                raise Refused(WRONG_PARAMETER, f"{name}: not JSON") from None
        if value is None:
            return []
        if not isinstance(value, list):
            raise Refused(WRONG_PARAMETER, f"{name}: expected a list")
        return value

    def ids(self, name: str) -> tuple[str, ...]:
        found = [exact.identifier(value) for value in self.several(name)]
        if None in found:
            raise Refused(WRONG_PARAMETER, f"{name}: expected ids")
        return tuple(filter(None, found))


#: The ``data`` of the answer, and what has happened by the call.
Answered = tuple[Any, Told]
Handler = Callable[[Call], Answered]


def page(call: Call, rows: Iterable[Any]) -> dict[str, Any]:
    """A page of a list, in the shape that PandaPon's lists of goods have: https://doc-cnv2.pandapon.com/api-288828687."""
    found: Sequence[Any] = list(rows)
    size = min(max(1, call.number("pageSize", 20)), _MOST_ROWS)
    number = max(1, call.number("pageNo", call.number("beginPage", 1)))
    return {
        "totalRecords": len(found),
        "totalPage": -(-len(found) // size),
        "pageSize": size,
        "currentPage": number,
        "data": found[(number - 1) * size : number * size],
    }


def shape(operation: Operation, parameters: Mapping[str, Any]) -> Any:
    """The documented fields, empty; those that a parameter names too say what it said."""
    if [field["name"] for field in operation.data] == ["data"]:  # no object at all
        return _value(operation.data[0], parameters)
    return {field["name"]: _value(field, parameters) for field in operation.data}


def _value(field: Mapping[str, Any], parameters: Mapping[str, Any]) -> Any:
    echo = exact.identifier(parameters.get(field["name"]))
    if echo is not None and field["type"] == "string":
        return echo
    if echo is not None and field["type"] == "integer" and _WHOLE.fullmatch(echo):
        return int(echo)
    value = _EMPTY[field["type"]]()
    if field["type"] == "object":
        return {inner["name"]: _value(inner, parameters) for inner in field.get("fields", ())}
    return value


def envelope(request_id: str, code: int, message: str, data: Any) -> bytes:
    return orjson.dumps({"requestId": request_id, "code": code, "msg": message, "developId": DEVELOPER, "data": data})
