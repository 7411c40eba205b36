"""What the stale guard is told: a delivery, and what its handler has succeeded with in its lane."""

from collections.abc import Sequence

from receiver.store import judging
from receiver.store.judging import LOOK_BACK, NEWS, Judgement
from receiver.store.postgresql import query
from receiver.store.postgresql.query import Connection
from receiver.store.rows import standing


def judge(connection: Connection, delivery_id: int) -> Judgement:
    """Compare a delivery with all that succeeded before it in its lane."""
    found = query.row(
        connection, "SELECT lane, handler, tells_state, stage, occurred_at FROM delivery WHERE id = %s", (delivery_id,)
    )
    if found is None:
        raise LookupError("a delivery that is not there")
    lane, handler, tells_state, *told = found
    if lane is None or not tells_state:
        return NEWS
    before = query.rows(
        connection,
        "SELECT id, stage, occurred_at FROM delivery WHERE lane = %s AND handler = %s AND id <> %s"
        " AND state = 'succeeded' AND tells_state ORDER BY id DESC LIMIT %s",
        (lane, handler, delivery_id, LOOK_BACK),
    )
    return judging.judge(standing(*told), [(other, standing(stage, at)) for other, stage, at in before])


def stale(connection: Connection, delivery_ids: Sequence[int]) -> list[int]:
    return [each for each in delivery_ids if judge(connection, each).verdict == "older"]
