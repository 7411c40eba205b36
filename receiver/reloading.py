"""Handlers loaded anew when their files change: ``yizhan dev --reload``.

In the same process, so that callbacks are acknowledged meanwhile and nothing that is under way is lost: an attempt that
has begun ends with the code that it began with, the next runs the new one. A module is run from its beginning again, in
the place of the old one; one that may run only once a process (it registers a metric, say) wants a restart.
"""

import importlib.util
import sys
import sysconfig
import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog
from watchfiles import Change, DefaultFilter, watch

from receiver.errors import RoutingError
from receiver.routing import Router

log = structlog.stdlib.get_logger()

#: Milliseconds in which files that are written together are taken for one change.
_TOGETHER = 200
_SUFFIXES = (".py", ".toml")
#: The package of handlers that ships with the service.
_SHIPPED = Path(__file__).resolve().parent.parent / "handlers"
_INSTALLED = [Path(sysconfig.get_path(key)).resolve() for key in ("purelib", "platlib")]

Load = Callable[[], tuple[Router, list[RoutingError]]]


class Reloading(threading.Thread):
    """Keeps ``router`` as the files say, from ``start()`` to ``stop()``."""

    def __init__(self, router: Router, load: Load, packages: Callable[[], set[str]], folder: Path) -> None:
        """``load`` finds the handlers, of the ``packages`` that are named and of files in the ``folder``."""
        super().__init__(name="reloading", daemon=True)
        self._router = router
        self._load = load
        self._packages = packages
        self._folder = folder.resolve()
        self._stopping = threading.Event()
        # What is compiled and kept is known by its size and its second: two edits may be nearer than that.
        sys.dont_write_bytecode = True

    def stop(self) -> None:
        self._stopping.set()
        self.join()

    def run(self) -> None:
        while not self._stopping.is_set():
            watched = self._watched()
            for changes in watch(
                *watched, watch_filter=_Handlers(), debounce=_TOGETHER, rust_timeout=500, stop_event=self._stopping
            ):
                self._reload({Path(path) for _, path in changes})
                if self._watched() != watched:
                    break

    def _reload(self, changed: set[Path]) -> None:
        _forget(self._packages(), self._folder, changed)
        new, faults = self._load()
        names = {route.name for route in new}
        missing = [route for route in (*self._router, *self._router.waiting()) if route.name not in names]
        # Nobody can tell whose they were, so all of them wait until nothing is amiss; else they are gone for good.
        self._router.replace(new, waiting=missing if faults else ())
        tell_faults(faults)
        log.info(
            "handlers.reloaded",
            files=sorted(_shown(path, self._folder) for path in changed),
            handlers=len(names),
            **{"waiting" if faults else "gone": [route.name for route in missing]},
        )

    def _watched(self) -> set[Path]:
        places = {place for name in self._packages() for place in _places(name)}
        return {self._folder} | {place for place in places if not place.is_relative_to(self._folder)}


def tell_faults(faults: Sequence[RoutingError]) -> None:
    """Each with its file, line and cure. The others go on."""
    for fault in faults:
        log.warning("handlers.broken", error=str(fault))


class _Handlers(DefaultFilter):
    def __call__(self, change: Change, path: str) -> bool:
        return path.endswith(_SUFFIXES) and super().__call__(change, path)


def _forget(packages: set[str], folder: Path, changed: set[Path]) -> None:
    """Have the team's modules imported anew; the handlers that ship with us only if they changed, the service never."""
    importlib.invalidate_caches()
    spared = {"receiver", "__main__"}
    if not any(path.is_relative_to(_SHIPPED) for path in changed):
        spared |= {name for name in packages if _SHIPPED in _places(name)}
    for name, module in list(sys.modules.items()):
        top, file = name.partition(".")[0], getattr(module, "__file__", None)
        if top not in spared and (top in packages or (file and _of_the_team(Path(file).resolve(), folder))):
            del sys.modules[name]


def _of_the_team(path: Path, folder: Path) -> bool:
    """In their folder, but not among the installed packages that may lie in it too."""
    return path.is_relative_to(folder) and not any(path.is_relative_to(place) for place in _INSTALLED)


def _shown(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder) if path.is_relative_to(folder) else path)


def _places(package: str) -> set[Path]:
    """Where a package or module is, without importing it; none where it is nowhere."""
    try:
        spec = importlib.util.find_spec(package)
    except (ImportError, ValueError):
        return set()
    if spec is None:
        return set()
    found = list(spec.submodule_search_locations or ()) or ([spec.origin] if spec.origin else [])
    return {Path(place).resolve() for place in found}
