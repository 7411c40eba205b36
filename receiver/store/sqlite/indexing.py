"""By what an envelope is found, identity, order and refund: noted in memory at once, and in the file later.

A digest belongs anywhere in its index. To note each where it belongs as it comes is to write a page for each: together,
these were three quarters of what a commit wrote, and half of its time. So the writer keeps what is new in temporary
tables in memory, and once ``MOST`` are there moves all of them, in the order of the index, ``SLICE`` at a time between
two batches: many then share a page. Nothing is lost with the memory, since the envelopes' rows say it all: ``indexed``
tells how far the file's tables go, and what came later is read again.
"""

from collections.abc import Iterator
from typing import Any

import apsw

from receiver.store.sqlite import query
from receiver.store.sqlite.query import transaction

#: Envelopes in memory, some 150 bytes each, until a round moves them: a slice after each batch.
MOST = 32_768
#: Rows moved in one transaction: a few milliseconds.
SLICE = 512

#: What is moved: a table's primary key, and what is below all of its keys.
_MOVED = {
    "identity": ("identity, account, generation", (b"", "", -1)),
    "subject": ("subject, account, envelope_seq", ("", "", -1)),
}

# A temporary trigger is this connection's alone. It says of an identity that is there what a unique index would.
_TEMPORARY = """
CREATE TEMP TABLE recent_identity (
  identity      BLOB NOT NULL,
  account       TEXT NOT NULL,
  generation    INTEGER NOT NULL,
  envelope_seq  INTEGER NOT NULL,
  PRIMARY KEY (identity, account, generation)
) STRICT, WITHOUT ROWID;
CREATE TEMP TABLE recent_subject (
  subject       TEXT NOT NULL,
  account       TEXT NOT NULL,
  envelope_seq  INTEGER NOT NULL,
  PRIMARY KEY (subject, account, envelope_seq)
) STRICT, WITHOUT ROWID;
CREATE TEMP TRIGGER recent AFTER INSERT ON main.envelope BEGIN
  SELECT RAISE(ABORT, 'seen before') WHERE EXISTS (
    SELECT 1 FROM recent_identity
    WHERE identity = NEW.identity AND account = NEW.account AND generation = NEW.generation
  ) OR EXISTS (
    SELECT 1 FROM indexed_identity
    WHERE identity = NEW.identity AND account = NEW.account AND generation = NEW.generation
  );
  INSERT INTO recent_identity VALUES (NEW.identity, NEW.account, NEW.generation, NEW.seq);
  INSERT INTO recent_subject SELECT 'order:' || NEW.order_id, NEW.account, NEW.seq WHERE NEW.order_id IS NOT NULL;
  INSERT INTO recent_subject SELECT 'refund:' || NEW.refund_id, NEW.account, NEW.seq WHERE NEW.refund_id IS NOT NULL;
END;
"""

_CATCH_UP = """
INSERT OR IGNORE INTO recent_identity SELECT identity, account, generation, seq FROM envelope WHERE seq > :after;
INSERT OR IGNORE INTO recent_subject
  SELECT 'order:' || order_id, account, seq FROM envelope WHERE seq > :after AND order_id IS NOT NULL;
INSERT OR IGNORE INTO recent_subject
  SELECT 'refund:' || refund_id, account, seq FROM envelope WHERE seq > :after AND refund_id IS NOT NULL;
"""


def steps(batch: int) -> int:
    """How many are due after a batch of so many: a round moves more than comes in meanwhile, three rows an envelope."""
    return 1 + 3 * batch // SLICE


class Recent:
    """The envelopes that the file's tables do not tell of yet. The writer's alone."""

    def __init__(self) -> None:
        #: The last envelope there is, as far as this process knows.
        self.last = 0
        self._indexed = 0
        self._prepared = False
        self._round: Iterator[bool] | None = None

    @property
    def many(self) -> bool:
        """Time to ``index_some``."""
        return self._round is not None or self.last - self._indexed >= MOST

    def prepare(self, connection: apsw.Connection) -> None:
        """Once, before the first batch."""
        if self._prepared:
            return
        # A change is kept with its page, in case it has to be undone: of smaller ones, that is less to copy.
        connection.execute("PRAGMA temp_store = MEMORY; PRAGMA temp.page_size = 1024")
        with transaction(connection):
            connection.execute(_TEMPORARY)
            self._indexed = query.value(connection, "SELECT up_to FROM indexed")
            self.catch_up(connection, self._indexed)
        self._prepared = True

    def catch_up(self, connection: apsw.Connection, after: int) -> None:
        """With what was stored by a process before this one or beside it. In a transaction."""
        connection.execute(_CATCH_UP, {"after": after})
        self.last = query.value(connection, "SELECT coalesce(max(seq), 0) FROM envelope")

    def index_some(self, connection: apsw.Connection) -> None:
        """The next step of a round, in a transaction of its own; after one that failed, the round begins anew."""
        if not self.many:
            return
        self._round = self._round or self._steps(connection, self.last)
        if not next(self._round, False):
            self._round = None

    def _steps(self, connection: apsw.Connection, until: int) -> Iterator[bool]:
        for table, (columns, lowest) in _MOVED.items():
            after: tuple[Any, ...] | None = lowest
            while after is not None:
                with transaction(connection):
                    after = _move(connection, table, columns, after, until)
                yield True
        with transaction(connection):
            connection.execute("UPDATE indexed SET up_to = max(up_to, ?)", (until,))
            for table in _MOVED:
                connection.execute(f"DELETE FROM recent_{table} WHERE envelope_seq <= ?", (until,))  # noqa: S608
        self._indexed = until


def _move(
    connection: apsw.Connection, table: str, columns: str, after: tuple[Any, ...], until: int
) -> tuple[Any, ...] | None:
    """The next ``SLICE`` in the order of their key: the last key of them, ``None`` where they were all that is left."""
    chosen = f"FROM recent_{table} WHERE ({columns}) > (?, ?, ?) AND envelope_seq <= ? ORDER BY {columns} LIMIT"
    last = query.row(connection, f"SELECT {columns} {chosen} 1 OFFSET ?", (*after, until, SLICE - 1))
    connection.execute(
        f"INSERT OR IGNORE INTO indexed_{table} SELECT * {chosen} ?",
        (*after, until, SLICE),
    )
    return last
