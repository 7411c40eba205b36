"""What an envelope is found by, while it is noted in memory alone, while it is moved, and after it was."""

import asyncio
import contextlib
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import apsw
import pytest
from builders import Clock, envelope
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from receiver.deliveries import Filters
from receiver.envelope import Envelope, Receipt
from receiver.store.sqlite import SqliteStore, connecting, indexing, system_clock


@pytest.fixture(autouse=True)
def _often_and_little_by_little(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(indexing, "MOST", 8)
    monkeypatch.setattr(indexing, "SLICE", 3)


def put(store: SqliteStore, *envelopes: Envelope) -> list[Receipt]:
    return asyncio.run(store.put(envelopes))


@contextlib.contextmanager
def opened(path: Path) -> Iterator[SqliteStore]:
    store = SqliteStore(path)
    store.migrate()
    yield store
    store.close()


def rows(path: Path, statement: str) -> list[tuple[object, ...]]:
    with contextlib.closing(apsw.Connection(str(path))) as connection:
        return list(connection.execute(statement))


def tables_tell_of_all_that_they_should(path: Path) -> int:
    """Every envelope up to the mark stands in both tables: the mark."""
    [(up_to,)] = rows(path, "SELECT up_to FROM indexed")
    assert isinstance(up_to, int)
    until = f"FROM envelope WHERE seq <= {up_to}"
    wanted = f"SELECT identity, account, generation, seq {until} EXCEPT SELECT * FROM indexed_identity"
    assert rows(path, wanted) == []
    for prefix in ("order", "refund"):
        named = f"SELECT '{prefix}:' || {prefix}_id, account, seq {until} AND {prefix}_id IS NOT NULL"
        assert rows(path, f"{named} EXCEPT SELECT * FROM indexed_subject") == []
    return up_to


def test_all_of_it_comes_into_the_file_round_by_round(tmp_path: Path) -> None:
    with opened(path := tmp_path / "yizhan.db") as store:
        for number in range(60):
            put(store, envelope(refund_ids=(str(number),) if number % 3 else ()))
        assert tables_tell_of_all_that_they_should(path) > 30
        recent = {
            table: store._write.run(lambda c: list(c.execute(f"SELECT count(*) FROM recent_{table}")))  # noqa: B023
            for table in ("identity", "subject")
        }
    assert all(count < 40 for [(count,)] in recent.values()), "what was moved is no longer kept in memory"


def test_a_batch_larger_than_a_round_is_moved_by_those_after_it(tmp_path: Path) -> None:
    with opened(path := tmp_path / "yizhan.db") as store:
        put(store, *(envelope() for _ in range(30)))
        for _ in range(25):
            put(store, envelope())
    assert tables_tell_of_all_that_they_should(path) >= 30


def test_what_is_not_moved_does_not_grow_with_large_batches(tmp_path: Path) -> None:
    with opened(path := tmp_path / "yizhan.db") as store:
        for _ in range(40):
            put(store, *(envelope(refund_ids=("9",)) for _ in range(10)))
        store._write.run(lambda _: None)
    assert tables_tell_of_all_that_they_should(path) > 400 - 40


@pytest.mark.parametrize("later", [0, 6, 9, 12, 30])
def test_an_order_is_found_wherever_it_is_noted(tmp_path: Path, later: int) -> None:
    with opened(tmp_path / "yizhan.db") as store:
        [receipt, _] = put(store, envelope(order_ids=("7",), refund_ids=("9",)), envelope(order_ids=("8",)))
        for _ in range(later):
            put(store, envelope())
        for chosen in (Filters(order_id="7"), Filters(refund_id="9")):
            assert [found.id for found in store.envelopes(chosen, 10)] == [receipt.envelope_id]
        assert len(store.timeline("7")) == 1


@given(
    turns=st.lists(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 2)), min_size=1, max_size=5), max_size=25),
    restarts=st.sets(st.integers(0, 25)),
)
@settings(max_examples=60, deadline=None)
def test_envelopes_are_judged_as_by_an_index_that_is_always_there(
    turns: list[list[tuple[int, int]]], restarts: set[int]
) -> None:
    """Few messages about fewer orders, sent again and again: by one store that moves, and by one that keeps all."""
    made = {
        key: envelope(order_ids=(str(key[0] % 4),), content={"message": key[0]}, push_time=str(key[1]))
        for turn in turns
        for key in turn
    }
    verdicts = []
    for most in (2, 1_000):
        with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
            patch.setattr(indexing, "MOST", most)
            path, clock = Path(folder) / "yizhan.db", Clock()
            store = SqliteStore(path, clock=clock)
            store.migrate()
            judged = []
            for number, turn in enumerate(turns):
                if number in restarts and most == 2:
                    store.close()
                    store = SqliteStore(path, clock=clock)
                judged += put(store, *(made[key] for key in turn))
            store.close()
            tables_tell_of_all_that_they_should(path)
            numbers: dict[str, int] = {}
            verdicts.append(
                [
                    (numbers.setdefault(each.envelope_id, len(numbers)), each.redelivery, each.ambiguous)
                    for each in judged
                ]
            )
    assert verdicts[0] == verdicts[1]


