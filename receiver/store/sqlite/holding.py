"""Named leases: what only one process may do at a time."""

import apsw


def hold(connection: apsw.Connection, name: str, holder: str, *, until: int, now: int) -> bool:
    connection.execute(
        "INSERT INTO lease VALUES (:name, :holder, :until) ON CONFLICT (name)"
        " DO UPDATE SET holder = :holder, until = :until WHERE lease.holder = :holder OR lease.until <= :now",
        {"name": name, "holder": holder, "until": until, "now": now},
    )
    return connection.changes() == 1


def release(connection: apsw.Connection, name: str, holder: str) -> None:
    connection.execute("DELETE FROM lease WHERE name = ? AND holder = ?", (name, holder))
