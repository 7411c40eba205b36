"""Where each value comes from, and that a fault names the place."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from configuration import ACCOUNT, GOOD, SECRET, VARIABLE, faults, given

from receiver.errors import SettingsError
from receiver.settings import load

STORE_URL = "expected sqlite:///FILE or postgresql://HOST/DATABASE, special characters percent-encoded"
PUBLIC_URL = "expected http://HOST or https://HOST, no slash at the end"


def test_defaults_need_no_file(tmp_path: Path) -> None:
    settings = load(environ={}, cwd=tmp_path)
    assert settings.store.url == f"sqlite:///{tmp_path}/.yizhan/yizhan.db"
    assert settings.store.path == tmp_path / ".yizhan" / "yizhan.db"
    assert settings.broker.url == "memory://"
    assert (settings.web.public_url, settings.web.host, settings.web.port) == (None, "127.0.0.1", 8000)
    assert settings.web.max_body == 1024 * 1024
    assert settings.handlers.routers == ("handlers:router",)
    assert settings.work.threads == 8
    assert (settings.log.level, settings.log.format) == ("info", "auto")
    assert (settings.accounts, settings.folder, settings.file) == ((), tmp_path, None)


def test_option_beats_environment_beats_file_beats_default(tmp_path: Path) -> None:
    text, environ = "[web]\nport = 1", {"YIZHAN_WEB__PORT": "2"}
    assert given(tmp_path, "").web.port == 8000
    assert given(tmp_path, text).web.port == 1
    assert given(tmp_path, text, environ).web.port == 2
    assert given(tmp_path, text, environ, web__port=3).web.port == 3
    assert given(tmp_path, text, environ, web__port=None).web.port == 2


def test_file_is_the_option_else_the_variable_else_the_one_here(tmp_path: Path) -> None:
    for folder, port in (("here", 1), ("by-variable", 2), ("by-option", 3)):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "yizhan.toml").write_text(f"[web]\nport = {port}")
    here, environ = tmp_path / "here", {"YIZHAN_CONFIG": "../by-variable/yizhan.toml"}
    assert load(environ={}, cwd=here).web.port == 1
    assert load(environ=environ, cwd=here).web.port == 2
    settings = load(tmp_path / "by-option" / "yizhan.toml", environ=environ, cwd=here)
    assert settings.web.port == 3
    assert settings.folder == tmp_path / "by-option"


def test_read_looks_at_this_process_unless_told_otherwise(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("YIZHAN_WORK__THREADS", "3")
    settings = load()
    assert (settings.work.threads, settings.folder) == (3, tmp_path)


def test_data_dir_places_the_default_store_alone(tmp_path: Path) -> None:
    environ = {"YIZHAN_DATA_DIR": "data"}
    assert given(tmp_path, "", environ).store.path == tmp_path / "data" / "yizhan.db"
    assert given(tmp_path, "", {"YIZHAN_DATA_DIR": "/data"}).store.path == Path("/data/yizhan.db")
    assert given(tmp_path, '[store]\nurl = "sqlite:///a.db"', environ).store.path == tmp_path / "a.db"
    both = environ | {"YIZHAN_STORE__URL": "sqlite:///b.db"}
    assert given(tmp_path, "", both).store.path == tmp_path / "b.db"


def test_every_key_can_be_set_by_the_environment(tmp_path: Path) -> None:
    settings = load(
        environ={
            "YIZHAN_STORE__URL": "postgresql://db/yizhan",
            "YIZHAN_BROKER__URL": "amqps://mq",
            "YIZHAN_WEB__PUBLIC_URL": "https://x.example/y",
            "YIZHAN_WEB__HOST": "0.0.0.0",
            "YIZHAN_WEB__PORT": "80",
            "YIZHAN_WEB__MAX_BODY": "10",
            "YIZHAN_WEB__WORKERS": "4",
            "YIZHAN_WEB__DRAIN": "7s",
            "YIZHAN_HANDLERS__ROUTERS": "a:router, b.c:router",
            "YIZHAN_WORK__PROCESSES": "2",
            "YIZHAN_WORK__THREADS": "1",
            "YIZHAN_WORK__QUEUES": "default, slow",
            "YIZHAN_WORK__HOST": "::",
            "YIZHAN_WORK__PORT": "9101",
            "YIZHAN_WORK__GRACE": "1m",
            "YIZHAN_RETENTION__PAYLOADS": "90d",
            "YIZHAN_LOG__LEVEL": "DEBUG",
            "YIZHAN_TRACES__ENDPOINT": "http://collector:4318/v1/traces",
            "YIZHAN_LOG__FORMAT": "pretty",
            "HOME": "/",
        },
        cwd=tmp_path,
    )
    assert settings.model_dump() == {
        "store": {"url": "postgresql://db/yizhan"},
        "broker": {"url": "amqps://mq"},
        "web": {
            "public_url": "https://x.example/y",
            "host": "0.0.0.0",
            "port": 80,
            "max_body": 10,
            "workers": 4,
            "drain": timedelta(seconds=7),
        },
        "handlers": {"routers": ("a:router", "b.c:router")},
        "work": {
            "processes": 2,
            "threads": 1,
            "queues": ("default", "slow"),
            "host": "::",
            "port": 9101,
            "grace": timedelta(minutes=1),
        },
        "retention": {"payloads": timedelta(days=90)},
        "log": {"level": "debug", "format": "pretty"},
        "traces": {"endpoint": "http://collector:4318/v1/traces"},
        "handler_tables": (),
        "accounts": (),
        "folder": tmp_path,
        "file": None,
    }


def test_variables_that_kubernetes_sets_beside_a_service_are_not_ours(tmp_path: Path) -> None:
    environ = {
        "YIZHAN_SERVICE_HOST": "10.0.0.1",
        "YIZHAN_SERVICE_PORT": "80",
        "YIZHAN_SERVICE_PORT_HTTP": "80",
        "YIZHAN_PORT": "tcp://10.0.0.1:80",
        "YIZHAN_SERVE_PORT_80_TCP": "tcp://10.0.0.1:80",
        "YIZHAN_SERVE_PORT_80_TCP_ADDR": "10.0.0.1",
    }
    assert load(environ=environ, cwd=tmp_path).web.port == 8000


def test_variable_like_nothing_of_ours_is_told_what_there_is(tmp_path: Path) -> None:
    [line] = faults(tmp_path, None, {"YIZHAN_SOME_SECRET": SECRET})
    head = f"some_secret ({VARIABLE}_SOME_SECRET): unknown; expected one of YIZHAN_STORE__URL, "
    assert line.startswith(head)
    assert line.endswith(", YIZHAN_CONFIG, YIZHAN_DATA_DIR")


def test_fault_of_an_option_names_the_option(tmp_path: Path) -> None:
    for key, value, line in (
        ("web.port", 70000, "web.port (--port): expected a port, 0 to 65535"),
        ("web.max_body", 0, "web.max_body (--max-body): expected a number of bytes above 0"),
    ):
        with pytest.raises(SettingsError) as caught:
            load(environ={}, cwd=tmp_path, overrides={key: value})
        assert str(caught.value) == line


def test_file_that_is_named_must_be_readable(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        load(Path("no/y.toml"), environ={}, cwd=tmp_path)
    assert str(caught.value) == "config (--config): cannot read no/y.toml: No such file or directory"
    with pytest.raises(SettingsError) as caught:
        load(environ={"YIZHAN_CONFIG": str(tmp_path)}, cwd=tmp_path)
    assert str(caught.value) == f"config ({VARIABLE}_CONFIG): cannot read {tmp_path}: Is a directory"
    (tmp_path / "y.toml").write_bytes(b"\n\xff")
    with pytest.raises(SettingsError) as caught:
        load(Path("y.toml"), environ={}, cwd=tmp_path)
    assert str(caught.value) == "config (y.toml): expected UTF-8, not so at byte 1"


def test_all_faults_are_found_at_once_and_the_first_is_raised(tmp_path: Path) -> None:
    text = f"{ACCOUNT}user_id = 3\n[web]\nport = -1\nhost = 3\n[[accounts]]\nname = 'b'\nsource = 'x'"
    environ = {"YIZHAN_X": SECRET}
    lines = faults(tmp_path, text, environ)
    assert [line.partition(" ")[0] for line in lines] == [
        "x",
        "web.host",
        "web.port",
        "accounts.main.user_id",
        "accounts.main.access_secret",
        "accounts.b.source",
        "accounts.b.access_key",
        "accounts.b.access_secret",
    ]
    with pytest.raises(SettingsError) as caught:
        load(environ=environ, cwd=tmp_path)
    assert str(caught.value) == lines[0]


def test_this_process_is_not_changed(tmp_path: Path) -> None:
    before = dict(os.environ)
    load(environ={"YIZHAN_WEB__PORT": "1"}, cwd=tmp_path)
    assert dict(os.environ) == before


TOML_FAULTS = [
    ("[web]\nport = ", "config (yizhan.toml): expected TOML: Invalid value (at line 2, column 8)"),
    (
        "[web",
        "config (yizhan.toml): expected TOML: Expected ']' at the end of a table declaration (at line 1, column 5)",
    ),
]


@pytest.mark.parametrize(("text", "line"), TOML_FAULTS)
def test_file_that_is_no_toml_is_one_line_that_names_the_place(tmp_path: Path, text: str, line: str) -> None:
    assert faults(tmp_path, text) == [line]


ACCOUNT_VARIABLES = ", ".join(
    f"YIZHAN_ACCOUNTS__NAME__{key}"
    for key in (
        "SOURCE",
        "ACCESS_KEY",
        "ACCESS_KEY_ENV",
        "ACCESS_KEY_FILE",
        "ACCESS_SECRET",
        "ACCESS_SECRET_ENV",
        "ACCESS_SECRET_FILE",
        "USER_ID",
        "SIGNATURE_BASE",
        "API__URL",
        "API__RATE",
        "API__CONCURRENCY",
        "API__TIMEOUT",
        "API__RECIPE__DIGEST",
        "API__RECIPE__BASE",
        "API__RECIPE__CASE",
        "MAX_RATE",
    )
)
VARIABLE_FAULTS = [
    ("STORE__URL", f"redis://:{SECRET}@x", f"store.url ({VARIABLE}_STORE__URL): {STORE_URL}"),
    ("DATA_DIR", "", f"store.url ({VARIABLE}_DATA_DIR): {STORE_URL}"),
    ("WEB__PORT", "http", f"web.port ({VARIABLE}_WEB__PORT): expected a port, 0 to 65535"),
    ("WEB__PUBLIC_URL", "", f"web.public_url ({VARIABLE}_WEB__PUBLIC_URL): {PUBLIC_URL}"),
    ("STOER__URL", SECRET, f"stoer.url ({VARIABLE}_STOER__URL): unknown; did you mean YIZHAN_STORE__URL?"),
    ("WEB_PORT", "80", f"web_port ({VARIABLE}_WEB_PORT): unknown; did you mean YIZHAN_WEB__PORT?"),
    ("CONFG", "x", f"confg ({VARIABLE}_CONFG): unknown; did you mean YIZHAN_CONFIG?"),
    (
        "ACCOUNTS",
        "[]",
        f"accounts ({VARIABLE}_ACCOUNTS): unknown; expected one of {ACCOUNT_VARIABLES}",
    ),
    (
        "ACCOUNTS__MAIN__ACESS_SECRET",
        SECRET,
        (
            f"accounts.main.acess_secret ({VARIABLE}_ACCOUNTS__MAIN__ACESS_SECRET): "
            "unknown; did you mean YIZHAN_ACCOUNTS__MAIN__ACCESS_SECRET?"
        ),
    ),
    (
        "ACCOUNTS__MIAN__ACCESS_SECRET",
        SECRET,
        (
            f"accounts.mian ({VARIABLE}_ACCOUNTS__MIAN__ACCESS_SECRET): "
            "no such account; expected SOURCE and ACCESS_KEY too for a new one"
        ),
    ),
    (
        "ACCOUNTS__MAIN__ACCESS_SECRET",
        "",
        (
            f"accounts.main.access_secret ({VARIABLE}_ACCOUNTS__MAIN__ACCESS_SECRET): "
            "expected a text or a list of texts, none empty"
        ),
    ),
    (
        "ACCOUNTS__MAIN__ACCESS_SECRET",
        f'["{SECRET}"',
        (
            f"accounts.main.access_secret ({VARIABLE}_ACCOUNTS__MAIN__ACCESS_SECRET): "
            "expected a text or a list of texts, none empty"
        ),
    ),
    (
        "ACCOUNTS__MAIN__ACCESS_SECRET_ENV",
        "EMPTY",
        (
            f"accounts.main.access_secret_env ({VARIABLE}_ACCOUNTS__MAIN__ACCESS_SECRET_ENV): "
            "expected the name of a variable that is set and not empty"
        ),
    ),
]


@pytest.mark.parametrize(("name", "value", "line"), VARIABLE_FAULTS)
def test_fault_in_the_environment_names_the_variable(tmp_path: Path, name: str, value: str, line: str) -> None:
    assert faults(tmp_path, GOOD, {f"YIZHAN_{name}": value, "EMPTY": ""}) == [line]
