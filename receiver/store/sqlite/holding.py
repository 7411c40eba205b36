"""Named leases: what only one process may do at a time."""

import apsw

from receiver.store.set_back import LONGEST_LEASE
from receiver.store.sqlite import query

_LONGEST = round(LONGEST_LEASE * 1000)


def hold(connection: apsw.Connection, name: str, holder: str, *, until: int, now: int) -> bool:
    connection.execute(
        "INSERT INTO lease VALUES (:name, :holder, :until) ON CONFLICT (name)"
        " DO UPDATE SET holder = :holder, until = :until"
        " WHERE lease.holder = :holder OR lease.until NOT BETWEEN :now + 1 AND :now + :longest",
        {"name": name, "holder": holder, "until": until, "now": now, "longest": _LONGEST},
    )
    return connection.changes() == 1


def book(connection: apsw.Connection, name: str, *, each: int, burst: int, now: int) -> int:
    """Milliseconds, all of them."""
    connection.execute(
        "INSERT INTO lease VALUES (:name, '', :rested + :each) ON CONFLICT (name)"
        " DO UPDATE SET until = max(iif(until > :now + :longest, 0, until), :rested) + :each",
        {"name": name, "rested": now - max(burst - each, 0), "each": each, "now": now, "longest": _LONGEST},
    )
    until: int = query.value(connection, "SELECT until FROM lease WHERE name = ?", (name,))
    return max(until - each - now, 0)


def release(connection: apsw.Connection, name: str, holder: str) -> None:
    connection.execute("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))
