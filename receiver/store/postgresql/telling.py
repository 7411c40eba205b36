"""The rows of one order's or refund's story. Every statement starts from an index, however large the inbox is."""

from collections.abc import Iterable, Sequence
from typing import Any

from receiver.effects import Effect
from receiver.store import telling
from receiver.store.postgresql import effecting, query
from receiver.store.postgresql.query import Connection
from receiver.store.rows import ATTEMPT
from receiver.store.telling import TellingEnvelope
from receiver.store.telling_deliveries import OWED, Owed
from receiver.timeline import Told

_NAMING = {
    column: (
        prefix,
        f"""
SELECT envelope_seq FROM subject WHERE subject = ANY(%(subjects)s)
UNION
SELECT envelope_seq FROM delivery WHERE {column} = ANY(%(ids)s)
""",  # noqa: S608  (constants)
    )
    for column, prefix in (("order_id", "order"), ("refund_id", "refund"))
}

_REFUNDS = """
SELECT refund_id, platform FROM envelope
WHERE seq = ANY(%(seqs)s) AND order_id = %(id)s AND refund_id IS NOT NULL
UNION
SELECT delivery.refund_id, platform FROM delivery JOIN envelope ON envelope.seq = delivery.envelope_seq
WHERE delivery.order_id = %(id)s AND delivery.refund_id IS NOT NULL
"""

_REDELIVERIES = """
SELECT envelope_seq, received_at, bytes_digest FROM redelivery WHERE envelope_seq = ANY(%s) ORDER BY seq
"""

_OWED = f"""
SELECT {OWED},
       CASE WHEN state = 'due' AND NOT head THEN
         (SELECT id FROM delivery AS other
          WHERE other.lane = delivery.lane AND other.handler = delivery.handler AND other.head)
       END
FROM delivery WHERE envelope_seq = ANY(%s) ORDER BY envelope_seq, number, id
"""  # noqa: S608  (constants)


def timeline(connection: Connection, subject_id: str) -> list[Told]:
    connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")  # one snapshot
    return telling.timeline(_Rows(connection), subject_id, now=query.value(connection, "SELECT now_ms()"))


class _Rows:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def naming(self, column: str, ids: Iterable[str]) -> set[int]:
        prefix, statement = _NAMING[column]
        asked = list(ids)
        named = {"ids": asked, "subjects": [f"{prefix}:{each}" for each in asked]}
        return {seq for (seq,) in query.rows(self._connection, statement, named)}

    def refunds(self, order_id: str, seqs: Iterable[int]) -> list[tuple[Any, ...]]:
        return query.rows(self._connection, _REFUNDS, {"seqs": list(seqs), "id": order_id})

    def on_platform(self, seqs: Iterable[int], platform: str) -> set[int]:
        of = "SELECT seq FROM envelope WHERE seq = ANY(%s) AND coalesce(platform, %s) = %s"
        return {seq for (seq,) in query.rows(self._connection, of, (list(seqs), platform, platform))}

    def envelopes(self, seqs: Iterable[int]) -> list[TellingEnvelope]:
        of = f"SELECT {', '.join(TellingEnvelope._fields)} FROM envelope WHERE seq = ANY(%s) ORDER BY seq"  # noqa: S608
        return [TellingEnvelope(*row) for row in query.rows(self._connection, of, (list(seqs),))]

    def redeliveries(self, seqs: Iterable[int]) -> list[tuple[Any, ...]]:
        return query.rows(self._connection, _REDELIVERIES, (list(seqs),))

    def owed(self, seqs: Iterable[int]) -> list[Owed]:
        return [Owed(*row) for row in query.rows(self._connection, _OWED, (list(seqs),))]

    def attempts(self, delivery_ids: Sequence[int]) -> list[tuple[Any, ...]]:
        of = (
            f"SELECT delivery_id, {ATTEMPT} FROM attempt"  # noqa: S608  (constants)
            " WHERE delivery_id = ANY(%s) ORDER BY delivery_id, number"
        )
        return query.rows(self._connection, of, (list(delivery_ids),))

    def effects(self, delivery_ids: Sequence[int]) -> list[Effect]:
        return effecting.effects(self._connection, delivery_ids)
