"""An error is told by type and place; what it quotes stays where it was."""

import json
import re

import pytest

from receiver.errors import PermanentFailure, TransientFailure, Undecodable
from receiver.failures import MAX_TEXT, describe, places

PHONE = "13800138000"


def raise_it(error: BaseException) -> None:
    raise error


def caught(error: BaseException) -> BaseException:
    """The error with a traceback."""
    with pytest.raises(type(error)) as raised:
        raise_it(error)
    return raised.value


def look_up() -> None:
    names: dict[str, str] = {}
    names[PHONE]


def reserve() -> None:
    try:
        look_up()
    except KeyError as error:
        raise ValueError(f"no buyer {PHONE}") from error


def reserve_without_cause() -> None:
    try:
        look_up()
    except KeyError:
        raise ValueError(PHONE) from None


def fail_while_handling() -> None:
    try:
        look_up()
    except KeyError:
        int(PHONE + "x")


def of(function: object) -> BaseException:
    assert callable(function)
    with pytest.raises(Exception) as raised:  # noqa: PT011  (any: the text is what is looked at)
        function()
    return raised.value


def test_type_place_and_cause_are_named() -> None:
    text = describe(of(reserve))
    assert text.startswith("ValueError at receiver/test_failures.py:")
    assert " in reserve, from KeyError at receiver/test_failures.py:" in text
    assert text.endswith(" in look_up")


def test_error_met_while_handling_another_names_it() -> None:
    assert ", from KeyError at " in describe(of(fail_while_handling))


def test_cause_that_was_suppressed_stays_so() -> None:
    assert "KeyError" not in describe(of(reserve_without_cause))


def test_values_of_foreign_errors_are_never_told() -> None:
    noted = ValueError(PHONE)
    noted.add_note(f"buyer {PHONE}")
    group = ExceptionGroup(PHONE, [ValueError(PHONE)])
    chained = RuntimeError(PHONE)
    chained.__cause__ = KeyError(PHONE)
    errors: list[BaseException] = [of(reserve), of(fail_while_handling), of(reserve_without_cause)]
    errors += [caught(error) for error in (noted, group, chained, SystemExit(PHONE), UnicodeError(PHONE))]
    for error in errors:
        assert PHONE not in describe(error)
        assert PHONE not in str(places(error))


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (PermanentFailure("no such sku"), "PermanentFailure: no such sku"),
        (TransientFailure("shop is closed"), "TransientFailure: shop is closed"),
        (TransientFailure(), "TransientFailure"),
        (Undecodable("messageBody.orderId", "missing"), "Undecodable: messageBody.orderId: missing"),
    ],
)
def test_words_of_our_own_errors_are_kept(error: BaseException, text: str) -> None:
    assert describe(error) == text
    assert describe(caught(error)).startswith(f"{text} at ")


def test_own_words_are_kept_and_those_of_the_cause_are_not() -> None:
    failure = PermanentFailure("no such sku")
    failure.__cause__ = caught(KeyError(PHONE))
    text = describe(failure)
    assert text.startswith("PermanentFailure: no such sku, from KeyError at ")
    assert PHONE not in text


def test_long_words_are_cut() -> None:
    text = describe(PermanentFailure("x" * 100_000))
    assert len(text) < MAX_TEXT + 30
    assert text.endswith("x…")


def test_words_that_no_database_takes_are_written_so_that_it_does() -> None:
    assert describe(PermanentFailure("a\ud800b\0c")) == "PermanentFailure: a\\ud800b\\0c"


def test_words_that_cannot_be_read_do_not_hide_the_failure() -> None:
    class Broken(PermanentFailure):
        def __str__(self) -> str:
            raise RuntimeError(PHONE)

    assert describe(Broken()) == "Broken: its text raises RuntimeError"


def test_places_lead_from_the_outside_in() -> None:
    found = places(of(reserve))
    assert len(found) > 1
    assert found[-1].endswith(" in reserve")
    assert all("receiver/test_failures.py:" in place for place in found)


def test_call_of_the_handler_is_named_where_a_library_raised() -> None:
    """The place in the handler's own folder, once; a handler without code, or of elsewhere, has none to name."""

    def parse() -> None:
        json.loads("{")

    inner, _, outer = describe(of(parse), handler=parse).partition(", called at ")
    assert inner.startswith("JSONDecodeError at json/decoder.py:")
    assert re.match(r"receiver/test_failures\.py:[0-9]+ in parse\b", outer)
    assert ", called at " not in describe(of(reserve), handler=reserve)
    assert ", called at " not in describe(of(parse), handler=print)
    assert ", called at " not in describe(of(parse), handler=json.loads)
