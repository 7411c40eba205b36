"""How an account's API is configured."""

from pathlib import Path

import pytest
from configuration import GOOD, VARIABLE, faults, given

from receiver.accounts import ApiAccess, Completed, Recipe


def test_nothing_written_is_the_default(tmp_path: Path) -> None:
    account = given(tmp_path, GOOD).accounts[0]
    assert (account.api, account.operations) == (ApiAccess(), ())


def test_all_of_it_is_read(tmp_path: Path) -> None:
    text = f"""{GOOD}
[accounts.api]
url = "http://127.0.0.1:9000/base"
rate = 2
concurrency = 1
timeout = 2.5
[accounts.api.recipe]
digest = "HMAC-MD5"
base = "{{access_key}}{{timestamp}}"
case = "lower"
[accounts.operations]
"taobao.order.detail" = {{method = "GET", path = "/open/order/{{orderId}}"}}
taobao.v2.refund.list.method = "POST"
taobao.v2.refund.list.path = "/x"
"""
    account = given(tmp_path, text).accounts[0]
    recipe = Recipe(digest="hmac-md5", base="{access_key}{timestamp}", case="lower")
    assert account.api == ApiAccess(url="http://127.0.0.1:9000/base", rate=2, concurrency=1, timeout=2.5, recipe=recipe)
    assert account.operations == (
        Completed(operation="taobao.order.detail", method="GET", path="/open/order/{orderId}"),
        Completed(operation="taobao.v2.refund.list", method="POST", path="/x"),
    )


def test_environment_sets_it_too(tmp_path: Path) -> None:
    environ = {
        "YIZHAN_ACCOUNTS__MAIN__API__URL": "https://api.example.com",
        "YIZHAN_ACCOUNTS__MAIN__API__RATE": "0.5",
        "YIZHAN_ACCOUNTS__MAIN__API__RECIPE__CASE": "LOWER",
    }
    api = given(tmp_path, f"{GOOD}\n[accounts.api]\nrate = 3\ntimeout = 4", environ).accounts[0].api
    assert api == ApiAccess(url="https://api.example.com", rate=0.5, timeout=4, recipe=Recipe(case="lower"))


URL = "expected https://HOST (or http:// on this machine), no slash at the end"
FAULTS = [
    ("api = 3", "accounts.main.api (yizhan.toml): unknown; "),
    ('api.url = "http://api.pandapon.com"', f"accounts.main.api.url (yizhan.toml): {URL}"),
    ('api.url = "https://api.pandapon.com/"', f"accounts.main.api.url (yizhan.toml): {URL}"),
    ('api.url = "https://u:p@api.pandapon.com"', f"accounts.main.api.url (yizhan.toml): {URL}"),
    ('api.url = "https://h:port"', f"accounts.main.api.url (yizhan.toml): {URL}"),
    ('api.url = "ftp://127.0.0.1"', f"accounts.main.api.url (yizhan.toml): {URL}"),
    ("api.rate = 0", "accounts.main.api.rate (yizhan.toml): expected calls a second, above 0"),
    ("api.rate = true", "accounts.main.api.rate (yizhan.toml): expected calls a second, above 0"),
    ("api.rate = nan", "accounts.main.api.rate (yizhan.toml): expected calls a second, above 0"),
    ("api.concurrency = 65", "accounts.main.api.concurrency (yizhan.toml): expected calls at a time, 1 to 64"),
    ("api.timeout = -1", "accounts.main.api.timeout (yizhan.toml): expected seconds, above 0 and 300 at most"),
    ("api.tiemout = 1", "accounts.main.api.tiemout (yizhan.toml): unknown; did you mean api.timeout?"),
    ('api.recipe.digest = "sha1"', "accounts.main.api.recipe.digest (yizhan.toml): expected md5 or hmac-md5"),
    (
        "api.recipe.base = '{timestamp}'",
        "accounts.main.api.recipe.base (yizhan.toml): expected a base with {secret} in it: md5 has no key",
    ),
    (
        "api.recipe.base = '{secret}'",
        "accounts.main.api.recipe.base (yizhan.toml): expected a base with {timestamp} in it: ",
    ),
    (
        "api.recipe.base = '{timestamp}{x}'",
        "accounts.main.api.recipe.base (yizhan.toml): expected a base of {access_key}, {nonce_str}, {timestamp}",
    ),
    (
        'operations."1688.order.detial" = {method = "GET", path = "/x"}',
        "accounts.main.operations (yizhan.toml): operation unknown; did you mean 1688.order.detail?",
    ),
    (
        "operations.x = 1",
        "accounts.main.operations (yizhan.toml): operation unknown; see: yizhan api",
    ),
    (
        'operations."1688.order.detail" = {method = "get", path = "/x"}',
        "accounts.main.operations (yizhan.toml): 1688.order.detail: expected method, one of GET, POST",
    ),
    (
        'operations."1688.order.detail" = {method = "GET", path = "/x", host = "h"}',
        "accounts.main.operations (yizhan.toml): 1688.order.detail: expected method, one of GET, POST",
    ),
    *(
        (
            f'operations."1688.order.detail" = {{method = "GET", path = "{path}"}}',
            "accounts.main.operations (yizhan.toml): 1688.order.detail: expected a path such as /open/order/{orderId}",
        )
        for path in ("x", "https://evil.example/x", "//evil.example", "/x?a=b", "/x y", "")
    ),
]


@pytest.mark.parametrize(("line", "told"), FAULTS)
def test_fault_is_one_line_that_names_the_key(tmp_path: Path, line: str, told: str) -> None:
    (fault,) = faults(tmp_path, f"{GOOD}{line}\n")
    assert fault.startswith(told)


def test_recipe_is_pandapons_alone(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("pandapon", "alibaba1688") + 'api.recipe.case = "upper"')
    assert found == ["accounts.main.api.recipe.case (yizhan.toml): expected for source pandapon alone"]


def test_source_without_operations_has_none_to_complete(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("pandapon", "dajisaas") + 'operations.x = {method = "GET", path = "/x"}')
    assert found == [
        "accounts.main.operations (yizhan.toml): no operation of dajisaas is documented; none can be completed"
    ]


RATE = "YIZHAN_ACCOUNTS__MAIN__API__RATE"


def test_fault_in_the_environment_names_the_variable(tmp_path: Path) -> None:
    environ = {"YIZHAN_ACCOUNTS__MAIN__API__RATE": "fast", "YIZHAN_ACCOUNTS__MAIN__API__RAET": "1"}
    assert faults(tmp_path, GOOD, environ) == [
        f"accounts.main.api.raet ({VARIABLE}_ACCOUNTS__MAIN__API__RAET): unknown; did you mean {RATE}?",
        f"accounts.main.api.rate ({VARIABLE}_ACCOUNTS__MAIN__API__RATE): expected calls a second, above 0",
    ]
