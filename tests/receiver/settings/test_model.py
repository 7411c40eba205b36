"""The sections: what each key becomes, and the one line that tells what is expected of it."""

from pathlib import Path

import pytest
from configuration import GOOD, SECRET, faults, given

from receiver.accounts import Account
from receiver.settings import load, masked

STORE_URL = "expected sqlite:///FILE or postgresql://HOST/DATABASE, special characters percent-encoded"
BROKER_URL = "expected memory://, redis[s]://HOST or amqp[s]://HOST, special characters percent-encoded"
PUBLIC_URL = "expected http://HOST or https://HOST, no slash at the end"


def test_file_of_the_design_is_read(tmp_path: Path) -> None:
    (tmp_path / "pandapon").write_text(f"{SECRET}\n")
    settings = given(
        tmp_path,
        """
        [store]
        url = "sqlite:///.yizhan/yizhan.db"
        [broker]
        url = "redis://:pw@cache:6379/0"
        [[accounts]]
        name = "main"
        source = "pandapon"
        access_key = "key"
        access_secret_file = "pandapon"
        user_id = "2100007341207"
        signature_base = ["{access_key}{body}", "{body}"]
        [web]
        public_url = "https://callbacks.example.com"
        [handlers]
        routers = ["handlers:router", "shop.orders:router"]
        [work]
        threads = 2
        [log]
        format = "json"
        """,
    )
    assert settings.accounts == (
        Account(
            name="main",
            source="pandapon",
            access_key="key",
            secrets=(SECRET,),
            user_id="2100007341207",
            signature_base=("{access_key}{body}", "{body}"),
        ),
    )
    assert settings.broker.url == "redis://:pw@cache:6379/0"
    assert settings.web.public_url == "https://callbacks.example.com"
    assert settings.handlers.routers == ("handlers:router", "shop.orders:router")
    assert (settings.work.threads, settings.log.format, settings.file) == (2, "json", tmp_path / "yizhan.toml")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("sqlite:///x.db", "etc/x.db"),
        ("sqlite:///../x.db", "etc/../x.db"),
        ("sqlite:////var/x.db", "/var/x.db"),
        ("postgresql://u:p%40@db/yizhan", None),
        ("postgresql:///yizhan", None),
    ],
)
def test_sqlite_is_relative_to_the_folder_of_the_file(tmp_path: Path, url: str, path: str | None) -> None:
    (tmp_path / "etc").mkdir()
    (tmp_path / "etc" / "y.toml").write_text("")
    settings = load(Path("etc/y.toml"), environ={"YIZHAN_STORE__URL": url}, cwd=tmp_path)
    assert settings.store.path == (tmp_path / path if path else None)
    assert settings.store.url == (f"sqlite:///{tmp_path / path}" if path else url)


def test_settings_show_no_secret_and_cannot_be_changed(tmp_path: Path) -> None:
    text = f"{GOOD}[store]\nurl = 'postgresql://u:{SECRET}@db/x'\n[broker]\nurl = 'redis://:{SECRET}@c'"
    settings = given(tmp_path, text)
    assert SECRET not in f"{settings!r}{settings}{settings.store!r}{settings.broker}{settings.accounts!r}"
    with pytest.raises(ValueError, match="frozen"):
        settings.web.port = 1


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("sqlite:////x/y.db", "sqlite:////x/y.db"),
        ("memory://", "memory://"),
        ("postgresql://db:5432/x", "postgresql://db:5432/x"),
        ("postgresql://u@db/x", "postgresql://u@db/x"),
        (f"postgresql://u:{SECRET}@db/x", "postgresql://u:***@db/x"),
        (f"postgresql://u:/{SECRET}@a#b?c@db/x", "postgresql://u:***@db/x"),
        (f"redis://:{SECRET}@cache", "redis://:***@cache"),
        (f"u:{SECRET}@db", "u:***@db"),
        (f"postgresql://db/x?user=u&password={SECRET}&a=b", "postgresql://db/x?user=u&password=***&a=b"),
        (f"postgresql://db/x?sslPassword={SECRET}", "postgresql://db/x?sslPassword=***"),
    ],
)
def test_masked_url_has_no_password(url: str, shown: str) -> None:
    assert masked(url) == shown


