"""A request that is not signed as the manual says is refused, and nothing happens."""

import secrets
import time

import httpx2
import orjson
import pytest
import sandboxes
from sandboxes import ACCOUNT, headers

from receiver.sandbox.running import Sandbox
from receiver.sandbox.signing import RECIPE, Recipe, signer

PATH = "/open/order/page"


def now() -> int:
    return time.time_ns() // 1_000_000


def test_the_recipe_is_upper_case_md5_over_the_sorted_pairs_and_the_secret() -> None:
    """By ``printf access-key=k&nonce-str=n&timestamp=1&access-secret=s | md5sum``."""
    named = {"timestamp": "1", "access-key": "k", "nonce-str": "n", "user-id": "u"}
    assert RECIPE.signature(named, "s") == "2E0F736C1FCC26355E23B9932EC0D3D8"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        *(
            ({name: None, "signature": "0" * 32} if name != "signature" else {name: None}, f"missing header {name}")
            for name in ("access-key", "timestamp", "nonce-str", "user-id", "signature")
        ),
        ({"signature": "0" * 32}, "signature does not match"),
        ({"access-key": "other"}, "signature does not match"),
        ({"timestamp": "yesterday"}, "timestamp: expected milliseconds"),
        ({"timestamp": str(now() - 10_000_000)}, "timestamp: more than 600 s from now"),
        ({"timestamp": str(now() + 10_000_000)}, "timestamp: more than 600 s from now"),
    ],
)
def test_a_wrong_signature_is_refused(changes: dict[str, str | None], message: str, sandbox: Sandbox) -> None:
    answer = sandboxes.ask(sandbox, "GET", PATH, signed=headers(**changes))
    assert answer.status_code == 401
    assert (answer.json()["code"], answer.json()["msg"], answer.json()["data"]) == (401, message, None)


def test_a_signature_of_one_call_does_not_fit_another_time(sandbox: Sandbox) -> None:
    signed = headers()
    signed["timestamp"] = str(int(signed["timestamp"]) + 1)
    assert sandboxes.ask(sandbox, "GET", PATH, signed=signed).status_code == 401


def test_the_same_nonce_may_come_again(sandbox: Sandbox) -> None:
    signed = headers()
    assert [sandboxes.ask(sandbox, "GET", PATH, signed=signed).status_code for _ in range(2)] == [200, 200]


def test_the_user_is_not_signed(sandbox: Sandbox) -> None:
    signed = {**headers(), "user-id": "1"}
    assert sandboxes.ask(sandbox, "GET", PATH, signed=signed).status_code == 200


def test_another_recipe_can_be_set() -> None:
    recipe = Recipe(digest="sha256", secret_name="key")
    named = headers(signature=None)
    named["signature"] = recipe.signature(named, ACCOUNT.secrets[0])
    with Sandbox([ACCOUNT], recipe=recipe) as sandbox:
        assert sandboxes.ask(sandbox, "GET", PATH, signed=named).status_code == 200
        assert sandboxes.ask(sandbox, "GET", PATH).status_code == 401
        found = signer(named, [ACCOUNT], sandbox.state.clock(), recipe)
    assert found == ACCOUNT


def test_warehouse_logistics_signs_in_the_query(sandbox: Sandbox) -> None:
    body = {"renderId": secrets.token_hex(4)}
    path = "/open/pp/logistics/orderBookingFreight"
    with httpx2.Client(trust_env=False) as client:
        bare = client.post(sandbox.url + path, content=orjson.dumps(body))
        signed = client.post(f"{sandbox.url}{path}?timestamp=1&sign=x", content=orjson.dumps(body))
    assert (bare.status_code, signed.json()["code"]) == (401, 200)
