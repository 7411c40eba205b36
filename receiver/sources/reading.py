"""The fields of an event, each by its path in a body. What is missing or of a wrong type is ``None``, never an error.

A path into a list, ``batchPay[].status``, is read from the element that names the order in question.
"""

from collections.abc import Callable, Mapping
from typing import Any

from receiver import exact
from receiver.events import OrderLine
from receiver.sources import amounts
from receiver.sources.fields import Field, down
from receiver.sources.topic import Family

#: Of the body, and of the element in it that names the order.
Read = Callable[[Any, Any], Any]

#: Event field -> where it stands, for each family; those that an event has not are not given to it.
Readings = Mapping[Family, Mapping[str, Read]]


def values(readings: Mapping[str, Read], body: Any, element: Any = None) -> dict[str, Any]:
    """All that can be read."""
    found = {name: read(body, element) for name, read in readings.items()}
    return {name: value for name, value in found.items() if value is not None}


def text(path: str) -> Read:
    """An id, a number or a word, as text."""
    at = _at(path)
    return lambda body, element: exact.identifier(at(body, element))


def whole(path: str) -> Read:
    """A quantity, which 1688 writes as a decimal; ``None`` for parts of one."""
    at = _at(path)
    return lambda body, element: amounts.whole(at(body, element))


def fen(path: str, currency: str | None = None) -> Read:
    at, of = _at(path), _at(currency) if currency else _nowhere
    return lambda body, element: amounts.of_fen(at(body, element), of(body, element))


def yuan(path: str) -> Read:
    at = _at(path)
    return lambda body, element: amounts.of_yuan(at(body, element))


def word(path: str, meanings: Mapping[str, Any]) -> Read:
    """What the word there stands for; ``None`` for any other."""
    at = text(path)
    return lambda body, element: meanings.get(at(body, element) or "")


def lines(path: str, columns: Mapping[str, Read]) -> Read:
    """The order lines in the list there, each by its columns."""
    at = _at(path)

    def read(body: Any, element: Any) -> tuple[OrderLine, ...] | None:
        rows = at(body, element)
        if not isinstance(rows, list):
            return None
        return tuple(OrderLine(**values(columns, row)) for row in rows if isinstance(row, dict))

    return read


def first(*reads: Read) -> Read:
    """What the first of them finds."""

    def read(body: Any, element: Any) -> Any:
        for one in reads:  # a generator takes twice as long
            value = one(body, element)
            if value is not None:
                return value
        return None

    return reads[0] if len(reads) == 1 else read


def merged(*tables: Readings) -> Readings:
    """One table for bodies of several kinds, the first that finds something believed."""
    families = dict.fromkeys(family for table in tables for family in table)
    return {family: _merged([table.get(family, {}) for table in tables]) for family in families}


def _merged(columns: list[Mapping[str, Read]]) -> dict[str, Read]:
    names = dict.fromkeys(name for column in columns for name in column)
    return {name: first(*(column[name] for column in columns if name in column)) for name in names}


def _at(path: str) -> Read:
    field = Field(path)
    inside, outside = field.inside, field.outside
    if inside:
        return lambda _, element: down(element, inside)
    return lambda body, _: down(body, outside)


def _nowhere(_: Any, __: Any) -> None:
    return None
