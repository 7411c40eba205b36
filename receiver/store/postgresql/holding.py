"""Named leases: what only one process may do at a time."""

from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.set_back import LONGEST_LEASE

_LONGEST = round(LONGEST_LEASE * 1000)

_HOLD = """
INSERT INTO lease VALUES (%(name)s, %(holder)s, now_ms() + %(lease)s) ON CONFLICT (name)
DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until NOT BETWEEN now_ms() + 1 AND now_ms() + %(longest)s
"""


_BOOK = """
INSERT INTO lease VALUES (%(name)s, '', now_ms() - %(rest)s + %(each)s) ON CONFLICT (name)
DO UPDATE SET until = %(each)s + greatest(
  CASE WHEN lease.until <= now_ms() + %(longest)s THEN lease.until END, now_ms() - %(rest)s)
RETURNING greatest(until - %(each)s - now_ms(), 0)
"""


def hold(connection: Connection, name: str, holder: str, lease: int) -> bool:
    """``lease`` in milliseconds."""
    return query.change(connection, _HOLD, {"name": name, "holder": holder, "lease": lease, "longest": _LONGEST}) == 1


def book(connection: Connection, name: str, *, each: int, burst: int) -> int:
    """Milliseconds, all of them."""
    row = query.row(connection, _BOOK, {"name": name, "each": each, "rest": max(burst - each, 0), "longest": _LONGEST})
    return 0 if row is None else int(row[0])


def release(connection: Connection, name: str, holder: str) -> None:
    query.change(connection, "DELETE FROM lease WHERE name = %s AND holder = %s", (name, holder))
