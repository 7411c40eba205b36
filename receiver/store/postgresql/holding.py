"""Named leases: what only one process may do at a time."""

from receiver.store import booking
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.set_back import TOLERANCE

_HOLD = """
INSERT INTO lease VALUES (%(name)s, %(holder)s, now_ms() + %(lease)s) ON CONFLICT (name)
DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE lease.holder = excluded.holder OR lease.until NOT BETWEEN now_ms() + 1 AND excluded.until + %(tolerance)s
"""


def hold(connection: Connection, name: str, holder: str, lease: int) -> bool:
    """``lease`` in milliseconds."""
    return (
        query.change(connection, _HOLD, {"name": name, "holder": holder, "lease": lease, "tolerance": TOLERANCE}) == 1
    )


def book(connection: Connection, name: str, *, each: int, burst: int, within: int, most: int) -> int:
    """Milliseconds, all of them."""
    query.change(connection, "INSERT INTO lease VALUES (%s, '', 0) ON CONFLICT DO NOTHING", (name,))
    ((until, now),) = query.rows(
        connection, "SELECT until, now_ms() FROM lease WHERE name = %s FOR NO KEY UPDATE", (name,)
    )
    booked = booking.book(until, now=now, each=each, burst=burst, within=within, most=most)
    query.change(connection, "UPDATE lease SET until = %s WHERE name = %s", (booked.until, name))
    return booked.wait


def release(connection: Connection, name: str, holder: str) -> None:
    query.change(connection, "DELETE FROM lease WHERE name = %s AND holder = %s", (name, holder))
