"""How far behind we are, for the metrics."""

from datetime import timedelta

import apsw

from receiver.store.base import Backlog
from receiver.store.sqlite import query

_UNDISPATCHED = "SELECT received_at FROM envelope WHERE state = 'stored' ORDER BY seq LIMIT 1"
_DUE = "SELECT min(due_at) FROM delivery WHERE state = 'due' AND head = 1 AND due_at <= ?"
_DEEPEST_LANE = """
SELECT max(depth) FROM (
  SELECT count(*) AS depth FROM delivery
  WHERE lane IS NOT NULL AND state IN ('due', 'offered', 'running') GROUP BY lane, handler)
"""
_DEAD = "SELECT handler, count(*) FROM delivery WHERE state = 'dead' GROUP BY handler"
_DRIFT = "SELECT source, kind, count(*) FROM drift GROUP BY source, kind"


def backlog(connection: apsw.Connection, *, now: int) -> Backlog:
    def age(since: int | None) -> timedelta:
        return timedelta(milliseconds=max(0, now - since) if since is not None else 0)

    return Backlog(
        oldest_undispatched=age(query.value(connection, _UNDISPATCHED)),
        oldest_due=age(query.value(connection, _DUE, (now,))),
        deepest_lane=query.value(connection, _DEEPEST_LANE) or 0,
        dead=dict(query.rows(connection, _DEAD)),
        drift={(source, kind): count for source, kind, count in query.rows(connection, _DRIFT)},
    )
