"""What is known of each source's messages: the shapes of its samples, and what its pages document beyond them.

Beside ``samples/`` a source has a ``fields.toml`` of what no sample has; paths in it as in ``receiver.drift``, from the
key ``at`` on:

``optional``     paths of samples that may be absent: nobody misses them
``also``         paths that any message of the source may have
``named``        topics whose names are public and whose bodies are not: each of their fields is news, they are not
``[[shapes]]``   documented bodies without a sample: ``topics``, ``at``, ``fields``
``[[more]]``     fields that the samples of ``topics`` lack (of one ``variant``, else of all), and ``optional`` ones
``[[like]]``     ``topics`` that are written as another, ``like``, which has samples
"""

import tomllib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from receiver import drift, exact
from receiver.drift import Fields, Known, Shape
from receiver.sources.samples import Sample, samples

#: Two ways to write one shape: as an object, or as JSON text.
_FORMS = {"object", "text"}

_Shapes = dict[str, dict[str, Shape]]  # topic, variant


@cache
def known(source_name: str) -> Known:
    """By a name in ``SOURCES``. Read once a process."""
    written = tomllib.loads((files(f"receiver.sources.{source_name}") / "fields.toml").read_text())
    read = [(sample, drift.fields(exact.loads(sample.message))) for sample in samples(source_name)]
    # What stands at the root of every sample belongs to the envelope, whatever the topic.
    frame = frozenset[str].intersection(*(_at_root(found) for _, found in read)) | {*written.get("also", ())}
    shapes = _of_samples(read, frame, frozenset(written.get("optional", ())))
    for more in written.get("more", ()):
        _extend(shapes, more)
    for like in written.get("like", ()):
        alike = {name: Shape(shape.paths) for name, shape in shapes[like["like"]].items()}
        for topic in like["topics"]:
            shapes[topic].update(alike)
    for documented in written.get("shapes", ()):
        for topic in documented["topics"]:
            shapes[topic][f"documented {len(shapes[topic])}"] = Shape(frame | _paths(documented, "fields"))
    for topic in written.get("named", ()):
        shapes[topic].setdefault("named", Shape(frame))
    paths = {path for variants in shapes.values() for shape in variants.values() for path in shape.paths}
    containers = {found for _, each in read for found in each.objects} | {path.rpartition(".")[0] for path in paths}
    return Known(
        topics={topic: tuple(variants.values()) for topic, variants in shapes.items()},
        containers=frozenset({*containers, *(path.removesuffix("[]") for path in containers)}),
        maps=frozenset(path.removesuffix(".{}") for path in paths if path.endswith(".{}")),
    )


def _of_samples(read: Iterable[tuple[Sample, Fields]], frame: frozenset[str], optional: frozenset[str]) -> _Shapes:
    """One shape for each variant of a topic: it may have what one of its samples has, and needs what all have."""
    shapes: _Shapes = defaultdict(dict)
    for sample, found in read:
        variant = ".".join(part for part in sample.name.split(".")[1:] if part not in _FORMS)
        other = shapes[sample.topic].get(variant)
        paths = frozenset(found.paths)
        shapes[sample.topic][variant] = Shape(
            paths=frame | paths | (other.paths if other else set()),
            required=(paths & other.required if other else paths) - optional,
        )
    return shapes


def _extend(shapes: _Shapes, more: Mapping[str, Any]) -> None:
    for topic in more["topics"]:
        chosen = [more["variant"]] if "variant" in more else list(shapes[topic])
        for variant in chosen:
            shape = shapes[topic][variant]
            added, optional = _paths(more, "fields"), {f"{more['at']}.{path}" for path in more.get("optional", ())}
            shapes[topic][variant] = Shape(shape.paths | added | optional, shape.required - optional)


def _at_root(found: Fields) -> frozenset[str]:
    return frozenset(path for path in found.paths if "." not in path)


def _paths(written: Mapping[str, Any], key: str) -> frozenset[str]:
    """The paths from the root on, and the fields that they lead through."""
    return frozenset(step for path in written.get(key, ()) for step in _steps(f"{written['at']}.{path}"))


def _steps(path: str) -> Iterator[str]:
    while path:
        yield path
        path = path.rpartition(".")[0]
        while path.endswith("[]"):
            path = path[:-2]
