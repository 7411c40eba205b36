"""Where notices wait, and which of them are sent: a table, so that no process takes them with it when it dies."""

import threading
import time
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import (
    URL,
    Column,
    Connection,
    Double,
    MetaData,
    NullPool,
    String,
    Table,
    Text,
    create_engine,
    delete,
    func,
    insert,
    select,
    update,
)
from sqlalchemy.exc import IntegrityError

#: Seconds for which lines are their taker's: longer than a handler may run. If it died or failed, another takes them.
LEASE = 120
#: How long it is remembered that a line was sent, for a delivery that does not know yet. Seconds.
KEPT = 30 * 24 * 3600

_metadata = MetaData()
_notice = Table(
    "yizhan_notice",
    _metadata,
    Column("channel", String(16), primary_key=True),
    Column("key", String(36), primary_key=True, comment="of the event"),
    Column("line", Text, nullable=False),
    Column("put_at", Double, nullable=False, comment="seconds since 1970"),
    Column("held_until", Double, nullable=False, comment="its taker's until then"),
    Column("holder", String(32), comment="which taking"),
    Column("sent_at", Double, index=True),
)
_waiting = _notice.c.sent_at.is_(None)


class Taken(NamedTuple):
    holder: str
    #: The oldest first.
    lines: list[str]


class Box:
    """Reached at the first notice, not at start: a command that only lists handlers needs none."""

    def __init__(self, url: URL, *, window: float) -> None:
        self._url = url
        # A handler whose time is up is interrupted wherever it is, and would leave a pool locked for all others.
        self._engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
        self._window = window
        self._preparing = threading.Lock()
        self._prepared = False

    def put(self, key: str, channels: Iterable[str], line: str) -> None:
        """A line for each channel; what is there already stays as it is."""
        self._prepare()
        for channel in channels:
            try:
                with self._engine.begin() as connection:
                    connection.execute(
                        insert(_notice).values(channel=channel, key=key, line=line, put_at=time.time(), held_until=0)
                    )
            except IntegrityError:  # put by an earlier attempt
                continue

    def left(self, key: str, channel: str) -> float | None:
        """Seconds until a line may be taken; ``None`` if it is sent."""
        now = time.time()
        with self._engine.connect() as connection:
            this = (_notice.c.channel == channel) & (_notice.c.key == key)
            put_at, held_until, sent_at = connection.execute(
                select(_notice.c.put_at, _notice.c.held_until, _notice.c.sent_at).where(this)
            ).one()
            if sent_at is not None:
                return None
            if held_until > now:
                return 0.0
            return self._left(connection, channel, put_at, now)

    def take(self, channel: str) -> Taken:
        """All lines that wait and are nobody's, for as long as the lease lasts."""
        now, holder = time.time(), uuid.uuid4().hex
        free = (_notice.c.channel == channel) & _waiting & (_notice.c.held_until <= now)
        with self._engine.begin() as connection:
            connection.execute(update(_notice).where(free).values(held_until=now + LEASE, holder=holder))
            mine = select(_notice.c.line).where(_notice.c.holder == holder).order_by(_notice.c.put_at, _notice.c.key)
            return Taken(holder, list(connection.execute(mine).scalars()))

    def note_sent(self, taken: Taken) -> None:
        now = time.time()
        with self._engine.begin() as connection:
            connection.execute(update(_notice).where(_notice.c.holder == taken.holder).values(sent_at=now))
            connection.execute(delete(_notice).where(_notice.c.sent_at < now - KEPT))

    def _left(self, connection: Connection, channel: str, put_at: float, now: float) -> float:
        """Of the window, which the oldest line that is nobody's has opened; a moment more for all but that one."""
        free = (_notice.c.channel == channel) & _waiting & (_notice.c.held_until <= now)
        opened: float = connection.execute(select(func.min(_notice.c.put_at)).where(free)).scalar_one() or put_at
        left = opened + self._window - now
        return 0.0 if left <= 0 else left + (1.0 if put_at > opened else 0.0)

    def _prepare(self) -> None:
        if self._prepared:
            return
        with self._preparing:
            if self._url.get_backend_name() == "sqlite" and self._url.database:
                Path(self._url.database).parent.mkdir(parents=True, exist_ok=True)
            _metadata.create_all(self._engine)
        self._prepared = True
