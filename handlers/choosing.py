"""What tables of handlers have in common: events chosen by name, and texts of which there may be several."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator

from receiver.events import DeadLetter, Event
from receiver.vocabulary import event_types

_TYPES = [kind.type for kind in event_types() if not issubclass(kind, DeadLetter)]


def chosen(event: Event, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(event.type, pattern) for pattern in patterns)


def _known(patterns: tuple[str, ...]) -> tuple[str, ...]:
    for pattern in patterns:
        if not any(fnmatchcase(kind, pattern) for kind in _TYPES):
            raise ValueError(f"no event is called {pattern}; `yizhan events` lists them")
    return patterns


def _several(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


#: ``order.paid``, ``refund.*``: as ``yizhan events`` lists them, with globs. Dead letters are not among them.
Patterns = Annotated[tuple[str, ...], AfterValidator(_known)]
#: One, or a list.
Texts = Annotated[tuple[str, ...], BeforeValidator(_several)]
