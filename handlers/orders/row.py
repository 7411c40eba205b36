"""A row of the projection, as somebody told it, and how new that is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table


@dataclass(frozen=True, slots=True)
class Newness:
    """The stage decides, then the time. Whoever tells no stage overrules nobody who does."""

    stage: int | None
    at: datetime

    def __str__(self) -> str:
        """Sorts as it compares."""
        stage = -1 if self.stage is None else self.stage
        return f"{stage + 1:04} {self.at.astimezone(UTC).isoformat(timespec='microseconds')}"


@dataclass(frozen=True, slots=True)
class Row:
    table: Table
    key: Mapping[str, str]
    #: Column -> what was said of it; ``None`` is nothing.
    values: Mapping[str, Any]
    newness: Newness
