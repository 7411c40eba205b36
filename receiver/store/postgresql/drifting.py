"""Counting what differs from what we know, in bounded room: a platform gone mad must not fill the disk."""

from collections.abc import Sequence

from receiver.deliveries import Filters
from receiver.drift import Drift, Drifted
from receiver.store import filtering, rows
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.postgresql.reading import in_ours
from receiver.store.rows import MAX_DRIFT_ROWS

_ROOM = {
    True: "SELECT count(*) FROM drift WHERE source = %s AND kind = 'topic'",
    False: "SELECT count(*) FROM drift WHERE source = %s AND kind IN ('field', 'vanished') AND topic = %s",
}

_COUNT = """
UPDATE drift SET count = count + 1, first_at = least(first_at, %(at)s), last_at = greatest(last_at, %(at)s),
                 envelope_seq = %(seq)s
FROM unnest(%(kind)s::text[], %(topic)s::text[], %(path)s::text[]) AS seen (kind, topic, path)
WHERE drift.source = %(source)s AND drift.kind = seen.kind AND drift.topic = seen.topic AND drift.path = seen.path
RETURNING drift.kind, drift.topic, drift.path
"""

_NEW = """
INSERT INTO drift SELECT %(source)s, kind, topic, path, 1, %(at)s, %(at)s, %(seq)s
FROM unnest(%(kind)s::text[], %(topic)s::text[], %(path)s::text[]) AS seen (kind, topic, path)
"""


def count(connection: Connection, drift: Sequence[Drift], *, source: str, received_at: int, seq: int) -> None:
    """One envelope more that differs so. All of it is of one topic; one relay counts at a time."""
    of = {"source": source, "at": received_at, "seq": seq}
    # A text of PostgreSQL's takes no NUL, which a key of JSON may hold.
    seen = list(dict.fromkeys((each.kind, each.topic, each.path.replace("\0", "\ufffd")) for each in drift))
    counted = {tuple(row) for row in query.rows(connection, _COUNT, of | _columns(seen))}
    new = [each for each in seen if each not in counted]
    if new:
        kind, topic, _ = new[0]
        of_topics = kind == "topic"
        taken = query.value(connection, _ROOM[of_topics], (source,) if of_topics else (source, topic))
        query.change(connection, _NEW, of | _columns(new[: max(MAX_DRIFT_ROWS - taken, 0)]))


def counted(connection: Connection, filters: Filters, limit: int) -> list[Drifted]:
    """What was seen last comes first; topics before fields."""
    where, bindings = filtering.of_drift(filters)
    found = query.rows(
        connection,
        f"SELECT {rows.DRIFT} FROM drift LEFT JOIN envelope ON envelope.seq = drift.envelope_seq {in_ours(where)}"  # noqa: S608
        " ORDER BY last_at DESC, drift.source, drift.topic, kind <> 'topic', kind, path LIMIT %s",
        (*bindings, limit),
    )
    return [rows.drifted(row) for row in found]


def _columns(seen: Sequence[tuple[str, str, str]]) -> dict[str, list[str]]:
    return {name: [each[place] for each in seen] for place, name in enumerate(("kind", "topic", "path"))}
