"""The stale guard: what a handler has succeeded with already, beside what it is about to be given."""

from typing import NamedTuple

import apsw

from receiver.standing import Standing, Verdict, compare
from receiver.store.sqlite import query
from receiver.store.sqlite.reading import moment

#: An order tells its state a few dozen times. What lies further back has been superseded by these.
_LOOK_BACK = 50


class Judgement(NamedTuple):
    verdict: Verdict
    #: The delivery that it is older than.
    older_than: int | None


def judge(connection: apsw.Connection, delivery_id: int) -> Judgement:
    """Compare a delivery with all that succeeded before it in its lane: older than one of them is older."""
    found = query.row(
        connection, "SELECT lane, handler, tells_state, stage, occurred_at FROM delivery WHERE id = ?", (delivery_id,)
    )
    if found is None:
        raise LookupError("a delivery that is not there")
    lane, handler, tells_state, *told = found
    if lane is None or not tells_state:
        return Judgement("newer", None)
    this = standing(*told)
    before = query.rows(
        connection,
        "SELECT id, stage, occurred_at FROM delivery WHERE lane = ? AND handler = ? AND id <> ?"
        " AND state = 'succeeded' AND tells_state = 1 ORDER BY id DESC LIMIT ?",
        (lane, handler, delivery_id, _LOOK_BACK),
    )
    verdicts = [(compare(this, standing(stage, at)), other) for other, stage, at in before]
    for verdict, other in verdicts:
        if verdict == "older":
            return Judgement("older", other)
    return Judgement("unknown" if any(verdict == "unknown" for verdict, _ in verdicts) else "newer", None)


def standing(stage: int | None, occurred_at: int | None) -> Standing:
    return Standing(stage, None if occurred_at is None else moment(occurred_at))


def columns(told: Standing | None) -> tuple[bool, int | None, int | None]:
    """``tells_state``, ``stage``, ``occurred_at`` of a row."""
    if told is None:
        return False, None, None
    at = None if told.at is None else round(told.at.timestamp() * 1000)
    return True, told.stage, at
