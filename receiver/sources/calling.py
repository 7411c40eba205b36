"""How a source's API is called: its part of a follow-up call, pure as the rest of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver.accounts import Account
from receiver.exchange import Request, Response
from receiver.sources.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """A call whose parameters stand where they belong."""

    operation: Operation
    method: str
    #: Begins with a slash; what was in braces is filled in and quoted.
    path: str
    query: Mapping[str, str] = field(repr=False)
    #: ``None``: the call has no body.
    body: Mapping[str, Any] | None = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Stamp:
    """What makes one request differ from the next."""

    #: Since 1970.
    milliseconds: int
    #: 32 random characters.
    nonce: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Calling:
    #: Where the API is, unless the account says otherwise.
    url: str
    operations: tuple[Operation, ...]
    #: Something to ask that changes nothing and needs no parameter: ``yizhan check --online``.
    harmless: str
    #: The signed request. Raises ``WrongCall`` if the account lacks what that needs.
    build_request: Callable[[Placed, Account, Stamp], Request]
    #: What was asked for. Raises an ``Api…`` error for any other answer: nothing else decides what an answer means.
    read_response: Callable[[Response], Any]
