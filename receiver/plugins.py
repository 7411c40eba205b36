"""Finds the handlers, as one ``Router``: routers that the configuration names or makes, and those of plug-ins."""

import importlib
import inspect
import sys
import traceback
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import entry_points
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any, get_type_hints

from pydantic import BaseModel, ValidationError

from receiver.errors import RoutingError
from receiver.routing import Route, Router
from receiver.settings import HandlerTable

GROUP = "yizhan.handlers"


def load_routers(names: Sequence[str], folder: Path, tables: Sequence[HandlerTable] = ()) -> Router:
    """All handlers. Raises the first ``RoutingError``; ``find_routers`` gives all of them."""
    router, errors = find_routers(names, folder, tables)
    if errors:
        raise errors[0]
    return router


def find_routers(
    names: Sequence[str], folder: Path, tables: Sequence[HandlerTable] = ()
) -> tuple[Router, list[RoutingError]]:
    """The handlers that can be loaded, and what kept the others; one that fails does not hide another."""
    if str(folder) not in sys.path:
        sys.path.append(str(folder))  # last: a file of the team never hides an installed package
    merged, errors = Router(), list[RoutingError]()
    seen: dict[str, tuple[Route, str]] = {}
    included: list[Router] = []
    for label, target, settings in _targets(names, tables):
        try:
            router = _resolve(label, target, folder, settings)
            if any(router is other for other in included):
                continue  # named in the configuration, and installed as an entry point too
            for route in router:
                _refuse_taken(route, label, seen, folder)
            merged.include(router)
        except RoutingError as error:
            errors.append(error)
        else:
            included.append(router)
            seen |= {route.name: (route, label) for route in router}
    return merged, errors


def packages(names: Sequence[str], tables: Sequence[HandlerTable] = ()) -> set[str]:
    """The packages and modules that handlers are in, at their top."""
    return {target.partition(":")[0].partition(".")[0].strip() for _, target, _ in _targets(names, tables)}


def clashes(folder: Path) -> list[str]:
    """Local modules that bear the name of a package of ours."""
    ours = Path(__file__).resolve().parent.parent
    return [
        f"{place}: has the name of a package of yizhan's, so it is never imported, or hides ours; rename it, "
        f'for example to shop_{name}, and set [handlers] routers = ["shop_{name}:router"]'
        for name in ("handlers", "receiver")
        for place in (folder / name, folder / f"{name}.py")
        if (place.is_file() or (place.is_dir() and any(place.glob("*.py")))) and place.resolve() != ours / name
    ]


def _targets(
    names: Sequence[str], tables: Sequence[HandlerTable]
) -> Iterator[tuple[str, str, Mapping[str, Any] | None]]:
    """What to call it, where it is, and the settings that it is made with, if it is to be made."""
    for name in names:
        yield f"router {name}", name, None
    for table in tables:
        yield f"[handlers.{table.name}]", table.target, table.values
    for point in sorted(entry_points(group=GROUP), key=lambda point: (point.name, point.value)):
        owner = f" of {point.dist.name}" if point.dist else ""
        yield f"entry point {point.name}{owner}", point.value.partition("[")[0].strip(), None


def _resolve(label: str, target: str, folder: Path, settings: Mapping[str, Any] | None) -> Router:
    name, _, attribute = (part.strip() for part in target.partition(":"))
    module = import_module(label, name, folder)
    place = _shown(module.__file__, folder)
    try:
        found: object = attrgetter(attribute)(module)
    except AttributeError:
        others = [key for key, value in vars(module).items() if isinstance(value, Router)]
        cure = f"it has {', '.join(f'{name}:{key}' for key in others)}" if others else "add router = Router()"
        if settings is not None:
            cure = f"add def {attribute}(settings: …) -> Router"
        raise RoutingError(f"{label}: {place} has no {attribute!r}; {cure}") from None
    if settings is not None:
        found = _made(label, f"{attribute} in {place}", found, settings, folder)
    if not isinstance(found, Router):
        raise RoutingError(f"{label}: {attribute} in {place} is a {type(found).__name__}; expected a receiver.Router")
    return found


