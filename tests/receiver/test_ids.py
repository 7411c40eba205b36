"""Ids of envelopes are UUIDs of version 7, and none comes twice."""

from uuid import RFC_4122, UUID

import pytest

from receiver.ids import uuid7


@pytest.mark.parametrize("unix_ms", [0, 1, 0xFFFF, 0x1_0000, 1_700_000_000_123, 2**48 - 1])
def test_an_id_is_a_uuid_of_its_time(unix_ms: int) -> None:
    text = uuid7(unix_ms)
    made = UUID(text)
    assert (str(made), made.version, made.variant, made.int >> 80) == (text, 7, RFC_4122, unix_ms)


def test_ids_sort_by_time_and_none_comes_twice() -> None:
    made = [uuid7(unix_ms) for unix_ms in range(1_700_000_000_000, 1_700_000_001_000) for _ in range(10)]
    assert len(set(made)) == len(made)
    assert [each[:13] for each in made] == sorted(each[:13] for each in made)
