"""Finds one handler: by the name under which it runs, or by where it is written."""

import difflib
import importlib.util
import sys
import typing
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_origin

from receiver.errors import RoutingError
from receiver.events import Event
from receiver.plugins import described, find_routers, import_module
from receiver.routing import Context, Route, Router
from receiver.settings import Settings


def find(name: str, settings: Settings) -> Route:
    """The handler of this name, or ``module:function``, or ``file.py:function``. Raises ``RoutingError``."""
    folder = settings.folder
    router, faults = find_routers(settings.handlers.routers, folder, settings.handler_tables)
    route = router.named(name)
    if route is not None:
        return route
    place, colon, function = name.rpartition(":")
    if not colon:
        close = difflib.get_close_matches(name, [each.name for each in router], n=1)
        hint = f"did you mean {close[0]}?" if close else "yizhan handlers lists them; or give module:function"
        also = f" ({faults[0]})" if faults else ""
        raise RoutingError(f"no handler {name}{also}; {hint}")
    module = _of_file(name, folder / place) if place.endswith(".py") else import_module(name, place, folder)
    found: object = getattr(module, function, None)
    if found is None:
        raise RoutingError(f"{name}: there is no {function} in {place}; correct the name")
    if isinstance(found, Router) or not callable(found):
        raise RoutingError(f"{name}: {function} is a {type(found).__name__}; name a function")
    registered = (each for value in vars(module).values() if isinstance(value, Router) for each in value)
    return next((each for each in registered if each.handler is found), None) or _alone(name, found)


def _alone(name: str, function: Any) -> Route:
    """A function that no router of its module holds: its annotation says what it is for."""
    try:
        hints = typing.get_type_hints(function)
    except (NameError, TypeError):
        hints = {}
    kinds = [get_args(hint)[0] for hint in hints.values() if get_origin(hint) is Context]
    if not (kinds and isinstance(kinds[0], type) and issubclass(kinds[0], Event)):
        raise RoutingError(f"{name}: nothing says for which event it is; annotate it: (ctx: Context[OrderPaid])")
    router = Router()
    router.on(kinds[0], name=name)(function)
    return next(iter(router))


def _of_file(label: str, path: Path) -> ModuleType:
    """A module under a name of its own, so that an older version stands beside the newer one."""
    if not path.is_file():
        raise RoutingError(f"{label}: there is no file {path}; correct the path")
    name = f"tried_{path.stem}_{abs(hash(path.resolve()))}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise RoutingError(f"{label}: {path} is no Python file; give one that ends in .py")
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except (Exception, SystemExit) as error:  # it may raise anything, and is to be named for it
        del sys.modules[name]
        raise RoutingError(f"{label}: {described(error, name, path.parent)}") from error
    return module