def _made(label: str, place: str, create: Any, settings: Mapping[str, Any], folder: Path) -> object:
    """What ``create`` makes of its settings, which it takes as a pydantic model."""
    wanted: Any = None
    if callable(create) and not isinstance(create, type):
        parameters = list(inspect.signature(create).parameters)
        wanted = get_type_hints(create).get(parameters[0]) if len(parameters) == 1 else None
    if not (isinstance(wanted, type) and issubclass(wanted, BaseModel)):
        raise RoutingError(f"{label}: {place}: expected a function of one pydantic model: its settings")
    try:
        return create(wanted.model_validate(dict(settings), context={"folder": folder}))
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        raise RoutingError("; ".join(f"{label} {_problem(problem)}" for problem in problems)) from None
    except (Exception, SystemExit) as error:
        raise RoutingError(f"{label}: {described(error, create.__module__, folder)}") from error


def _problem(problem: Any) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in problem["loc"]).lstrip(".")
    return f"{path}: {problem['msg'][:1].lower()}{problem['msg'][1:]}"


def import_module(label: str, name: str, folder: Path) -> ModuleType:
    """A module of the team's. Raises ``RoutingError``, which says for whom (``label``), where, and what to do."""
    try:
        return importlib.import_module(name)
    except (Exception, SystemExit) as error:  # a plug-in may raise anything, and is to be named for it
        missing = error.name if isinstance(error, ModuleNotFoundError) else None
        if missing and f"{name}.".startswith(f"{missing}."):
            cure = f"put {missing.replace('.', '/')}.py into {folder}, install its package, or correct the name"
            raise RoutingError(f"{label}: there is no module {missing}; {cure}") from None
        raise RoutingError(f"{label}: {described(error, name, folder)}") from error


def described(error: BaseException, name: str, folder: Path) -> str:
    """What kept module ``name`` from being imported: type, place and cure.

    The error's own text, which may hold anything, only where it is known to be harmless.
    """
    kind, package = type(error).__name__, name.partition(".")[0]
    if isinstance(error, SyntaxError):
        return f"{kind} at {_shown(error.filename, folder)}:{error.lineno}: {error.msg}; correct it"
    lines = [
        f" at {_shown(frame.f_code.co_filename, folder)}:{line}"
        for frame, line in traceback.walk_tb(error.__traceback__)
        if f"{frame.f_globals.get('__name__')}.".startswith(f"{package}.")
    ]
    place = lines[-1] if lines else ""
    if isinstance(error, RoutingError):
        return f"{kind}{place}: {error}"
    if isinstance(error, ModuleNotFoundError):
        return f"{kind}{place}: there is no module {error.name}; install it"
    return f"{kind}{place}; correct it, or see it with: python -c 'import {name}'"


def _refuse_taken(route: Route, label: str, seen: Mapping[str, tuple[Route, str]], folder: Path) -> None:
    if route.name not in seen:
        return
    other, owner = seen[route.name]
    claim = f"{label}: handler {route.name!r} at {_place(route, folder)}"
    if other.handler is route.handler:
        raise RoutingError(f"{claim} is in {owner} too; name one of the two")
    raise RoutingError(
        f"{claim} has the name of the one at {_place(other, folder)} in {owner}; "
        f"give one of them another: on({route.event_type.__name__}, name=…)"
    )


def _place(route: Route, folder: Path) -> str:
    code = getattr(inspect.unwrap(route.handler), "__code__", None)
    return f"{_shown(code.co_filename, folder)}:{code.co_firstlineno}" if code else route.handler.__module__


def _shown(file: str | None, folder: Path) -> str:
    path = Path(file or "a package without a file")
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)
