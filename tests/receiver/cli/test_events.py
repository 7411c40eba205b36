"""``yizhan events``."""

import json
from collections.abc import Callable

import pytest
from typer.testing import Result

from receiver import vocabulary
from receiver.events import Event

Yizhan = Callable[..., Result]


def test_events_are_a_table_of_their_own_fields(yizhan: Yizhan) -> None:
    result = yizhan("events")
    assert result.exit_code == 0, result.output
    title, *rows = result.stdout.splitlines()
    assert title.split() == ["type", "class", "fields", "beside", "those", "of", "every", "event"]
    assert [row.split()[:2] for row in rows] == [[kind.type, kind.__name__] for kind in vocabulary.event_types()]
    assert next(row for row in rows if row.startswith("refund.rejected ")).split()[2:] == [
        "action,",
        "operator,",
        "status,",
        "amount",
    ]


def test_events_can_be_asked_for_by_type_and_by_class(yizhan: Yizhan) -> None:
    lines = [
        json.loads(line) for line in yizhan("events", "RefundRejected", "order.paid", "--json").stdout.splitlines()
    ]
    assert [line["type"] for line in lines] == ["order.paid", "refund.rejected"]
    topics = [json.loads(line) for line in yizhan("events", "OrderPaid", "--topics", "--json").stdout.splitlines()]
    assert {row["event"] for row in topics} == {"order.paid"}
    refused = yizhan("events", "OrderPayed")
    assert refused.exit_code == 2
    assert "OrderPayed: no such event" in refused.stderr


def test_events_as_json_have_parents_and_all_fields(yizhan: Yizhan) -> None:
    lines = [json.loads(line) for line in yizhan("events", "--json").stdout.splitlines()]
    assert [line["type"] for line in lines] == [kind.type for kind in vocabulary.event_types()]
    rejected = next(line for line in lines if line["class"] == "RefundRejected")
    assert list(rejected) == ["type", "class", "parents", "fields"]
    assert rejected["parents"] == ["RefundEvent", "Event"]
    assert rejected["fields"]["refund_id"] == "str"
    assert rejected["fields"].keys() > Event.model_fields.keys()


def test_topics_are_a_row_for_each_word(yizhan: Yizhan) -> None:
    lines = [json.loads(line) for line in yizhan("events", "--topics", "--json").stdout.splitlines()]
    assert len(lines) == len(vocabulary.topics())
    assert {
        "source": "alibaba1688",
        "topic": "ORDER_BUYER_VIEW_ORDER_REFUND_AFTER_SALES",
        "refinement": "action SELLER_REJECT_REFUND",
        "event": "refund.rejected",
    } in lines
    assert len(yizhan("events", "--topics").stdout.splitlines()) == len(lines) + 1


def test_the_schema_is_one_document(yizhan: Yizhan) -> None:
    assert json.loads(yizhan("events", "--json-schema").stdout) == vocabulary.json_schema()


def test_topics_can_be_had_as_markdown(yizhan: Yizhan) -> None:
    title, rule, *rows = yizhan("events", "--topics", "--markdown").stdout.splitlines()
    assert title == "| event | topic | where the body says | sources |"
    assert set(rule) == set("|-")
    assert "| `order.paid` | `3` | status `WAIT_SELLER_SEND_GOODS` | taobao_global, dajisaas |" in rows
    assert "| `order.memo_changed` | `ORDER_BUYER_VIEW_MODIFY_MEMO` |  | pandapon, alibaba1688, dajisaas |" in rows
    assert any(row.startswith("| `refund.changed` | `9` | status `0`; anything else |") for row in rows)


@pytest.mark.parametrize(
    "options",
    [
        ("--json-schema", "--topics"),
        ("--markdown",),
        ("--json-schema", "--json"),
        ("--topics", "--markdown", "--json"),
    ],
)
def test_what_cannot_be_printed_at_once_is_refused(yizhan: Yizhan, options: tuple[str, ...]) -> None:
    result = yizhan("events", *options)
    assert result.exit_code == 2
    assert "choose one" in result.stderr
    assert not result.stdout
