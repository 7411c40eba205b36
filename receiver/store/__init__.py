"""The store: the one truth about envelopes, deliveries and attempts. ``open_store`` tells which it is."""

from pathlib import Path

from receiver.errors import StoreUnavailable
from receiver.store.base import Store
from receiver.store.sqlite import SqliteStore

_SQLITE = "sqlite:///"


def open_store(url: str, *, make: bool = False, alone: bool = False, look_only: bool = False) -> Store:
    """The store that a URL of the settings names. Raises ``StoreUnavailable`` or ``StoreLocked``.

    Of a file: ``make`` makes it if it is not there yet, ``alone`` keeps out whoever else would run on it, ``look_only``
    leaves it as it is. PostgreSQL is there, is shared, and is changed by nobody who only reads.
    """
    if not url.startswith(_SQLITE):
        from receiver.store.postgresql import PostgresStore  # noqa: PLC0415  (psycopg takes long to import)

        return PostgresStore(url)
    path = Path(url.removeprefix(_SQLITE))
    if not make and not path.exists():
        raise StoreUnavailable(f"no store at {path} yet: `yizhan run` or `yizhan migrate` makes it")
    return SqliteStore(path, alone=alone, look_only=look_only)
