"""What the stale guard is told: a delivery, and what its handler has succeeded with in its lane."""

from collections.abc import Sequence

from receiver.store import judging
from receiver.store.judging import LOOK_BACK, Judgement
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.rows import standing

#: What ``judge`` reads of a delivery that is called ``this``: what it tells, and lists of what succeeded before it in
#: its lane. They are NULL where there is nothing to compare.
TOLD = "this.stage, this.occurred_at, before.ids, before.stages, before.times"
BEFORE = f"""
LATERAL (
  SELECT array_agg(id) AS ids, array_agg(stage) AS stages, array_agg(occurred_at) AS times FROM (
    SELECT id, stage, occurred_at FROM delivery
    WHERE lane = this.lane AND handler = this.handler AND id <> this.id AND state = 'succeeded' AND tells_state
      AND this.tells_state
    ORDER BY id DESC LIMIT {LOOK_BACK}) AS newest) AS before
"""  # noqa: S608  (a constant)

#: Judged at a time: what each is compared with is some kilobytes.
_AT_ONCE = 1_000

_STALE = f"SELECT this.id, {TOLD} FROM delivery AS this, {BEFORE} WHERE this.id = ANY(%s)"  # noqa: S608  (constants)


def judge(
    stage: int | None,
    occurred_at: int | None,
    ids: Sequence[int] | None,
    stages: Sequence[int | None] | None,
    times: Sequence[int | None] | None,
) -> Judgement:
    """Compare a delivery with all that succeeded before it in its lane."""
    before = zip(ids or (), stages or (), times or (), strict=True)
    return judging.judge(standing(stage, occurred_at), [(other, standing(*told)) for other, *told in before])


def stale(connection: Connection, delivery_ids: Sequence[int]) -> list[int]:
    old = set[int]()
    for first in range(0, len(delivery_ids), _AT_ONCE):
        found = query.rows(connection, _STALE, (list(delivery_ids[first : first + _AT_ONCE]),))
        old |= {delivery_id for delivery_id, *told in found if judge(*told).verdict == "older"}
    return [each for each in delivery_ids if each in old]
