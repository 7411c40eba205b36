"""Every documented message, with anything in it missing or wrong: decoded all the same, or Undecodable, never worse."""

import contextlib
import copy
import json
from collections.abc import Iterator
from typing import Any

import pytest
from builders import account, callback, decoded
from hypothesis import given, settings
from hypothesis import strategies as st

from receiver.errors import Undecodable
from receiver.sources import SOURCES
from receiver.sources.samples import Sample, samples
from receiver.vocabulary import event_types

Path = tuple[str | int, ...]

SAMPLES = [sample for source in SOURCES for sample in samples(source)]

#: What every callback needs: its topic, and where it says what. The platform decides where a body names its order.
ENVELOPE = {"messageType", "message_type", "type", "messageBody", "data", "messagePlatform"}
#: What a body needs: ids, and what holds them. Of ``baseInfo`` either id will do.
IDS = {
    *("orderId", "refundId", "salesOrderId", "purchase_id", "refund_id", "reverse_order_id", "baseInfo"),
    *("refundOrderAggregate", "refundOrder", "batchPay", "OrderLogisticsTracingModel", "orderLogsItems"),
}
#: Where a refund's body does not need to name its order.
ORDER_IDS = {"orderId", "salesOrderId"}
#: What decides the class, under topics that leave it to a word.
WORDS = {"status", "currentStatus", "refundAction", "refundStatus", "refund_status"}

WRONG: list[Any] = [None, True, 3.7, -1, 10**30, "", "nonsense", "x" * 300, [], {}, [None], [[1]], {"x": {"y": []}}]
DELETED = object()


def parsed(sample: Sample) -> dict[str, Any]:
    """The message, text inside text included."""
    message: dict[str, Any] = json.loads(sample.message)
    if isinstance(message.get("messageBody"), str):
        message["messageBody"] = json.loads(message["messageBody"])
    return message


def paths(value: Any, above: Path = ()) -> Iterator[Path]:
    """Every place in it."""
    children: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield (*above, key)
        yield from paths(child, (*above, key))


def changed(message: dict[str, Any], path: Path, replacement: Any) -> None:
    """Put it there in place, if the way there is still there."""
    *way, last = path
    parent: Any = message
    with contextlib.suppress(KeyError, IndexError, TypeError):
        for key in way:
            parent = parent[key]
        if replacement is DELETED:
            del parent[last]
        elif isinstance(parent, dict | list):
            parent[last] = replacement  # type: ignore[index]  # a key of the one, an index of the other


def written(message: dict[str, Any], sample: Sample) -> bytes:
    as_text = isinstance(json.loads(sample.message).get("messageBody"), str)
    if as_text and "messageBody" in message:
        message = {**message, "messageBody": json.dumps(message["messageBody"])}
    return json.dumps(message).encode()


def is_needed(sample: Sample, path: Path) -> bool:
    row = SOURCES[sample.source].topics[sample.topic]
    *_, last = path
    in_list_of_ids = isinstance(last, int) and path[-2] in IDS
    if len(path) == 1:
        return last in ENVELOPE
    if last in WORDS:
        in_lines = any(isinstance(key, int) for key in path)
        return bool(row.statuses) and not in_lines
    if last in ORDER_IDS and row.family == "refund":
        return False
    return last in IDS or in_list_of_ids


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.source}-{sample.name}")
def test_no_optional_field_is_missed_or_breaks_anything(sample: Sample) -> None:
    """Each in turn: deleted, null, of every wrong type. The event is of the same class, for the same subject."""
    (before,) = decoded(sample.message, sample.source)
    optional = [path for path in paths(parsed(sample)) if not is_needed(sample, path)]
    assert optional
    for path in optional:
        for replacement in (DELETED, *WRONG):
            message = parsed(sample)
            changed(message, path, copy.deepcopy(replacement) if replacement is not DELETED else DELETED)
            (event,) = decoded(written(message, sample), sample.source)
            assert type(event) is type(before), path
            assert event.refund_id == before.refund_id


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.source}-{sample.name}")
def test_a_wrong_value_anywhere_raises_nothing_but_undecodable(sample: Sample) -> None:
    for path in paths(parsed(sample)):
        for replacement in (DELETED, *WRONG):
            message = parsed(sample)
            changed(message, path, replacement)
            with contextlib.suppress(Undecodable):
                assert {type(event) for event in decoded(written(message, sample), sample.source)} <= {*event_types()}


SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(min_value=-(10**40), max_value=10**40),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", " ", "\0", "1e999", "NaN", "9" * 300, "20170913231708000-0700", '{"orderId":1}', "{", "😀"]),
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=10,
)


@settings(max_examples=1500, deadline=None)
@given(data=st.data())
def test_whatever_becomes_of_a_documented_message_decode_is_total(data: st.DataObject) -> None:
    sample = data.draw(st.sampled_from(SAMPLES))
    message = parsed(sample)
    for path in data.draw(st.lists(st.sampled_from(list(paths(message))), min_size=1, max_size=4)):
        changed(message, path, data.draw(VALUES | st.just(DELETED)))
    text = written(message, sample)
    signer = account(sample.source)
    envelope = SOURCES[sample.source].open_callback(callback(text, of=signer), signer)
    try:
        events = decoded(text, sample.source)
    except Undecodable:
        return
    assert events
    assert {type(event) for event in events} <= {*event_types()}
    lanes = [event.lane for event in events if event.lane is not None]
    # The lane of a refund's event is its refund, whatever order it names too.
    named = [f"refund:{each}" for each in envelope.refund_ids] or [f"order:{each}" for each in envelope.order_ids]
    assert lanes == [f"{envelope.platform or '-'}:{subject}" for subject in named]
