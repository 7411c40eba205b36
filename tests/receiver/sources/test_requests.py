"""Requests as each source signs them, and answers as each writes them. Vectors are published, unless said otherwise."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from builders import account

from receiver import errors
from receiver.accounts import ApiAccess, Recipe
from receiver.exchange import Response
from receiver.sources import alibaba1688, pandapon
from receiver.sources.calling import Stamp
from receiver.sources.pandapon.requests import check_recipe
from receiver.sources.taobao_global import requests as taobao_global

STAMP = Stamp(milliseconds=1715669977082, nonce="0123456789abcdef0123456789abcdef")
CALLER = account(access_key="AK", secrets=("SK", "OLD"), user_id="2100007341207")


def test_1688_signs_as_its_page_shows() -> None:
    """https://open.1688.com/doc/signature.htm: b=2, a=1, secret test123."""
    found = alibaba1688.requests.sign("param2/1/system/currentTime/1000000", {"b": "2", "a": "1"}, "test123")
    assert found == "33E54F4F7B989E3E0E912D3FBD2F1A03CA7CCE88"


def test_taobao_global_signs_as_the_page_of_its_engine_shows() -> None:
    """https://open.alitrip.com/docs/doc.htm?articleId=108069&docType=1&treeId=499: secret helloworld."""
    parameters = {
        "timestamp": "1517820392000",
        "order_id": "1234",
        "app_key": "123456",
        "access_token": "test",
        "sign_method": "sha256",
        "sign": "itself stays out",
    }
    found = taobao_global.sign("/order/get", parameters, "helloworld")
    assert found == "4190D32361CFB9581350222F345CB77F3B19F0E31D162316848A2C1FFD5FAB4A"


@pytest.mark.parametrize(
    ("recipe", "value"),
    [
        # No vector is published. These are md5sum's and openssl's, over the text that the recipe says.
        (Recipe(), "F01A5763639CDF086870BEFCD53F3124"),
        (Recipe(case="lower"), "f01a5763639cdf086870befcd53f3124"),
        (Recipe(digest="hmac-md5", base="{access_key}{timestamp}"), "13077D39D8535F70FCBAEA7CDBA3FF55"),
    ],
)
def test_pandapon_signs_as_the_recipe_says(recipe: Recipe, value: str) -> None:
    assert pandapon.requests.sign(replace(CALLER, api=ApiAccess(recipe=recipe)), STAMP) == value


def test_braces_in_a_key_are_no_placeholders() -> None:
    caller = replace(
        CALLER, access_key="{secret}", api=ApiAccess(recipe=Recipe(base="{access_key}{timestamp}{secret}"))
    )
    other = replace(caller, access_key="SK")
    assert pandapon.requests.sign(caller, STAMP) != pandapon.requests.sign(other, STAMP)


@pytest.mark.parametrize("base", ["{timestamp}{access_key}", "{secret}", "{timestamp}{secret}{body}", "{timestamp}{"])
def test_recipe_that_signs_no_secret_or_no_time_is_none(base: str) -> None:
    with pytest.raises(ValueError, match="base"):
        check_recipe(Recipe(base=base))


def test_account_without_a_secret_signs_nothing() -> None:
    with pytest.raises(errors.WrongCall, match="no secret"):
        pandapon.requests.sign(replace(CALLER, secrets=(" ",)), STAMP)


def response(body: Any = None, status: int = 200, **headers: str) -> Response:
    text = body if isinstance(body, bytes) else orjson.dumps(body)
    return Response(status=status, headers={key.replace("_", "-"): headers[key] for key in headers}, body=text)


@pytest.mark.parametrize("code", [200, "200"])
def test_data_of_a_success_is_the_answer(code: Any) -> None:
    assert pandapon.requests.read_response(response({"code": code, "data": {"a": 1}})) == {"a": 1}


