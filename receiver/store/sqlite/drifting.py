"""Counting what differs from what we know, in bounded room: a platform gone mad must not fill the disk."""

from collections.abc import Sequence

import apsw

from receiver.deliveries import Filters
from receiver.drift import Drift, Drifted
from receiver.store.sqlite import query
from receiver.store.sqlite.reading import moment

#: New topics of a source, and differing fields of a topic of a source. What is counted already goes on being counted.
MAX_ROWS = 1_000

_ROOM = {
    "topic": "SELECT count(*) FROM drift WHERE source = ? AND kind = 'topic'",
    "field": "SELECT count(*) FROM drift WHERE source = ? AND kind IN ('field', 'vanished') AND topic = ?",
}

#: A filter's term. All other filters are of envelopes or deliveries.
_TERMS = {"source": "drift.source = ?", "topic": "drift.topic = ?", "since": "drift.last_at >= ?"}


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
            room = MAX_ROWS - _taken(connection, source, each)
        if room > 0:
            room -= 1
            connection.execute(
                "INSERT INTO drift VALUES (?, ?, ?, ?, 1, ?, ?, ?)", (*key, received_at, received_at, seq)
            )


def counted(connection: apsw.Connection, filters: Filters, limit: int) -> list[Drifted]:
    """What was seen last comes first; topics before fields."""
    terms, bindings = [], []
    for name, term in _TERMS.items():
        value = getattr(filters, name)
        if value is not None:
            terms.append(term)
            bindings.append(round(value.timestamp() * 1000) if name == "since" else value)
    rows = query.rows(
        connection,
        "SELECT kind, drift.source, drift.topic, path, count, first_at, last_at, envelope.id"  # noqa: S608  (constants)
        " FROM drift LEFT JOIN envelope ON envelope.seq = drift.envelope_seq"
        f" {'WHERE ' + ' AND '.join(terms) if terms else ''}"
        " ORDER BY last_at DESC, drift.source, drift.topic, kind <> 'topic', kind, path LIMIT ?",
        (*bindings, limit),
    )
    return [
        Drifted(
            kind=kind,
            source=source,
            topic=topic,
            path=path,
            count=times,
            first_at=moment(first_at),
            last_at=moment(last_at),
            envelope_id=envelope_id,
        )
        for kind, source, topic, path, times, first_at, last_at, envelope_id in rows
    ]


def _taken(connection: apsw.Connection, source: str, each: Drift) -> int:
    if each.kind == "topic":
        taken = query.value(connection, _ROOM["topic"], (source,))
    else:
        taken = query.value(connection, _ROOM["field"], (source, each.topic))
    return int(taken)
