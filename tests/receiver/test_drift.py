"""Drift is news of the platform's: known shapes are silent, differences are told by path, and no body breaks it."""

import json
import re
from datetime import UTC, datetime
from typing import Any

import pytest
from builders import account, message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from receiver import drift, exact
from receiver.drift import Drift, Known, Shape
from receiver.simulator.planned import Sender
from receiver.simulator.template import Values
from receiver.sources import SOURCES, shapes
from receiver.sources.samples import Sample, samples

TOPIC = "ORDER_BUYER_VIEW_ORDER_PRICE_MODIFY"
SAMPLES = [sample for source in SOURCES for sample in samples(source)]

#: A step of a path: a field's name, or any key, and any element of lists in it; the root's own has no name.
STEP = re.compile(r"([A-Za-z_][A-Za-z0-9_-]{0,63}|\{\}|)(\[\])*")


def named(name: str) -> Sample:
    (sample,) = [sample for sample in SAMPLES if sample.name == name]
    return sample


def told(source: str, topic: str, text: bytes) -> list[tuple[str, str]]:
    """Kind and path."""
    return [(each.kind, each.path) for each in drift.compare(topic, exact.loads(text), shapes.known(source))]


def changed(name: str, change: Any) -> list[tuple[str, str]]:
    """What is told of a sample after a change to its parsed body, whichever way that is written."""
    sample = named(name)
    content = exact.loads(sample.message)
    key = "messageBody" if "messageBody" in content else "data"
    text = isinstance(content[key], str)
    body = exact.loads(content[key]) if text else content[key]
    change(body)
    content[key] = json.dumps(body) if text else body
    return told(sample.source, sample.topic, json.dumps(content).encode())


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda sample: f"{sample.source}/{sample.name}")
def test_no_sample_drifts(sample: Sample) -> None:
    assert told(sample.source, sample.topic, sample.message) == []


@pytest.mark.parametrize("source", SOURCES)
def test_no_step_of_a_simulated_life_drifts(source: str) -> None:
    then = datetime(2026, 5, 20, 7, 47, 49, tzinfo=UTC)
    values = Values(order_id=1, refund_id=2, message_id=3, pushed=then, created=then, occurred=then)
    for life in Sender(account(source), SOURCES[source]).lives:
        for script in life:
            assert told(source, script.topic, script.template.fill(values)) == [], script.topic


@pytest.mark.parametrize("name", [f"{TOPIC}.1688.{form}" for form in ("object", "text", "flat")])
def test_a_new_field_is_told_in_whichever_way_the_body_is_written(name: str) -> None:
    assert changed(name, lambda body: body.update(buyerRating=5)) == [("field", "messageBody.buyerRating")]


def test_a_new_field_in_one_element_of_a_list_is_told() -> None:
    def change(body: Any) -> None:
        body["productItems"].append({**body["productItems"][0], "giftWrap": {"colour": "red"}})

    where = "messageBody.productItems[].giftWrap"
    assert changed(f"{TOPIC}.1688.text", change) == [("field", where), ("field", f"{where}.colour")]


@pytest.mark.parametrize("form", ["object", "text"])
def test_a_field_of_every_sample_that_is_absent_has_vanished(form: str) -> None:
    assert changed(f"{TOPIC}.1688.{form}", lambda body: body["baseInfo"].pop("idOfStr")) == [
        ("vanished", "messageBody.baseInfo.idOfStr")
    ]


def test_null_has_not_vanished() -> None:
    assert changed(f"{TOPIC}.1688.flat", lambda body: body.update(orderNo=None)) == []


def test_what_stood_in_a_vanished_object_is_not_told_beside_it() -> None:
    assert changed(f"{TOPIC}.taobao.object", lambda body: body.pop("purchaseOrderPriceDTO")) == [
        ("vanished", "messageBody.purchaseOrderPriceDTO")
    ]


def test_an_empty_list_and_a_null_object_lack_nothing() -> None:
    assert changed(f"{TOPIC}.taobao.object", lambda body: body.update(subOrders=[], purchaseOrderPriceDTO=None)) == []


def test_a_field_that_only_one_shape_has_is_not_missed_in_another() -> None:
    (reverse,) = [sample for sample in samples("taobao_global") if sample.topic == "0"]
    content = exact.loads(reverse.message)
    for field in ("reverse_order_id", "reverse_order_line_id"):
        del content["data"][field]
    assert told("taobao_global", "0", json.dumps(content).encode()) == []


def test_documented_fields_that_no_sample_has_are_known() -> None:
    assert changed(f"{TOPIC}.1688.text", lambda body: body["baseInfo"].update(alipayTradeId="1")) == []
    assert changed("ORDER_BUYER_VIEW_ORDER_STEP_PAY", lambda body: body.pop("sellerMemberId")) == []


def test_a_body_is_compared_with_the_nearest_shape_of_its_topic() -> None:
    """The flat body has next to nothing in common with the order's detail, and misses nothing of it."""
    assert changed(f"{TOPIC}.1688.flat", lambda body: body.pop("payStatus")) == [("vanished", "messageBody.payStatus")]