SECTION_FAULTS = [
    ("web = 3", "web (yizhan.toml): expected a table"),
    ("[web]\nprot = 1", "web.prot (yizhan.toml): unknown; did you mean port?"),
    (
        "[web]\n'a\\nb' = 1",
        r'web."a\\nb" (yizhan.toml): unknown; expected one of public_url, host, port, max_body, workers, drain',
    ),
    ("[stoer]\nurl = 1", "stoer (yizhan.toml): unknown; did you mean store?"),
    ("[account]\n", "account (yizhan.toml): unknown; did you mean accounts?"),
    ("[web]\nport = 65536", "web.port (yizhan.toml): expected a port, 0 to 65535"),
    ("[web]\nport = true", "web.port (yizhan.toml): expected a port, 0 to 65535"),
    ("[web]\nhost = ''", "web.host (yizhan.toml): expected an address to listen on"),
    ("[web]\nmax_body = 0", "web.max_body (yizhan.toml): expected a number of bytes above 0"),
    ("[web]\npublic_url = 'https://x.example/'", f"web.public_url (yizhan.toml): {PUBLIC_URL}"),
    ("[web]\npublic_url = 'x.example'", f"web.public_url (yizhan.toml): {PUBLIC_URL}"),
    (f"[web]\npublic_url = 'https://u:{SECRET}@x'", f"web.public_url (yizhan.toml): {PUBLIC_URL}"),
    ("[work]\nthreads = 0", "work.threads (yizhan.toml): expected a number above 0"),
    ("[work]\nthreads = 1.5", "work.threads (yizhan.toml): expected a number above 0"),
    (
        "[work]\nqueues = 'Slow one'",
        "work.queues (yizhan.toml): expected the names of queues, or nothing for all of them",
    ),
    (
        "[retention]\npayloads = '3 months'",
        'retention.payloads (yizhan.toml): expected a number and its unit, "90s", "30m", "24h" or "90d"',
    ),
    ("[web]\ndrain = 5", 'web.drain (yizhan.toml): expected a number and its unit, "90s", "30m", "24h" or "90d"'),
    ("[log]\nlevel = 'loud'", "log.level (yizhan.toml): expected debug, info, warning or error"),
    ("[log]\nformat = 'xml'", "log.format (yizhan.toml): expected auto, json or pretty"),
    (
        "[handlers]\nrouters = ['a:b', 'shop.py']",
        'handlers.routers (yizhan.toml): expected "module:attribute" or a list of them',
    ),
    ("[store]\nurl = 3", f"store.url (yizhan.toml): {STORE_URL}"),
    ("store = 3", "store (yizhan.toml): expected a table"),
    ("[store]\nurl = 'sqlite:///'", f"store.url (yizhan.toml): {STORE_URL}"),
    ("[store]\nurl = 'sqlite://x.db'", f"store.url (yizhan.toml): {STORE_URL}"),
    ("[store]\nurl = 'sqlite:///:memory:'", f"store.url (yizhan.toml): {STORE_URL}"),
    ("[store]\nurl = 'sqlite:///x.db?mode=ro'", f"store.url (yizhan.toml): {STORE_URL}"),
    (f"[store]\nurl = 'mysql://u:{SECRET}@db/x'", f"store.url (yizhan.toml): {STORE_URL}"),
    (f"[store]\nurl = 'postgresql://u:{SECRET}#@db/x'", f"store.url (yizhan.toml): {STORE_URL}"),
    (f"[broker]\nurl = 'amqp://u:{SECRET}@'", f"broker.url (yizhan.toml): {BROKER_URL}"),
    ("[broker]\nurl = 'kafka://mq'", f"broker.url (yizhan.toml): {BROKER_URL}"),
]


@pytest.mark.parametrize(("text", "line"), SECTION_FAULTS)
def test_fault_in_the_file_is_one_line_that_names_key_place_and_cure(tmp_path: Path, text: str, line: str) -> None:
    assert faults(tmp_path, text) == [line]
