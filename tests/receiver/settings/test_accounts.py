"""The accounts: their secrets by value, variable or file, and what the environment adds."""

from pathlib import Path

import pytest
from configuration import ACCOUNT, GOOD, SECRET, VARIABLE, faults, given

from receiver.accounts import Account
from receiver.settings import demo_accounts, load
from receiver.sources import SOURCES

FORMS = "expected exactly one of access_secret, access_secret_env, access_secret_file"
SOURCE_NAMES = ", ".join(SOURCES)


@pytest.mark.parametrize(
    ("written", "secrets"),
    [
        ('access_secret = ["a", "b"]', ("a", "b")),
        ('access_secret_env = "ONE"', ("1",)),
        ('access_secret_env = ["ONE", "TWO"]', ("1", "2")),
        ('access_secret_file = "one"', ("file 1",)),
        ('access_secret_file = ["one", "two"]', ("file 1", " file 2 ")),
    ],
)
def test_secrets_are_given_by_value_by_variable_or_by_file(
    tmp_path: Path, written: str, secrets: tuple[str, ...]
) -> None:
    (tmp_path / "one").write_text("file 1\n")
    (tmp_path / "two").write_bytes(b"\xef\xbb\xbf file 2 \r\n")
    assert given(tmp_path, ACCOUNT + written, {"ONE": "1", "TWO": "2"}).accounts[0].secrets == secrets


def test_access_key_is_given_by_value_by_variable_or_by_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from file\n")
    for form, key in (('access_key_env = "KEY"', "from variable"), ('access_key_file = "key"', "from file")):
        text = GOOD.replace('access_key = "key"', form)
        assert given(tmp_path, text, {"KEY": "from variable"}).accounts[0].access_key == key


def test_rate_may_be_limited(tmp_path: Path) -> None:
    assert given(tmp_path, GOOD).accounts[0].max_rate is None
    assert given(tmp_path, f"{GOOD}max_rate = 50").accounts[0].max_rate == 50
    assert given(tmp_path, GOOD, {"YIZHAN_ACCOUNTS__MAIN__MAX_RATE": "0.5"}).accounts[0].max_rate == 0.5
    for wrong in ("0", "-1", "true", '"fast"'):
        fault = "accounts.main.max_rate (yizhan.toml): expected callbacks a second, above 0"
        assert faults(tmp_path, f"{GOOD}max_rate = {wrong}") == [fault]


def test_demo_has_one_account_for_each_source() -> None:
    assert {account.name: account.source for account in demo_accounts()} == {name: name for name in SOURCES}
    assert {(account.access_key, account.secrets) for account in demo_accounts()} == {("demo", ("demo-secret",))}


@pytest.mark.parametrize(
    ("text", "secrets"),
    [("a", ("a",)), ("a, b", ("a", "b")), ('["a,b", "c"]', ("a,b", "c")), ('["a"]', ("a",))],
)
def test_list_in_the_environment_is_comma_separated_or_json(
    tmp_path: Path, text: str, secrets: tuple[str, ...]
) -> None:
    assert given(tmp_path, ACCOUNT, {"YIZHAN_ACCOUNTS__MAIN__ACCESS_SECRET": text}).accounts[0].secrets == secrets


@pytest.mark.parametrize("spelt", ["SHOP_A_B", "shop_a_b", "shop-a.b"])
def test_account_is_found_by_name_however_a_variable_can_spell_it(tmp_path: Path, spelt: str) -> None:
    text = GOOD.replace("main", "shop-a.b")
    account = given(tmp_path, text, {f"YIZHAN_ACCOUNTS__{spelt}__USER_ID": "7"}).accounts[0]
    assert (account.name, account.user_id, account.secrets) == ("shop-a.b", "7", (SECRET,))


def test_secret_of_the_environment_takes_the_place_of_every_form_in_the_file(tmp_path: Path) -> None:
    text = f'{ACCOUNT}access_secret_file = "nowhere"'
    assert given(tmp_path, text, {"YIZHAN_ACCOUNTS__MAIN__ACCESS_SECRET": "new"}).accounts[0].secrets == ("new",)


def test_environment_alone_can_define_an_account(tmp_path: Path) -> None:
    environ = {
        "YIZHAN_ACCOUNTS__NEW__SOURCE": "alibaba1688",
        "YIZHAN_ACCOUNTS__NEW__ACCESS_KEY_ENV": "KEY",
        "YIZHAN_ACCOUNTS__NEW__ACCESS_SECRET_ENV": "OLD,YIZHAN_SECRET",
        "KEY": "key\n",
        "OLD": "old",
        "YIZHAN_SECRET": f"{SECRET}\n",
    }
    new = Account(name="new", source="alibaba1688", access_key="key", secrets=("old", SECRET))
    assert load(environ=environ, cwd=tmp_path).accounts == (new,)
    assert given(tmp_path, GOOD, environ).accounts[1:] == (new,)


