"""An operation of a source's API, as a row of the catalogue beside it: ``sources/<name>/operations.json``.

The catalogue tells what is documented and how well: ``confirmed``, method, path and parameters were read on a page of
the platform; ``partial``, the parameters are cut off in every readable copy; ``name_only``, the title alone is public.
An inferred path is no path: it is told to whoever completes the operation in the configuration, and never called.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import orjson

Evidence = Literal["confirmed", "partial", "name_only"]
Place = Literal["path", "query", "body"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    name: str
    #: ``None``: inside of another.
    place: Place | None
    #: ``string``, ``integer``, ``number``, ``boolean``, ``object``, ``array[…]`` of these, or ``json``: a JSON text in
    #: a string, which is built for the caller.
    type: str
    #: The page marks it so. Where a readable copy has lost the mark, it is taken for optional.
    required: bool
    #: Of an object, or of each object in an array, as far as documented.
    fields: tuple["Parameter", ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    #: ``taobao.refund.submit_message``, ``taobao.v2.refund.query``: ours, and stable.
    name: str
    #: Where the order lives; ``common``: of both.
    platform: str
    group: str
    version: str
    name_zh: str
    name_en: str
    method: str | None
    path: str | None
    evidence: Evidence
    inferred_method: str | None = None
    inferred_path: str | None = None
    #: It cannot be taken back, so it goes out once.
    irreversible: bool
    #: By the account's key. If not, the platform wants something else, which is then among the parameters.
    signed: bool
    #: All its parameters are known, so any other is a mistake.
    complete: bool
    note: str
    #: Where it was read.
    page: str
    parameters: tuple[Parameter, ...]

    @property
    def callable(self) -> bool:
        return self.method is not None and self.path is not None


def load(package: Path) -> tuple[Operation, ...]:
    """The catalogue in the folder of a source."""
    rows = orjson.loads((package / "operations.json").read_bytes())
    return tuple(Operation(**{**row, "parameters": tuple(map(_parameter, row["parameters"]))}) for row in rows)


def _parameter(row: dict[str, Any]) -> Parameter:
    return Parameter(
        name=row["name"],
        place=row.get("in"),
        type=row["type"],
        required=row["required"],
        fields=tuple(map(_parameter, row.get("fields", ()))),
    )
