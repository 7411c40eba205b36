"""Drift: where a callback differs from every shape of its topic that we know, told by paths, never by values.

A path is a field's keys from the message's root: ``data.sku_list[].status``, where ``[]`` is any element of a list.
JSON text inside a string counts as what it says, where a shape has an object or a list. Keys that are values (ids,
names: a map, not a record) are folded to ``{}``, so that no value gets into a path and a map of a thousand ids is one
field.

Pure, and it never raises, whatever the body: every callback comes through here on its way to the handlers.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any, Literal

from receiver import exact

#: ``topic``: nobody told us of it. ``field``: no known shape has it. ``vanished``: every sample of the shape has it.
DriftKind = Literal["topic", "field", "vanished"]

#: What one callback can say at most, by kind; and how long a path may be.
MAX_PATHS = 100
MAX_PATH = 200
#: Deeper than any platform nests, and more fields and elements than the largest order has.
_MAX_DEPTH = 20
_MAX_STEPS = 10_000

#: A name that a programmer gave. Numbers in it are few: an id, a date or a phone number is a value.
_NAME = re.compile(r"(?=(?:\D*\d){0,4}\D*\Z)[A-Za-z_][A-Za-z0-9_-]{0,63}")
_ANY_KEY = "{}"
#: What may hold fields. A union would be made anew for each of them.
_MORE = (dict, list)


@dataclass(frozen=True, slots=True)
class Drift:
    """One difference, as dispatch tells it to the store."""

    kind: DriftKind
    topic: str
    #: Empty where the topic itself is the news.
    path: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drifted:
    """One difference, as the store has counted it."""

    kind: DriftKind
    source: str
    topic: str
    path: str
    #: In how many envelopes. A redelivery and a replay are no new envelope.
    count: int
    first_at: datetime
    last_at: datetime
    #: The last one that had it; ``None`` if it is no longer kept.
    envelope_id: str | None


@dataclass(frozen=True, slots=True)
class Shape:
    """One of the ways in which a topic's message is written."""

    paths: frozenset[str]
    #: In every sample, so that it is missed where its object is there and it is not.
    required: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of a source."""

    topics: Mapping[str, tuple[Shape, ...]]
    #: Paths that hold an object, or a list of them: text there is JSON.
    containers: frozenset[str]
    #: Paths that hold an object whose keys are values.
    maps: frozenset[str]


@dataclass(slots=True)
class Fields:
    """The fields of one message."""

    paths: set[str] = field(default_factory=set)
    #: Paths that hold an object; the root's is empty.
    objects: set[str] = field(default_factory=set)
    #: Fields and elements looked at.
    steps: int = 0
    #: ``False``: it has more than were looked at, so nobody can say what it lacks.
    whole: bool = True


def compare(topic: str, message: Any, known: Known) -> tuple[Drift, ...]:
    """What a message (parsed) has and lacks beside the nearest shape of its topic."""
    shapes = known.topics.get(topic)
    if shapes is None:
        return (Drift("topic", topic),)
    found = fields(message, known)
    paths = found.paths
    nearest = max(shapes, key=lambda shape: (len(paths & shape.paths), -len(shape.required - paths)))
    new = sorted(paths - nearest.paths)
    missing = nearest.required - paths if found.whole else ()
    lost = sorted(path for path in missing if path.rpartition(".")[0] in found.objects)
    return (
        *(Drift("field", topic, path) for path in new[:MAX_PATHS]),
        *(Drift("vanished", topic, path) for path in lost[:MAX_PATHS]),
    )


def fields(message: Any, known: Known | None = None) -> Fields:
    """All fields of a message. Without ``known`` (a sample) every JSON text is read, and no name is taken for a map."""
    found = Fields()
    _walk(_parsed(message, "", known) if isinstance(message, str) else message, "", 0, found, known)
    return found


def _walk(value: Any, at: str, depth: int, found: Fields, known: Known | None) -> None:
    if isinstance(value, dict):
        found.objects.add(at)
        folded = known is not None and at in known.maps
        for key, inner in value.items():
            path = _path(at, _ANY_KEY if folded else key)
            if len(path) > MAX_PATH or _too_much(found, depth):
                found.whole = False
                return
            found.paths.add(path)
            if isinstance(inner, str):
                inner = _parsed(inner, path, known)  # noqa: PLW2901  (what it says)
            if isinstance(inner, _MORE):
                _walk(inner, path, depth + 1, found, known)
    elif isinstance(value, list):
        for element in value:
            if _too_much(found, depth):
                found.whole = False
                return
            if isinstance(element, _MORE):
                _walk(element, f"{at}[]", depth + 1, found, known)


def _too_much(found: Fields, depth: int) -> bool:
    found.steps += 1
    return depth == _MAX_DEPTH or found.steps > _MAX_STEPS


def _parsed(text: str, at: str, known: Known | None) -> Any:
    """The object or list that the text is, where one is meant; else ``None``: what a person wrote is no field."""
    if known is not None and at not in known.containers:
        return None
    if text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return exact.loads(text)
    except exact.NotJson:
        return None


@lru_cache(maxsize=4096)
def _path(at: str, key: str) -> str:
    name = key if _NAME.fullmatch(key) else _ANY_KEY
    return f"{at}.{name}" if at else name
