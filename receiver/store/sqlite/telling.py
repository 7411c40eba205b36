"""The rows of one order's or refund's story.

Every statement starts from an index, however large the inbox is; where that is not up to date, from the envelopes that
it does not tell of yet.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import apsw

from receiver.effects import Effect
from receiver.store import telling
from receiver.store.rows import ATTEMPT
from receiver.store.sqlite import effecting, query
from receiver.store.telling import TellingEnvelope
from receiver.store.telling_deliveries import OWED, Owed
from receiver.timeline import Told

# Of the view ``subject`` that part which tells of this column.
_NAMING = {
    column: f"""
SELECT envelope_seq FROM indexed_subject WHERE subject IN (SELECT '{prefix}:' || value FROM json_each(:ids))
UNION
SELECT seq FROM envelope
WHERE seq > (SELECT up_to FROM indexed) AND {column} IN (SELECT value FROM json_each(:ids))
UNION
SELECT envelope_seq FROM delivery WHERE {column} IN (SELECT value FROM json_each(:ids))
"""  # noqa: S608  (constants)
    for column, prefix in (("order_id", "order"), ("refund_id", "refund"))
}

_REFUNDS = """
SELECT refund_id, platform FROM envelope
WHERE seq IN (SELECT value FROM json_each(:seqs)) AND order_id = :id AND refund_id IS NOT NULL
UNION
SELECT delivery.refund_id, platform FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq
WHERE delivery.order_id = :id AND delivery.refund_id IS NOT NULL
"""

_REDELIVERIES = """
SELECT envelope_seq, received_at, bytes_digest FROM redelivery
WHERE envelope_seq IN (SELECT value FROM json_each(?)) ORDER BY rowid
"""

_OWED = f"""
SELECT {OWED},
       CASE WHEN state = 'due' AND head = 0 THEN
         (SELECT id FROM delivery AS other WHERE other.lane = delivery.lane AND other.handler = delivery.handler
          AND other.state IN ('due', 'offered', 'running') AND other.head = 1 ORDER BY id LIMIT 1)
       END
FROM delivery WHERE envelope_seq IN (SELECT value FROM json_each(?)) ORDER BY envelope_seq, number, id
"""  # noqa: S608  (constants)


def timeline(connection: apsw.Connection, subject_id: str, *, now: int) -> list[Told]:
    with connection:  # one snapshot, whatever the process beside us writes meanwhile
        told = telling.timeline(_Rows(connection), subject_id, now=now)
    return told  # noqa: RET504  (for all mypy knows, apsw swallows what is raised in there)


class _Rows:
    def __init__(self, connection: apsw.Connection) -> None:
        self._connection = connection

    def naming(self, column: str, ids: Iterable[str]) -> set[int]:
        return {seq for (seq,) in query.rows(self._connection, _NAMING[column], {"ids": _listed(ids)})}

    def refunds(self, order_id: str, seqs: Iterable[int]) -> list[tuple[Any, ...]]:
        return query.rows(self._connection, _REFUNDS, {"seqs": _listed(seqs), "id": order_id})

    def on_platform(self, seqs: Iterable[int], platform: str) -> set[int]:
        of = "SELECT seq FROM envelope WHERE seq IN (SELECT value FROM json_each(?)) AND coalesce(platform, ?) = ?"
        return {seq for (seq,) in query.rows(self._connection, of, (_listed(seqs), platform, platform))}

    def envelopes(self, seqs: Iterable[int]) -> list[TellingEnvelope]:
        columns = ", ".join(TellingEnvelope._fields)
        rows = query.rows(
            self._connection,
            f"SELECT {columns} FROM envelope WHERE seq IN (SELECT value FROM json_each(?)) ORDER BY seq",  # noqa: S608
            (_listed(seqs),),
        )
        return [TellingEnvelope(*row) for row in rows]

    def redeliveries(self, seqs: Iterable[int]) -> list[tuple[Any, ...]]:
        return query.rows(self._connection, _REDELIVERIES, (_listed(seqs),))

    def owed(self, seqs: Iterable[int]) -> list[Owed]:
        return [Owed(*row) for row in query.rows(self._connection, _OWED, (_listed(seqs),))]

    def attempts(self, delivery_ids: Sequence[int]) -> list[tuple[Any, ...]]:
        return query.rows(
            self._connection,
            f"SELECT delivery_id, {ATTEMPT} FROM attempt"  # noqa: S608  (constants)
            " WHERE delivery_id IN (SELECT value FROM json_each(?)) ORDER BY delivery_id, number",
            (_listed(delivery_ids),),
        )

    def effects(self, delivery_ids: Sequence[int]) -> list[Effect]:
        return effecting.effects(self._connection, delivery_ids)


def _listed(values: Iterable[int] | Iterable[str]) -> str:
    return json.dumps(list(values))