def test_an_unknown_topic_is_told_once_without_its_fields() -> None:
    assert told("pandapon", "ORDER_OF_TOMORROW", message("ORDER_OF_TOMORROW", what="ever")) == [("topic", "")]


def test_a_topic_known_by_name_alone_is_no_news_but_its_fields_are() -> None:
    text = message("ORDER_BUYER_VIEW_MODIFY_MEMO", memo="x")
    fields = ["memo", "orderId", "orderStatus", "payStatus"]
    assert told("pandapon", "ORDER_BUYER_VIEW_MODIFY_MEMO", text) == [
        ("field", f"messageBody.{field}") for field in fields
    ]


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_known_here_is_what_the_source_decodes(source: str) -> None:
    """Else a topic that handlers are served would be listed as one that nobody told us of."""
    assert {*shapes.known(source).topics} == {*SOURCES[source].topics}


def test_a_map_of_ids_is_one_field() -> None:
    lines = {f"{3305075341149134260 + number}": {"count": 1} for number in range(5_000)}
    where = "messageBody.lines"
    assert changed(f"{TOPIC}.1688.flat", lambda body: body.update(lines=lines)) == [
        ("field", where),
        ("field", f"{where}.{{}}"),
        ("field", f"{where}.{{}}.count"),
    ]


@pytest.mark.parametrize(
    "key", ["13800138000", "0", "林小雨", "a@b.cn", "TQ10293847", "a b", "", "x" * 65, "a.b", "a[]", "2026-05-20", "\0"]
)
def test_a_key_that_is_a_value_stands_in_no_path(key: str) -> None:
    assert changed(f"{TOPIC}.1688.flat", lambda body: body.update({key: 1})) == [("field", "messageBody.{}")]


def test_the_keys_of_a_documented_map_are_values_whatever_they_look_like() -> None:
    text = b'{"seller_id":"1","message_type":8,"timestamp":1,"site":"taobao_hk","data":{"features":{"zhang_san":"1"}}}'
    assert told("taobao_global", "8", text) == []


def test_what_a_person_wrote_is_no_field_although_it_is_json() -> None:
    assert changed(f"{TOPIC}.1688.flat", lambda body: body.update(closeReason='{"zhang_san":1}')) == []


def test_one_callback_tells_a_hundred_fields_at_most_of_a_kind() -> None:
    found = changed(f"{TOPIC}.1688.flat", lambda body: body.update({f"new_{number:03}": 1 for number in range(5_000)}))
    assert [kind for kind, _ in found] == ["field"] * drift.MAX_PATHS


def test_a_path_is_no_longer_than_its_limit() -> None:
    def nest(body: dict[str, Any]) -> None:
        for _ in range(15):
            body["name_that_is_thirty_letters_lon"] = body = {}

    found = changed(f"{TOPIC}.1688.flat", nest)
    assert found
    assert max(len(path) for _, path in found) <= drift.MAX_PATH


def test_what_was_not_looked_at_is_not_missed() -> None:
    """Beyond the limits nobody can say that a field is absent."""
    known = Known({"T": (Shape(frozenset({"first", "last"}), frozenset({"last"})),)}, frozenset({""}), frozenset())
    huge: dict[str, Any] = {"first": [{}] * 1_000_000}
    assert drift.compare("T", huge, known) == ()
    assert drift.compare("T", {"first": 1}, known) == (Drift("vanished", "T", "last"),)


texts = st.text(max_size=8) | st.sampled_from(["messageBody", "data", "orderId", "baseInfo", "sku_list", "features"])
bodies = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | texts
    | st.sampled_from(['{"a":1}', "[[", '{"orderId":"1"}']),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=30,
)


@settings(max_examples=500)
@given(source=st.sampled_from([*SOURCES]), content=bodies, data=st.data())
def test_it_never_raises_and_says_only_names(source: str, content: Any, data: st.DataObject) -> None:
    known = shapes.known(source)
    topic = data.draw(st.sampled_from([*known.topics]))
    for each in drift.compare(topic, content, known):
        for step in each.path.split("."):
            assert STEP.fullmatch(step), each.path


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow])
@given(sample=st.sampled_from(SAMPLES), data=st.data())
def test_a_mutated_sample_never_raises_and_quotes_nothing(sample: Sample, data: st.DataObject) -> None:
    content = exact.loads(sample.message)
    at = content
    while isinstance(at, dict) and at:
        key = data.draw(st.sampled_from(sorted(at)))
        if data.draw(st.booleans()):
            at[key] = data.draw(bodies)
            at[data.draw(texts)] = "PLANTED"
            break
        at = at[key]
    found = drift.compare(sample.topic, content, shapes.known(sample.source))
    assert "PLANTED" not in repr(found)


@pytest.mark.parametrize("depth", [30, 100_000])
@pytest.mark.parametrize("key", ["data", None])
def test_deep_nesting_ends(depth: int, key: str | None) -> None:
    nested: Any = []
    for _ in range(depth):
        nested = [nested] if key is None else {key: [nested]}
    for source in SOURCES:
        for topic in shapes.known(source).topics:
            drift.compare(topic, nested, shapes.known(source))
    while nested:  # taken apart: the interpreter's own end of so deep a thing is slow
        nested = nested.pop() if key is None else nested[key].pop()
