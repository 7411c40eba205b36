"""Counting what differs from what we know, in bounded room: a platform gone mad must not fill the disk."""

from collections.abc import Sequence

import apsw

from receiver.deliveries import Filters
from receiver.drift import Drift, Drifted
from receiver.store import filtering, rows
from receiver.store.rows import MAX_DRIFT_ROWS
from receiver.store.sqlite import query

_ROOM = {
    "topic": "SELECT count(*) FROM drift WHERE source = ? AND kind = 'topic'",
    "field": "SELECT count(*) FROM drift WHERE source = ? AND kind IN ('field', 'vanished') AND topic = ?",
}


def count(connection: apsw.Connection, seq: int, drift: Sequence[Drift]) -> None:
    """One envelope more that differs so. All of it is of one topic."""
    ((source, received_at),) = query.rows(connection, "SELECT source, received_at FROM envelope WHERE seq = ?", (seq,))
    room: int | None = None
    for each in drift:
        key = (source, each.kind, each.topic, each.path)
        connection.execute(
            "UPDATE drift SET count = count + 1, first_at = min(first_at, ?), last_at = max(last_at, ?),"
            " envelope_seq = ? WHERE source = ? AND kind = ? AND topic = ? AND path = ?",
            (received_at, received_at, seq, *key),
        )
        if connection.changes():
            continue
        if room is None:
            room = MAX_DRIFT_ROWS - _taken(connection, source, each)
        if room > 0:
            room -= 1
            connection.execute(
                "INSERT INTO drift VALUES (?, ?, ?, ?, 1, ?, ?, ?)", (*key, received_at, received_at, seq)
            )


def counted(connection: apsw.Connection, filters: Filters, limit: int) -> list[Drifted]:
    """What was seen last comes first; topics before fields."""
    where, bindings = filtering.of_drift(filters)
    found = query.rows(
        connection,
        f"SELECT {rows.DRIFT} FROM drift LEFT JOIN envelope ON envelope.seq = drift.envelope_seq {where}"  # noqa: S608
        " ORDER BY last_at DESC, drift.source, drift.topic, kind <> 'topic', kind, path LIMIT ?",
        (*bindings, limit),
    )
    return [rows.drifted(row) for row in found]


def _taken(connection: apsw.Connection, source: str, each: Drift) -> int:
    if each.kind == "topic":
        taken = query.value(connection, _ROOM["topic"], (source,))
    else:
        taken = query.value(connection, _ROOM["field"], (source, each.topic))
    return int(taken)
