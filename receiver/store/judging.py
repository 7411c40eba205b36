"""The stale guard: what a handler has succeeded with already, beside what it is about to be given."""

from collections.abc import Iterable
from typing import NamedTuple

from receiver.standing import Standing, Verdict, compare

#: An order tells its state a few dozen times. What lies further back has been superseded by these.
LOOK_BACK = 50


class Judgement(NamedTuple):
    verdict: Verdict
    #: The delivery that it is older than.
    older_than: int | None


NEWS = Judgement("newer", None)


def judge(this: Standing, before: Iterable[tuple[int, Standing]]) -> Judgement:
    """``before``: what succeeded in its lane, by id. Older than one of them is older."""
    verdicts = [(compare(this, that), other) for other, that in before]
    for verdict, other in verdicts:
        if verdict == "older":
            return Judgement("older", other)
    return Judgement("unknown" if any(verdict == "unknown" for verdict, _ in verdicts) else "newer", None)
