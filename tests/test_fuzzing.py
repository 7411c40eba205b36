"""The targets of `make soak` hold for what the fuzzer begins with, and for all of it cut short."""

import pytest
from fuzzing.targets import targets

TARGETS = targets()


@pytest.mark.parametrize("name", TARGETS)
def test_target_holds_for_its_seeds(name: str) -> None:
    target = TARGETS[name]
    assert target.seeds
    for seed in target.seeds:
        for data in (seed, seed[: len(seed) // 2], seed[1:], b""):
            target.run(data)
