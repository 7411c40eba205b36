"""Ids by their path in a body: read without ever failing, and told exactly why there is none."""

from collections.abc import Iterable
from typing import Any

from receiver import exact


class Field:
    """One place where a body may name an id: ``baseInfo.idOfStr``, or in a list, ``batchPay[].orderId``."""

    __slots__ = ("inside", "outside", "path")

    def __init__(self, path: str) -> None:
        outside, bracket, inside = path.partition("[].")
        self.path = path
        #: The keys down to the id, or to the list of objects that hold it.
        self.outside = tuple(outside.split("."))
        #: The keys from an element of that list down to the id; empty where there is no list.
        self.inside = tuple(inside.split(".")) if bracket else ()

    @property
    def steps(self) -> int:
        return len(self.outside) + len(self.inside)

    def value(self, body: Any) -> Any:
        """What stands there; ``None`` where the path does not lead."""
        return down(body, self.outside)

    def read(self, body: Any) -> tuple[str, ...]:
        """The ids that can be read, each once, in their order."""
        value = down(body, self.outside)
        if not self.inside:
            found = exact.identifier(value)
            return () if found is None else (found,)
        if not isinstance(value, list):
            return ()
        named = (exact.identifier(down(element, self.inside)) for element in value)
        return tuple(dict.fromkeys(found for found in named if found is not None))

    def elements(self, body: Any) -> dict[str, Any]:
        """The first element of the list that names each id; none where there is no list."""
        value = down(body, self.outside)
        if not self.inside or not isinstance(value, list):
            return {}
        named = ((exact.identifier(down(element, self.inside)), element) for element in reversed(value))
        return {found: element for found, element in named if found is not None}

    def fault(self, body: Any) -> tuple[int, str, str] | None:
        """Why an id cannot be read: how many keys led there, the path up to the fault, and what is wrong."""
        value, depth, path, problem = _trace(body, self.outside)
        if problem == "missing":
            return depth, self.path, problem
        if problem or not self.inside:
            return _fault(value, depth, path, problem)
        if not isinstance(value, list):
            return depth, path, "expected a list"
        for number, element in enumerate(value):
            wrong = _fault(*_trace(element, self.inside, f"{path}[{number}]"))
            if wrong is not None:
                return depth + wrong[0], wrong[1], wrong[2]
        return None if value else (depth, path, "empty")


def ids(body: Any, fields: Iterable[Field]) -> tuple[str, ...]:
    """What the first field that names an id names."""
    for field in fields:
        found = field.read(body)
        if found:
            return found
    return ()


def fault(body: Any, fields: tuple[Field, ...]) -> tuple[str, str] | None:
    """Path and problem that keep the ids from being read; ``None`` if all can be.

    A list is read whole or not at all: half a batch would be lost unseen. Where no field names an id, the one that
    leads deepest is what the source meant; where none leads anywhere, the shortest.
    """
    for field in fields:
        if field.read(body):
            wrong = field.fault(body)
            return wrong and wrong[1:]
    found = [(field, wrong) for field in fields if (wrong := field.fault(body)) is not None]
    _, (_, path, problem) = max(found, key=lambda pair: (pair[1][0], -pair[0].steps))
    return path, problem


def down(value: Any, keys: tuple[str, ...]) -> Any:
    """Where the keys lead; ``None`` where they do not."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _trace(value: Any, keys: tuple[str, ...], start: str = "") -> tuple[Any, int, str, str]:
    """Where the keys lead: value, how many of them were there, path, and what stopped the way (empty: nothing).

    What is missing is named by the whole path: that is what one would look for.
    """
    path = (start, *keys) if start else keys
    for depth, key in enumerate(keys):
        if not isinstance(value, dict):
            return None, depth, ".".join(path[: len(path) - len(keys) + depth]), "expected an object"
        present = key in value
        value = value.get(key)
        if value is None:
            return None, depth + present, ".".join(path), "missing"
    return value, len(keys), ".".join(path), ""


def _fault(value: Any, depth: int, path: str, problem: str) -> tuple[int, str, str] | None:
    if problem:
        return depth, path, problem
    if exact.identifier(value) is None:
        return depth, path, "expected an id: text or a whole number"
    return None