def test_account_of_the_environment_lacks_what_its_variable_would_say(tmp_path: Path) -> None:
    environ = {"YIZHAN_ACCOUNTS__NEW__SOURCE": "pandapon", "YIZHAN_ACCOUNTS__NEW__ACCESS_KEY": "key"}
    assert faults(tmp_path, None, environ) == [
        f"accounts.new.access_secret ({VARIABLE}_ACCOUNTS__NEW__ACCESS_SECRET): {FORMS}"
    ]


ACCOUNT_FAULTS = [
    ("[accounts]\nname = 'main'", "accounts (yizhan.toml): expected a list of tables, each [[accounts]]"),
    (ACCOUNT, f"accounts.main.access_secret (yizhan.toml): {FORMS}"),
    (
        f'{GOOD}access_secret_env = "X"',
        f"accounts.main.access_secret_env (yizhan.toml): {FORMS}, not access_secret and access_secret_env",
    ),
    (
        GOOD.replace('access_key = "key"', ""),
        "accounts.main.access_key (yizhan.toml): expected exactly one of access_key, access_key_env, access_key_file",
    ),
    (
        GOOD.replace('access_key = "key"', "access_key = ''"),
        "accounts.main.access_key (yizhan.toml): expected a text that is not empty",
    ),
    (
        f"{ACCOUNT}access_secret = ''",
        "accounts.main.access_secret (yizhan.toml): expected a text or a list of texts, none empty",
    ),
    (
        f"{ACCOUNT}access_secret = []",
        "accounts.main.access_secret (yizhan.toml): expected a text or a list of texts, none empty",
    ),
    (
        f"{ACCOUNT}access_secret = ['{SECRET}', ' ']",
        "accounts.main.access_secret (yizhan.toml): expected a text or a list of texts, none empty",
    ),
    (
        f"{ACCOUNT}access_secret = ['{SECRET}', 3]",
        "accounts.main.access_secret (yizhan.toml): expected a text or a list of texts, none empty",
    ),
    (
        f"{ACCOUNT}access_secret_env = '{SECRET}'",
        "accounts.main.access_secret_env (yizhan.toml): expected the name of a variable that is set and not empty",
    ),
    (
        f"{ACCOUNT}access_secret_env = [['{SECRET}']]",
        "accounts.main.access_secret_env (yizhan.toml): expected names of environment variables",
    ),
    (
        f"{ACCOUNT}access_secret_file = '{SECRET}'",
        "accounts.main.access_secret_file (yizhan.toml): expected a file that can be read: No such file or directory",
    ),
    (
        f"{ACCOUNT}access_secret_file = 'empty'",
        "accounts.main.access_secret_file (yizhan.toml): expected a file that is not empty",
    ),
    (
        f"{ACCOUNT}access_secret_file = 'binary'",
        "accounts.main.access_secret_file (yizhan.toml): expected a file of UTF-8 text",
    ),
    (f"{GOOD}acess_key = '{SECRET}'", "accounts.main.acess_key (yizhan.toml): unknown; did you mean access_key?"),
    (f"{GOOD}user_id = 2100007341207", "accounts.main.user_id (yizhan.toml): expected a text that is not empty"),
    (
        GOOD.replace("pandapon", "taobao"),
        f"accounts.main.source (yizhan.toml): expected one of {SOURCE_NAMES}",
    ),
    (
        GOOD.replace('source = "pandapon"', ""),
        f"accounts.main.source (yizhan.toml): missing; expected one of {SOURCE_NAMES}",
    ),
    (
        GOOD.replace("main", "Main"),
        "accounts[0].name (yizhan.toml): expected 1 to 63 of a-z, 0-9, '_', '.' and '-', the first a letter or a digit",
    ),
    (
        GOOD.replace("main", "a" * 64),
        "accounts[0].name (yizhan.toml): expected 1 to 63 of a-z, 0-9, '_', '.' and '-', the first a letter or a digit",
    ),
    (
        GOOD.replace("main", "a-b") + GOOD.replace("main", "a.b"),
        "accounts[1].name (yizhan.toml): expected a name of its own; '-', '.' and '_' count as one",
    ),
    (
        f"{GOOD}signature_base = '{{access_key}}'",
        (
            "accounts.main.signature_base (yizhan.toml): expected a template: "
            "the base leaves out the message: expected {body} or {message_body} in it"
        ),
    ),
    (
        GOOD.replace("pandapon", "dajisaas") + "signature_base = '{body}'",
        "accounts.main.signature_base (yizhan.toml): expected for source pandapon alone",
    ),
]


@pytest.mark.parametrize(("text", "line"), ACCOUNT_FAULTS)
def test_fault_in_the_file_is_one_line_that_names_key_place_and_cure(tmp_path: Path, text: str, line: str) -> None:
    (tmp_path / "empty").write_text("\n")
    (tmp_path / "binary").write_bytes(b"\xff")
    assert faults(tmp_path, text) == [line]
