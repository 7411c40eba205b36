"""Named leases: what only one process may do at a time."""

from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

_HOLD = """
INSERT INTO lease VALUES (%(name)s, %(holder)s, now_ms() + %(lease)s) ON CONFLICT (name)
DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until <= now_ms()
"""


_BOOK = """
INSERT INTO lease VALUES (%(name)s, '', now_ms() - %(rest)s + %(each)s) ON CONFLICT (name)
DO UPDATE SET until = greatest(lease.until, now_ms() - %(rest)s) + %(each)s
RETURNING greatest(until - %(each)s - now_ms(), 0)
"""


def hold(connection: Connection, name: str, holder: str, lease: int) -> bool:
    """``lease`` in milliseconds."""
    return query.change(connection, _HOLD, {"name": name, "holder": holder, "lease": lease}) == 1


def book(connection: Connection, name: str, *, each: int, burst: int) -> int:
    """Milliseconds, all of them."""
    row = query.row(connection, _BOOK, {"name": name, "each": each, "rest": max(burst - each, 0)})
    return 0 if row is None else int(row[0])


def release(connection: Connection, name: str, holder: str) -> None:
    query.change(connection, "DELETE FROM lease WHERE name = %s AND holder = %s", (name, holder))
