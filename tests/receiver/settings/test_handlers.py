"""Tables of handlers: passed on as they are, but for texts kept in variables and files."""

from pathlib import Path

from configuration import GOOD, SECRET, faults, given

TABLE = """
[handlers]
routers = ["handlers:router"]
[handlers.forward]
limit = 3
[[handlers.forward.targets]]
url = "https://shop.example"
secret_env = "FORWARD_SECRET"
[handlers.shop]
router = "shop:create"
secret_file = "secret"
"""


def test_table_of_a_handler_holds_the_texts_of_variables_and_files(tmp_path: Path) -> None:
    """KEY_env and KEY_file are resolved at any depth; without a router, it is a shipped one of that name."""
    (tmp_path / "secret").write_text(f"{SECRET}\n")
    settings = given(tmp_path, GOOD + TABLE, {"FORWARD_SECRET": "whsec_1"})
    forward, shop = settings.handler_tables
    assert (forward.name, forward.target) == ("forward", "handlers.forward:create")
    assert forward.values == {"limit": 3, "targets": [{"url": "https://shop.example", "secret": "whsec_1"}]}
    assert (shop.name, shop.target, shop.values) == ("shop", "shop:create", {"secret": SECRET})
    assert settings.handlers.routers == ("handlers:router",)
    assert SECRET not in repr(settings)


def test_text_that_is_not_there_is_named_by_its_place(tmp_path: Path) -> None:
    """A missing variable, a missing file, two forms at once, a router that is none."""
    text = """
[handlers.forward]
router = 7
user_env = ["ONE", "TWO"]
[[handlers.forward.targets]]
secret_env = "FORWARD_SECRET"
[[handlers.forward.targets]]
secret_file = "gone"
secret = "s3cr3t-PLANTED"
[[handlers.forward.targets]]
secret_file = 5
"""
    variable = "expected the name of a variable that is set and not empty"
    wanted = {
        "router": 'expected "module:attribute"',
        "user_env": variable,
        "targets[0].secret_env": variable,
        "targets[1].secret_file": "expected exactly one of secret, secret_env, secret_file",
        "targets[2].secret_file": "expected paths",
    }
    assert faults(tmp_path, GOOD + text, {"ONE": "1"}) == [
        f"handlers.forward.{key} (yizhan.toml): {expected}" for key, expected in wanted.items()
    ]


def test_variable_named_deep_in_a_table_is_not_misspelt(tmp_path: Path) -> None:
    """It begins as ours do, and is the team's own."""
    text = '[[handlers.forward.targets]]\nsecret_env = "YIZHAN_FORWARD"\n'
    settings = given(tmp_path, GOOD + text, {"YIZHAN_FORWARD": "whsec_2"})
    assert settings.handler_tables[0].values == {"targets": [{"secret": "whsec_2"}]}


def test_table_whose_name_no_module_can_have_is_refused(tmp_path: Path) -> None:
    """It is taken for a misspelt key."""
    (fault,) = faults(tmp_path, GOOD + '[handlers."a-b"]\n')
    assert fault.startswith("handlers.a-b (yizhan.toml): unknown")
