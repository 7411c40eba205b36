"""The lines of a timeline as programs read them."""

from datetime import UTC, datetime

import orjson

from receiver.timeline import UnaskedTold


def test_its_kinds_are_told_in_json_as_they_are_named() -> None:
    line = UnaskedTold(at=datetime(2026, 5, 20, tzinfo=UTC), envelope_id="e")
    assert [*orjson.loads(orjson.dumps(line))] == ["at", "kind", "envelope_id"]
