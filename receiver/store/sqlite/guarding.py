"""What the stale guard is told: a delivery, and what its handler has succeeded with in its lane."""

import apsw

from receiver.store import judging
from receiver.store.judging import LOOK_BACK, NEWS, Judgement
from receiver.store.rows import standing
from receiver.store.sqlite import query


def judge(connection: apsw.Connection, delivery_id: int) -> Judgement:
    """Compare a delivery with all that succeeded before it in its lane."""
    found = query.row(
        connection, "SELECT lane, handler, tells_state, stage, occurred_at FROM delivery WHERE id = ?", (delivery_id,)
    )
    if found is None:
        raise LookupError("a delivery that is not there")
    lane, handler, tells_state, *told = found
    if lane is None or not tells_state:
        return NEWS
    before = query.rows(
        connection,
        "SELECT id, stage, occurred_at FROM delivery WHERE lane = ? AND handler = ? AND id <> ?"
        " AND state = 'succeeded' AND tells_state = 1 ORDER BY id DESC LIMIT ?",
        (lane, handler, delivery_id, LOOK_BACK),
    )
    return judging.judge(standing(*told), [(other, standing(stage, at)) for other, stage, at in before])
