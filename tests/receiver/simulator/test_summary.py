"""The numbers at the end of a run."""

import pytest

from receiver.settings import demo_accounts
from receiver.simulator.faults import Faults
from receiver.simulator.plan import plan
from receiver.simulator.planned import Kind, Planned
from receiver.simulator.post import Answer
from receiver.simulator.summary import Summary
from receiver.sources import SOURCES

POSTS: dict[str, Planned] = {
    post.kind: post
    for post in plan(
        [(account, SOURCES[account.source]) for account in demo_accounts()],
        count=1,
        faults=Faults(duplicate=1, late=1, forge=1, corrupt=1),
        seed=1,
    )
}


def answer(kind: Kind, outcome: int | str, ms: float = 1.0) -> Answer:
    return Answer(POSTS[kind], outcome, ms / 1000)  # type: ignore[arg-type]


def summary(*answers: Answer) -> Summary:
    found = Summary(seed=7)
    for each in answers:
        found.add(each)
    return found


def test_answers_are_counted_by_outcome_and_by_kind() -> None:
    found = summary(
        answer("genuine", 200),
        answer("genuine", 503),
        answer("genuine", "timeout"),
        answer("duplicate", 200),
        answer("late", "unreachable"),
        answer("forged", 401),
        answer("forged", 200),
        answer("corrupt", 401),
    )
    found.elapsed = 2.0
    row = found.to_json()
    assert row["sent"] == 8
    assert row["acknowledged"] == 3
    assert row["refused"] == {"401": 2, "503": 1}
    assert (row["timeout"], row["unreachable"], row["unexpected"]) == (1, 1, 2)
    assert row["kinds"] == {
        "genuine": {"sent": 3, "as_expected": 1},
        "duplicate": {"sent": 1, "as_expected": 1},
        "late": {"sent": 1, "as_expected": 0},
        "forged": {"sent": 2, "as_expected": 1},
        "corrupt": {"sent": 1, "as_expected": 1},
    }
    assert (row["elapsed_s"], row["rate"], row["seed"], row["interrupted"]) == (2.0, 4.0, 7, False)


def test_percentiles_are_by_nearest_rank_over_acknowledgements_alone() -> None:
    answers = [answer("genuine", 200, ms) for ms in range(1000, 0, -1)]
    assert summary(*answers, answer("forged", 401, 5000), answer("genuine", "timeout", 9000)).to_json()["ack_ms"] == {
        "p50": 500.0,
        "p99": 990.0,
        "p99_9": 999.0,
        "max": 1000.0,
    }


def test_one_acknowledgement_is_every_percentile() -> None:
    assert set(summary(answer("genuine", 200, 3)).to_json()["ack_ms"].values()) == {3.0}


def test_without_acknowledgements_there_are_no_percentiles() -> None:
    found = summary(answer("genuine", "unreachable"))
    assert found.to_json()["ack_ms"] is None
    assert "ack ms" not in str(found)


@pytest.mark.parametrize(
    ("kind", "outcome", "failed"),
    [
        ("genuine", 200, 0),
        ("genuine", 401, 1),
        ("genuine", 204, 1),
        ("genuine", "timeout", 1),
        ("duplicate", 503, 1),
        ("late", "unreachable", 1),
        ("forged", 401, 0),
        ("forged", 200, 1),
        ("corrupt", 200, 1),
        ("corrupt", 503, 0),
        ("corrupt", "timeout", 0),
    ],
)
def test_a_run_fails_by_genuine_callbacks_not_acknowledged_and_by_fakes_that_are(
    kind: Kind, outcome: int | str, failed: int
) -> None:
    assert summary(answer(kind, outcome)).failed == failed


def test_people_read_one_line() -> None:
    found = summary(answer("genuine", 200, 2), answer("genuine", "timeout"), answer("corrupt", 401))
    found.elapsed = 2.0
    assert str(found) == (
        "sent 3 (2 genuine, 1 corrupt) · acknowledged 1 · refused 1 (1x401) · timeout 1"
        " · ack ms p50 2.0 p99 2.0 p99.9 2.0 max 2.0 · 2.0 s, 1.5/s · seed 7 · FAILED 1"
    )


def test_nothing_sent_is_no_failure() -> None:
    found = summary()
    found.interrupted = True
    assert found.failed == 0
    assert str(found) == "sent 0 · acknowledged 0 · refused 0 · 0.0 s · seed 7 · interrupted · as expected"
