"""Named leases: what only one process may do at a time."""

import apsw

from receiver.store import booking
from receiver.store.set_back import TOLERANCE
from receiver.store.sqlite import query


def hold(connection: apsw.Connection, name: str, holder: str, *, until: int, now: int) -> bool:
    connection.execute(
        "INSERT INTO lease VALUES (:name, :holder, :until) ON CONFLICT (name)"
        " DO UPDATE SET holder = :holder, until = :until"
        " WHERE lease.holder = :holder OR lease.until NOT BETWEEN :now + 1 AND :until + :tolerance",
        {"name": name, "holder": holder, "until": until, "now": now, "tolerance": TOLERANCE},
    )
    return connection.changes() == 1


def book(connection: apsw.Connection, name: str, *, each: int, burst: int, within: int, most: int, now: int) -> int:
    """Milliseconds, all of them."""
    until = query.value(connection, "SELECT until FROM lease WHERE name = ?", (name,))
    booked = booking.book(until, now=now, each=each, burst=burst, within=within, most=most)
    connection.execute(
        "INSERT INTO lease VALUES (:name, '', :until) ON CONFLICT (name) DO UPDATE SET until = :until",
        {"name": name, "until": booked.until},
    )
    return booked.wait


def release(connection: apsw.Connection, name: str, holder: str) -> None:
    connection.execute("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))
