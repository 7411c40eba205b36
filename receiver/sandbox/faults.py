"""What goes wrong between a client and the platform, on request: for the next calls, or by probability."""

import threading
from random import Random
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field

from receiver.sandbox.operations import Operation, plain

Kind = Literal["slow", "error", "rate_limited", "invalid_json", "drop", "huge", "redirect", "endless_headers"]

#: Faults that strike before the platform has read the call; after any other, what was asked for has happened.
_BEFORE: Final = frozenset[Kind]({"error", "rate_limited", "redirect"})


class Fault(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Kind
    #: Of one operation, in either version; of all without it.
    path: str | None = None
    #: For so many calls; without it, until it is cleared.
    times: int | None = Field(default=None, ge=1)
    probability: float = Field(default=1.0, ge=0, le=1)
    #: ``slow``: how long it takes. ``rate_limited``: what Retry-After says.
    seconds: float = Field(default=1.0, ge=0)
    #: ``error``.
    status: int = Field(default=503, ge=500, le=599)
    #: ``redirect``.
    location: str = "https://elsewhere.invalid/"
    #: Whether what was asked for happens all the same; as is usual for the kind without it.
    effect: bool | None = None

    @property
    def after_effect(self) -> bool:
        return self.kind not in _BEFORE if self.effect is None else self.effect


class Faults:
    """Safe to change while calls are answered."""

    def __init__(self, faults: tuple[Fault, ...] = (), *, seed: int = 0) -> None:
        self._lock = threading.Lock()
        self._random = Random(f"yizhan sandbox faults {seed}")  # noqa: S311 - it must repeat itself
        self._left = [(fault, fault.times) for fault in faults]

    def add(self, fault: Fault) -> None:
        with self._lock:
            self._left.append((fault, fault.times))

    def clear(self) -> None:
        with self._lock:
            self._left.clear()

    def all(self) -> list[Fault]:
        """Those that are still to come, with the calls that are left."""
        with self._lock:
            return [fault.model_copy(update={"times": left}) for fault, left in self._left]

    def take(self, operation: Operation) -> Fault | None:
        """The fault of this call: the first that applies."""
        with self._lock:
            for place, (fault, left) in enumerate(self._left):
                if fault.path is not None and plain(fault.path) != operation.plain:
                    continue
                if self._random.random() >= fault.probability:
                    continue
                if left == 1:
                    del self._left[place]
                elif left is not None:
                    self._left[place] = (fault, left - 1)
                return fault
        return None
