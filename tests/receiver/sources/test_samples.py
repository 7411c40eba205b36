"""The samples that ship with each source."""

import pytest

from receiver.sources import SOURCES
from receiver.sources.samples import samples


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_has_samples_under_its_own_name(name: str) -> None:
    found = samples(name)
    assert found
    assert {sample.source for sample in found} == {name}


def test_the_topic_is_the_name_up_to_the_variant() -> None:
    assert [(sample.name, sample.topic) for sample in samples("taobao_global")] == [
        ("0.reverse_order", "0"),
        ("3", "3"),
        ("9", "9"),
    ]
