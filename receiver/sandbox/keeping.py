"""What the fake platform holds, kept in a file: a real platform forgets nothing when its customer's machine dies."""

from collections.abc import Iterator, MutableMapping
from pathlib import Path
from typing import Generic, TypeVar

import apsw
from pydantic import TypeAdapter

T = TypeVar("T")

_TABLE = "CREATE TABLE IF NOT EXISTS kept (kind TEXT, key TEXT, value BLOB, UNIQUE (kind, key))"

_PUT = "INSERT INTO kept VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


class File:
    """Survives the process, not the machine: it is written, not synced."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self.connection = apsw.Connection(str(path))
        self.connection.execute("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF")
        self.connection.execute(_TABLE)

    def close(self) -> None:
        self.connection.close()


class Kept(MutableMapping[str, T], Generic[T]):
    """A mapping whose every change is in the file before it is seen. What changes inside of a value is put again."""

    def __init__(self, file: File, kind: str, of: type[T]) -> None:
        self._file = file
        self._kind = kind
        self._adapter: TypeAdapter[T] = TypeAdapter(of)
        rows = file.connection.execute("SELECT key, value FROM kept WHERE kind = ? ORDER BY rowid", (kind,))
        self._values: dict[str, T] = {key: self._adapter.validate_json(value) for key, value in rows}

    def __setitem__(self, key: str, value: T) -> None:
        row = (self._kind, key, self._adapter.dump_json(value))
        self._file.connection.execute(_PUT, row)
        self._values[key] = value

    def __getitem__(self, key: str) -> T:
        return self._values[key]

    def __delitem__(self, key: str) -> None:
        raise NotImplementedError("a platform forgets nothing")

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)
