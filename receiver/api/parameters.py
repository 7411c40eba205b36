"""The parameters of a call: each of its documented type, and where the catalogue says.

Ids have more digits than a float holds: what is documented as text goes as text, what is documented as an integer as
all its digits, and a float where an id belongs is refused, whatever it looks like.
"""

import difflib
import json
import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from receiver.errors import WrongCall
from receiver.sources.calling import Placed
from receiver.sources.operation import Operation, Parameter

_IN_PATH = re.compile(r"\{(\w+)\}")
_WHOLE = re.compile(r"-?[0-9]{1,40}")
_ID = re.compile(r"(.*_)?ids?|.*(Id|ID)s?")
#: Methods that have no body.
_WITHOUT_BODY = frozenset({"GET", "DELETE", "HEAD"})


def place(operation: Operation, given: Mapping[str, Any]) -> Placed:
    """The call as it goes out. Raises ``WrongCall``, which names the parameter."""
    method, path = operation.method or "", operation.path or ""
    values = {name: value for name, value in given.items() if value is not None}
    _check_names(operation, values)
    filled = {name: _in_path(operation, values, name) for name in _IN_PATH.findall(path)}
    query: dict[str, str] = {}
    body: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.name in values and parameter.place != "path" and parameter.name not in filled:
            value = _value(parameter, values[parameter.name], f"{operation.name}: {parameter.name}")
            if parameter.place == "query" or method in _WITHOUT_BODY:
                query[parameter.name] = _as_query(value)
            else:
                body[parameter.name] = value
    documented = {parameter.name for parameter in operation.parameters} | filled.keys()
    for name in values.keys() - documented:
        value = _checked(name, values[name], f"{operation.name}: {name}")
        if method in _WITHOUT_BODY:
            query[name] = _as_query(value)
        else:
            body[name] = value
    return Placed(
        operation=operation,
        method=method,
        path=_IN_PATH.sub(lambda found: quote(filled[found[1]], safe=""), path),
        query=query,
        body=None if method in _WITHOUT_BODY else body,
    )


def is_id(name: str) -> bool:
    return _ID.fullmatch(name) is not None


def _check_names(operation: Operation, values: Mapping[str, Any]) -> None:
    known = {parameter.name for parameter in operation.parameters} | set(_IN_PATH.findall(operation.path or ""))
    for name in values:
        if operation.complete and name not in known:
            close = difflib.get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}?" if close else f"it takes {', '.join(sorted(known)) or 'none'}"
            raise WrongCall(f"{operation.name}: no parameter {name!r}; {hint}")
    missing = [row.name for row in operation.parameters if row.required and row.name not in values]
    if missing:
        raise WrongCall(f"{operation.name}: missing parameter {', '.join(map(repr, missing))}")


def _in_path(operation: Operation, values: Mapping[str, Any], name: str) -> str:
    at = f"{operation.name}: {name}"
    if name not in values:
        raise WrongCall(f"{operation.name}: missing parameter {name!r}")
    text = _text(values[name], at)
    if text.strip(".") == "":  # a path of its own, with another meaning
        raise WrongCall(f"{at}: expected an id")
    return text


def _value(parameter: Parameter, value: Any, at: str) -> Any:
    kind = parameter.type
    if kind.startswith("array"):
        if not isinstance(value, list | tuple):
            raise WrongCall(f"{at}: expected a list")
        of = kind[len("array[") : -1]
        return [_single(of, parameter, element, f"{at}[{number}]") for number, element in enumerate(value)]
    return _single(kind, parameter, value, at)


def _single(kind: str, parameter: Parameter, value: Any, at: str) -> Any:
    if kind == "object" and parameter.fields:
        return _fields(parameter, value, at)
    read = _KINDS.get(kind)
    if read is None:
        return _checked(parameter.name, value, at)
    if kind == "number" and is_id(parameter.name):
        read = _integer
    return read(value, at)


def _fields(parameter: Parameter, value: Any, at: str) -> dict[str, Any]:
    """Fields that the page does not name go as they are: what we read of it may have been cut off."""
    if not isinstance(value, Mapping):
        raise WrongCall(f"{at}: expected an object")
    present = {name: inner for name, inner in value.items() if inner is not None}
    known = {field.name: field for field in parameter.fields}
    missing = [field.name for field in parameter.fields if field.required and field.name not in present]
    if missing:
        raise WrongCall(f"{at}: missing {', '.join(map(repr, missing))}")
    return {
        name: _value(known[name], inner, f"{at}.{name}") if name in known else _checked(name, inner, f"{at}.{name}")
        for name, inner in present.items()
    }


def _text(value: Any, at: str) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if not isinstance(value, str):
        raise WrongCall(f"{at}: expected text or a whole number, not {type(value).__name__}")
    return value


def _integer(value: Any, at: str) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        return int(value)
    if not isinstance(value, int) or isinstance(value, bool):
        raise WrongCall(f"{at}: expected a whole number, or one as text, not {type(value).__name__}")
    return value


def _number(value: Any, at: str) -> float:
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, float) and math.isfinite(value):
        return value
    return _integer(value, at)


def _boolean(value: Any, at: str) -> bool:
    if not isinstance(value, bool):
        raise WrongCall(f"{at}: expected True or False, not {type(value).__name__}")
    return value


def _json(value: Any, at: str) -> str:
    """A JSON text in a string, as some pages want it; who gives a text has written it already."""
    if isinstance(value, str):
        return value
    checked = _checked("", value, at)
    try:
        return json.dumps(checked, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    except (TypeError, ValueError):
        raise WrongCall(f"{at}: cannot be written as JSON") from None


def _checked(name: str, value: Any, at: str) -> Any:
    """As it is; a float is not where an id belongs."""
    if isinstance(value, Mapping):
        return {key: _checked(str(key), inner, f"{at}.{key}") for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_checked(name, inner, f"{at}[{number}]") for number, inner in enumerate(value)]
    if isinstance(value, Decimal):
        value = _number(value, at)
    if isinstance(value, float) and is_id(name):
        raise WrongCall(f"{at}: expected an id, not a float, which has lost digits")
    return value


def _as_query(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


_KINDS: Mapping[str, Callable[[Any, str], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
    "json": _json,
}
