"""The catalogue: what it holds is what the pages say, and no more."""

from collections import Counter

import pytest
from builders import account

from receiver import operations
from receiver.accounts import Completed
from receiver.api.platforms import OPERATIONS
from receiver.errors import UndocumentedOperation, WrongCall
from receiver.sources import SOURCES
from receiver.sources.operation import Operation

PANDAPON = operations.of_source("pandapon")


def test_all_that_pandapon_documents_is_there() -> None:
    """The pages name 149; twelve of them are callbacks, which it sends to us."""
    assert Counter(row.evidence for row in PANDAPON) == {"confirmed": 55, "partial": 2, "name_only": 80}
    assert Counter(row.method for row in PANDAPON) == {"POST": 89, "GET": 21, None: 27}
    assert sum(row.callable for row in PANDAPON) == 57
    assert len(operations.of_source("alibaba1688")) == 3
    assert Counter((row.platform, row.version) for row in PANDAPON) == {
        ("taobao", "v1"): 32,
        ("taobao", "v2"): 28,
        ("1688", "v1"): 32,
        ("1688", "v2"): 33,
        ("common", "v1"): 6,
        ("common", "v2"): 6,
    }


def test_each_operation_has_a_name_of_its_own() -> None:
    found = [row.name for row in operations.operations()]
    assert len(set(found)) == len(found)
    for row in PANDAPON:
        assert row.name.startswith(f"{row.platform}.v2." if row.version == "v2" else f"{row.platform}.")
        assert (".v2." in row.name) == (row.version == "v2")


@pytest.mark.parametrize("row", operations.operations(), ids=lambda row: row.name)
def test_a_guess_is_never_a_path(row: Operation) -> None:
    assert (row.path is None) == (row.evidence == "name_only")
    assert not (row.path and row.inferred_path)
    assert row.path is None or row.method is not None
    assert row.page.startswith("https://")
    assert row.complete <= (row.evidence == "confirmed")


def test_what_cannot_be_taken_back_is_marked() -> None:
    marked = {row.name for row in PANDAPON if row.irreversible}
    assert len(marked) == 39
    for name in (
        "taobao.refund.submit_message",
        "taobao.v2.refund.cancel",
        "1688.refund.create",
        "1688.order.confirm_receipt",
        "1688.order.pay",
        "common.freight.book",
    ):
        assert name in marked
    assert not any(".query" in name or ".list" in name or ".render" in name for name in marked)


def test_each_named_method_stands_for_operations_there_are() -> None:
    known = {row.name: row for row in PANDAPON}
    for platforms in OPERATIONS.values():
        for platform, names in platforms.items():
            assert {known[name].platform for name in names} == {platform}
            assert len({known[name].irreversible for name in names}) == 1


def test_what_is_not_public_says_how_to_complete_it() -> None:
    with pytest.raises(UndocumentedOperation) as caught:
        operations.named("taobao.v2.refund.submit_message", account())
    text = str(caught.value)
    assert "[accounts.operations]" in text
    assert '"taobao.v2.refund.submit_message" = {method = "POST", path = "/…"}' in text
    assert "a guess, never called: /v2/taobao/order/refund/submit/message" in text


def test_configuration_completes_an_operation() -> None:
    completed = Completed(operation="taobao.order.detail", method="GET", path="/open/order/{orderId}")
    found = operations.named("taobao.order.detail", account(operations=(completed,)))
    assert (found.method, found.path) == ("GET", "/open/order/{orderId}")


def test_misspelt_name_is_told_with_what_it_may_have_been() -> None:
    with pytest.raises(WrongCall, match=r"did you mean 1688\.order\.detail\?"):
        operations.named("1688.order.detial", account())
    with pytest.raises(WrongCall, match="yizhan api"):
        operations.named("x", account())


@pytest.mark.parametrize("source", ["taobao_global", "dajisaas"])
def test_source_without_documented_operations_says_so(source: str) -> None:
    with pytest.raises(UndocumentedOperation, match=source):
        operations.named("anything", account(source))


def test_what_check_asks_is_harmless() -> None:
    for source in SOURCES.values():
        if source.calling is not None:
            asked = operations.named(source.calling.harmless, account(source.name))
            assert not asked.irreversible
            assert not any(parameter.required for parameter in asked.parameters)