NEWS = [
    (response({}, 401), errors.ApiAuthenticationError),
    (response({}, 403), errors.ApiAuthenticationError),
    (response({"code": 401}), errors.ApiAuthenticationError),
    (response({}, 404), errors.ApiUnknownId),
    (response({"code": 404}), errors.ApiUnknownId),
    (response({}, 429), errors.ApiRateLimited),
    (response({"code": 429}), errors.ApiRateLimited),
    (response({}, 400), errors.ApiRefused),
    (response({"code": 500, "msg": "order not found"}), errors.ApiRefused),
    (response({"code": 10042}), errors.ApiRefused),
    (response({"code": 200, "data": False}), errors.ApiRefused),
    (response({"code": 200, "data": {"success": False, "errorCode": "E1"}}), errors.ApiRefused),
    (response({"code": 200, "data": {"cancelSuccess": False}}), errors.ApiRefused),
    (response(b"down", 500), errors.ApiUnavailable),
    (response(b"", 503), errors.ApiUnavailable),
    (response({"code": 503}), errors.ApiUnavailable),
    (response(b"", 408), errors.ApiUnavailable),
    (response(b"", 302), errors.ApiUnexpectedAnswer),
    (response(b"<html>"), errors.ApiUnexpectedAnswer),
    (response([1]), errors.ApiUnexpectedAnswer),
    (response({"data": 1}), errors.ApiUnexpectedAnswer),
    (response({"code": "PLANTED " * 20}), errors.ApiUnexpectedAnswer),
    (response(b"\xff" * 10), errors.ApiUnexpectedAnswer),
]


@pytest.mark.parametrize(("found", "error"), NEWS)
def test_every_other_answer_is_an_error_by_meaning(found: Response, error: type[errors.HandlerFailure]) -> None:
    with pytest.raises(errors.HandlerFailure) as caught:
        pandapon.requests.read_response(found)
    assert type(caught.value) is error


def test_message_of_the_platform_is_never_repeated() -> None:
    with pytest.raises(errors.ApiRefused) as caught:
        pandapon.requests.read_response(response({"code": 7, "msg": "PLANTED 13800000000", "data": "PLANTED"}))
    assert caught.value.code == "7"
    assert "PLANTED" not in f"{caught.value} {vars(caught.value)}"


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "7"}, timedelta(seconds=7)),
        ({"retry_after": "99999999"}, timedelta(hours=1)),
        ({"retry_after": "9" * 400}, timedelta(hours=1)),
        (
            {"retry_after": "Wed, 20 May 2026 07:48:00 GMT", "date": "Wed, 20 May 2026 07:47:30 GMT"},
            timedelta(seconds=30),
        ),
        ({"retry_after": "Wed, 20 May 2026 07:48:00 GMT", "date": "yesterday"}, None),
        ({"retry_after": "Wed, 20 May 2026 07:48:00 GMT"}, None),
        ({"retry_after": "soon"}, None),
        ({}, None),
    ],
)
def test_when_to_come_again_is_heard(headers: dict[str, str], wait: timedelta | None) -> None:
    with pytest.raises(errors.ApiRateLimited) as caught:
        pandapon.requests.read_response(response(b"", 429, **headers))
    assert caught.value.retry_after == wait


@pytest.mark.parametrize(
    ("found", "error"),
    [
        (response({"error_code": "gw.SignatureInvalid", "error_message": "PLANTED"}, 400), errors.ApiRefused),
        (response({"error_code": "401"}, 401), errors.ApiAuthenticationError),
        (response({"errorCode": "500_1"}), errors.ApiRefused),
        (response(b"<html>", 404), errors.ApiUnknownId),
        (response({"error_code": "x"}, 502), errors.ApiUnavailable),
        (response(b"<html>"), errors.ApiUnexpectedAnswer),
        (response({}, 404), errors.ApiUnknownId),
    ],
)
def test_1688_tells_an_error_by_its_code(found: Response, error: type[errors.HandlerFailure]) -> None:
    with pytest.raises(errors.HandlerFailure) as caught:
        alibaba1688.requests.read_response(found)
    assert type(caught.value) is error
    assert "PLANTED" not in str(caught.value)


def test_1688_succeeds_with_the_whole_object() -> None:
    assert alibaba1688.requests.read_response(response({"isSuccess": True})) == {"isSuccess": True}


@pytest.mark.parametrize(("code", "absent"), [(500, False), (400, True), (10042, True)])
def test_an_internal_error_may_have_done_what_was_asked(code: int, absent: bool) -> None:
    with pytest.raises(errors.ApiRefused) as caught:
        pandapon.requests.read_response(response({"code": code}))
    assert caught.value.surely_absent is absent
