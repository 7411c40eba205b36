"""What a fault happens to, as the rounds and the verdict see it; and a fault."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from processes import wait_until

#: What has not ended, of the envelopes up to this one.
_OPEN = """
SELECT count(*) FROM envelope
WHERE seq <= %s AND (envelope.state = 'stored' OR EXISTS (
  SELECT 1 FROM delivery WHERE envelope_seq = seq AND delivery.state IN ('due', 'offered', 'running')))
"""


class Readable(Protocol):
    """A store's database, read beside its processes. Bindings are written ``%s``."""

    def run(self, statement: str, *bindings: Any) -> list[tuple[Any, ...]]: ...


class Site(Protocol):
    @property
    def database(self) -> Readable: ...

    def ports(self) -> Sequence[int]:
        """Of the web processes that are there now."""

    def runs(self) -> list[list[str]]:
        """What handlers told: what, handler, process, envelope."""

    def store_version(self) -> str: ...


SiteT = TypeVar("SiteT", bound=Site)


@dataclass(frozen=True, slots=True)
class Fault(Generic[SiteT]):
    name: str
    #: Do it, and make it good again. Raises ``AssertionError`` where it did not come about.
    strike: Callable[[SiteT], None]
    #: Why this machine does not allow it; ``None``: it does.
    forbidden: Callable[[SiteT], str | None] = lambda _: None


def nothing(_site: Site) -> None:
    """What the others are to be compared with."""


def last(database: Readable) -> int:
    """The latest envelope's place."""
    ((found,),) = database.run("SELECT coalesce(max(seq), 0) FROM envelope")
    return int(found)


def wait_until_ended(database: Readable, last: int, patience: float) -> bool:
    """Whether all that was accepted up to there has come to its end."""

    def ended() -> bool:
        return database.run(_OPEN, last) == [(0,)]

    try:
        wait_until(ended, seconds=patience, what="every delivery has ended")
    except AssertionError:
        return False
    return True
