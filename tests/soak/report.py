"""The rounds as tables in Markdown."""

import math
import os
import platform
from collections.abc import Sequence

from soak.round import Round
from soak.sender import Answer

_COLUMNS = (
    "fault",
    "sent",
    "answered 200",
    "lost",
    "twice",
    "out of order",
    "not ended",
    "dead",
    "attempts lost",
    "refused 503",
    "no answer",
    "p99.9, ms",
    "slowest, ms",
    "recovery, s",
)


def machine(store: str) -> str:
    """What it ran on, and nobody's name."""
    kernel = f"{platform.system()} {platform.release().split('-')[0]}"
    return f"{os.cpu_count()} cores, {kernel}, Python {platform.python_version()}, {store}"


def table(title: str, rounds: Sequence[Round], forbidden: Sequence[tuple[str, str]]) -> str:
    lines = [f"## {title}", "", _row(_COLUMNS), _row(["---"] + ["---:"] * (len(_COLUMNS) - 1))]
    lines += [_row(_cells(each)) for each in rounds]
    lines += [""] + [f"Not run: {fault}: {reason}." for fault, reason in forbidden]
    lines += [f"Broken: {each.fault}: {each.verdict.broken}." for each in rounds if each.verdict.broken]
    return "\n".join(lines).rstrip() + "\n"


def _cells(each: Round) -> list[str]:
    verdict = each.verdict
    refused = sum(answer.status not in (None, answer.planned.expected) for answer in each.answers)
    unanswered = sum(answer.status is None for answer in each.answers)
    slowest = max((answer.seconds for answer in each.answers if answer.status is not None), default=0)
    counts = (
        verdict.sent,
        verdict.acknowledged,
        verdict.lost,
        verdict.twice,
        verdict.disordered,
        verdict.unended,
        verdict.dead,
        verdict.attempts_lost,
        refused,
        unanswered,
        _p999(each.answers),
        round(slowest * 1000),
    )
    return [each.fault, *map(str, counts), f"{each.recovery:.1f}"]


def _p999(answers: Sequence[Answer]) -> int:
    """Milliseconds until a 200: of a thousand, one took longer."""
    taken = sorted(answer.seconds for answer in answers if answer.status == 200)
    return round(taken[math.ceil(0.999 * len(taken)) - 1] * 1000) if taken else 0


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"
