"""``check`` names each fault with its cure, and shows no secret."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from receiver import settings
from receiver.check import Finding, check, sqlite_version
from receiver.errors import StoreUnavailable

SECRET = "s3cr3t-PLANTED"
CONFIGURATION = f"""
[[accounts]]
name = "main"
source = "pandapon"
access_key = "key"
access_secret = ["{SECRET}", "{SECRET}-2"]
signature_base = ["{{access_key}}{{body}}", "{{body}}"]
[[accounts]]
name = "other"
source = "alibaba1688"
access_key = "key"
access_secret = "{SECRET}"
[web]
public_url = "https://callbacks.example.com"
[handlers]
routers = ["checked:router"]
"""
CHECKED = """
from receiver import Router
from receiver.events import Event
router = Router()
@router.on(Event)
def note(ctx): ...
"""


@pytest.fixture(autouse=True)
def _imports() -> Iterator[None]:
    path, modules = sys.path[:], set(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        del sys.modules[name]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "checked.py").write_text(CHECKED)
    return tmp_path


def found(folder: Path, text: str, store: Exception | None = None, broker: Exception | None = None) -> list[Finding]:
    def probe(error: Exception | None) -> None:
        if error is not None:
            raise error

    (folder / "yizhan.toml").write_text(text)
    findings = check(
        *settings.read(environ={}, cwd=folder),
        store_probe=lambda: probe(store),
        broker_probe=lambda: probe(broker),
    )
    assert SECRET not in repr(findings)
    return findings


def wrong(findings: list[Finding]) -> list[tuple[str, str | None]]:
    return [(finding.what, finding.cure) for finding in findings if not finding.ok]


def test_sound_configuration_is_found_sound(folder: Path) -> None:
    findings = found(folder, CONFIGURATION)
    assert all(finding.ok and finding.cure is None for finding in findings)
    store = folder / ".yizhan" / "yizhan.db"
    assert [finding.what for finding in findings if not finding.what.startswith("store: SQLite")] == [
        f"configuration: {folder / 'yizhan.toml'}",
        f"store: {store} will be created",
        f"store: sqlite:///{store}",
        "broker: in memory, for run and dev; serve and work need redis or amqp",
        "handlers: Event -> checked.note",
        (
            "account main: pandapon, 2 secrets, https://callbacks.example.com/callbacks/main, "
            "signed over {access_key}{body} or {body}"
        ),
        "account other: alibaba1688, 1 secret, https://callbacks.example.com/callbacks/other",
    ]
    assert not store.parent.exists()


def test_every_fault_of_the_configuration_is_a_finding(folder: Path) -> None:
    findings = found(folder, f"[web]\nport = '{SECRET}'\n[work]\nthreads = 0")
    assert wrong(findings) == [
        ("configuration: web.port (yizhan.toml): expected a port, 0 to 65535", "correct web.port"),
        ("configuration: work.threads (yizhan.toml): expected a number above 0", "correct work.threads"),
    ]
    assert len(findings) == 2


def test_configuration_may_have_no_file(folder: Path) -> None:
    findings = check(*settings.read(environ={"YIZHAN_HANDLERS__ROUTERS": "checked:router"}, cwd=folder))
    assert findings[0] == Finding(ok=True, what="configuration: no file, so the defaults")
    assert wrong(findings) == [("accounts: none, so every callback is refused", "add [[accounts]] to yizhan.toml")]


def test_store_that_cannot_be_written_is_found_before_it_is_probed(folder: Path) -> None:
    (folder / "file").write_text("")
    (folder / "taken").mkdir()
    cure = "give this user the right to write there, or set another store.url"
    for url, what in (
        ("sqlite:///file/x.db", f"store: cannot write {folder}/file/x.db: Not a directory"),
        ("sqlite:///taken", f"store: cannot write {folder}/taken: not a file that this user may write"),
    ):
        findings = found(folder, f"{CONFIGURATION}[store]\nurl = '{url}'", store=StoreUnavailable("unreached"))
        assert wrong(findings) == [(what, cure)]


def test_store_that_exists_is_left_as_it_is(folder: Path) -> None:
    (folder / "x.db").write_bytes(b"data")
    findings = found(folder, f"{CONFIGURATION}[store]\nurl = 'sqlite:///x.db'")
    assert f"store: {folder}/x.db" in [finding.what for finding in findings]
    assert (folder / "x.db").read_bytes() == b"data"


def test_store_that_does_not_answer_is_named_without_its_password(folder: Path) -> None:
    text = f"{CONFIGURATION}[store]\nurl = 'postgresql://u:{SECRET}@db/x'"
    assert wrong(found(folder, text, store=StoreUnavailable("no schema"))) == [
        ("store: postgresql://u:***@db/x: no schema", "start it, or run: yizhan migrate")
    ]
    assert wrong(found(folder, text)) == []


def test_broker_that_does_not_answer_is_named_without_its_password(folder: Path) -> None:
    text = f"{CONFIGURATION}[broker]\nurl = 'redis://:{SECRET}@cache'"
    assert wrong(found(folder, text, broker=ConnectionError(f"redis://:{SECRET}@cache"))) == [
        ("broker: redis://:***@cache: ConnectionError", "start the broker, or correct broker.url")
    ]
    assert Finding(ok=True, what="broker: redis://:***@cache") in found(folder, text)


def test_broker_in_memory_is_not_probed(folder: Path) -> None:
    assert wrong(found(folder, CONFIGURATION, broker=ConnectionError())) == []


def test_handlers_that_fail_do_not_hide_those_that_work(folder: Path) -> None:
    (folder / "raises.py").write_text(f"raise ValueError('{SECRET}')")
    (folder / "refused.py").write_text("from receiver import Router\nRouter().on(int)")
    (folder / "handlers.py").write_text("")
    text = CONFIGURATION.replace('["checked:router"]', '["raises:router", "refused:router", "checked:router"]')
    findings = found(folder, text)
    assert wrong(findings) == [
        (
            "handlers: router raises:router: ValueError at raises.py:1",
            "correct it, or see it with: python -c 'import raises'",
        ),
        (
            (
                "handlers: router refused:router: RoutingError at refused.py:2: on(<class 'int'>): "
                "expected an event type of receiver.events"
            ),
            None,
        ),
        (
            (
                f"handlers: {folder / 'handlers.py'}: has the name of a package of yizhan's, "
                "so it is never imported, or hides ours"
            ),
            'rename it, for example to shop_handlers, and set [handlers] routers = ["shop_handlers:router"]',
        ),
    ]
    assert Finding(ok=True, what="handlers: Event -> checked.note") in findings


def test_missing_public_url_is_a_note(folder: Path) -> None:
    findings = found(folder, CONFIGURATION.replace('public_url = "https://callbacks.example.com"', ""))
    assert wrong(findings) == []
    assert [finding.what for finding in findings[-2:]] == [
        "account other: alibaba1688, 1 secret, /callbacks/other",
        "accounts: the platform cannot reach these addresses as they stand",
    ]
    assert findings[-1].cure == "set web.public_url to where the internet reaches this service"


@pytest.mark.parametrize(
    ("version", "finding"),
    [
        ("3.51.3", Finding(ok=True, what="store: SQLite 3.51.3")),
        ("3.100.0", Finding(ok=True, what="store: SQLite 3.100.0")),
        (
            "3.51.2",
            Finding(ok=False, what="store: SQLite 3.51.2 has the WAL-reset bug", cure="install apsw >= 3.51.3.0"),
        ),
    ],
)
def test_sqlite_with_the_wal_reset_bug_is_refused(version: str, finding: Finding) -> None:
    assert sqlite_version(version) == finding
