"""How far behind we are, for the metrics."""

from datetime import timedelta

from receiver.store.base import Backlog
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection

_UNDISPATCHED = "SELECT now_ms() - received_at FROM envelope WHERE state = 'stored' ORDER BY seq LIMIT 1"
_DUE = "SELECT now_ms() - min(due_at) FROM delivery WHERE state = 'due' AND head AND due_at <= now_ms()"
_DEEPEST_LANE = """
SELECT max(depth) FROM (
  SELECT count(*) AS depth FROM delivery
  WHERE lane IS NOT NULL AND state IN ('due', 'offered', 'running') GROUP BY lane, handler) AS lanes
"""
_DEAD = "SELECT handler, count(*) FROM delivery WHERE state = 'dead' GROUP BY handler"
_DRIFT = "SELECT source, kind, count(*) FROM drift GROUP BY source, kind"


def backlog(connection: Connection) -> Backlog:
    def age(question: str) -> timedelta:
        return timedelta(milliseconds=max(0, query.value(connection, question) or 0))

    return Backlog(
        oldest_undispatched=age(_UNDISPATCHED),
        oldest_due=age(_DUE),
        deepest_lane=query.value(connection, _DEEPEST_LANE) or 0,
        dead=dict(query.rows(connection, _DEAD)),
        drift={(source, kind): count for source, kind, count in query.rows(connection, _DRIFT)},
    )
