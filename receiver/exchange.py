"""What goes out and what comes back, as values: ``receiver.transport`` is what carries them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    method: str
    #: A query may hold ids, a body may hold addresses.
    url: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    status: int
    #: Names in lower case; of several of one name, the last.
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)

    def header(self, name: str) -> str | None:
        return self.headers.get(name)


#: Sends one request within so many seconds. Raises ``NotSent`` or ``Unanswered``.
Send = Callable[[Request, float], Response]