def test_what_another_process_accepted_meanwhile_is_known(tmp_path: Path) -> None:
    with opened(tmp_path / "yizhan.db") as one, opened(tmp_path / "yizhan.db") as other:
        sent = [envelope() for _ in range(20)]
        for first, second in zip(sent[::2], sent[1::2], strict=True):
            assert not put(one, first)[0].redelivery
            assert not put(other, second)[0].redelivery
        for store in (one, other):
            assert all(receipt.redelivery for receipt in put(store, *sent))
    assert tables_tell_of_all_that_they_should(tmp_path / "yizhan.db") > 0


def test_a_step_that_fails_is_told_and_its_round_begun_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(path := tmp_path / "yizhan.db") as store:
        put(store, *(envelope() for _ in range(7)))
        move, failing = indexing._move, [True, False, True]

        def fail(*arguments: object) -> object:
            if failing and failing.pop():
                raise apsw.FullError("database or disk is full")
            return move(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(indexing, "_move", fail)
        with capture_logs() as lines:
            for _ in range(40):
                assert not put(store, envelope())[0].redelivery
            store._write.run(lambda _: None)
        failed = [line for line in lines if line["event"] == "store.upkeep_failed"]
        assert [line["error"] for line in failed] == ["SQLite: FullError: database or disk is full"] * 2
    assert tables_tell_of_all_that_they_should(path) > 20


_MORTAL = """
import asyncio, sys
from pathlib import Path
from builders import envelope
from receiver.store.sqlite import SqliteStore, indexing
indexing.MOST, indexing.SLICE = 40, 7
store = SqliteStore(Path(sys.argv[1]))
first = int(sys.argv[2])
for number in range(first, first + 100_000):
    [receipt] = asyncio.run(store.put([envelope(order_ids=(str(number),))]))
    assert not receipt.redelivery
    print(number, flush=True)
"""


def test_what_was_accepted_is_known_after_a_sigkill_at_any_point_of_a_round(tmp_path: Path) -> None:
    """Three lives, each cut off somewhere in its rounds."""
    with opened(path := tmp_path / "yizhan.db"):
        pass
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parents[2])}
    told: list[int] = []
    for enough in (90, 131, 57):
        first = max(told, default=-2) + 2  # of one it may not have told any more
        command = [sys.executable, "-c", _MORTAL, str(path), str(first)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
            assert process.stdout is not None
            told += [int(process.stdout.readline()) for _ in range(enough)]
            os.kill(process.pid, signal.SIGKILL)
            told += [int(line) for line in process.stdout.read().split()]
        tables_tell_of_all_that_they_should(path)
        with opened(path) as store:
            again = put(store, *(envelope(order_ids=(str(number),)) for number in told))
            assert all(receipt.redelivery for receipt in again)
            for number in (0, told[-1]):
                assert len(store.envelopes(Filters(order_id=str(number)), 10)) == 1
    assert tables_tell_of_all_that_they_should(path) > 100


def test_a_store_of_the_schema_before_knows_all_that_it_has(tmp_path: Path) -> None:
    path = tmp_path / "yizhan.db"
    connection = connecting.connect(path)
    before = [(name, sql) for name, sql in connecting.migrations() if name < "0012"]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(connecting, "migrations", lambda: before)
        connecting.migrate(connection, now=0)
    sent = [envelope(order_ids=(str(number),), refund_ids=("9",)) for number in range(20)]
    for number, each in enumerate(sent):
        connection.execute(
            "INSERT INTO envelope (id, account, source, order_id, refund_id, identity, generation, bytes_digest,"
            " ambiguous, received_at, payload) VALUES (?, ?, ?, ?, '9', ?, 0, ?, 0, ?, ?)",
            (
                *(str(number), each.account, each.source, each.order_ids[0]),
                *(each.identity.key, each.identity.bytes_digest, system_clock(), each.payload),
            ),
        )
    connection.close()
    with opened(path) as store:
        assert tables_tell_of_all_that_they_should(path) == 20
        assert [receipt.envelope_id for receipt in put(store, *sent)] == [str(number) for number in range(20)]
        assert len(store.envelopes(Filters(refund_id="9"), 30)) == 20
        assert len(store.envelopes(Filters(order_id="4"), 30)) == 1
