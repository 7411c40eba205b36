"""``yizhan check`` and ``yizhan handlers``."""

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import apsw
import pytest
from brokers import BrokerServer
from typer.testing import Result

from receiver.store.sqlite import SqliteStore

Yizhan = Callable[..., Result]

SHOP = """
print("a plug-in that talks")
from receiver.events import Event, OrderEvent, RefundEvent
from receiver.routing import Router
router = Router()
@router.on(OrderEvent, timeout=2.5, platform="1688", max_attempts=3, stale="run")
def second_in_the_alphabet(ctx): ...
@router.on(Event, name="shop.all")
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
def configure(folder: Path) -> Callable[..., None]:
    """Change the configuration by replacing text, and put shop.py beside it."""

    def write(*changes: tuple[str, str], shop: str = SHOP) -> None:
        file = folder / "yizhan.toml"
        text = file.read_text().replace("routers = []", 'routers = ["shop_of_tests:router"]')
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        file.write_text(text)
        (folder / "shop_of_tests.py").write_text(shop)

    return write


def findings(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def faults(result: Result) -> list[dict[str, Any]]:
    assert result.exit_code == 1
    return [finding for finding in findings(result) if not finding["ok"]]


@pytest.mark.usefixtures("store")
def test_all_is_well_beside_a_running_process(yizhan: Yizhan, configure: Callable[..., None]) -> None:
    configure()
    result = yizhan("check")
    assert result.exit_code == 0, result.output
    *fine, note = result.stdout.splitlines()
    assert all(line.startswith("✓ ") for line in fine)
    assert note.startswith("! accounts: the platform cannot reach these addresses as they stand — set web.public_url")
    assert "✓ handlers: OrderEvent -> shop_of_tests.second_in_the_alphabet" in result.stdout
    assert "secret," in result.stdout  # counted, not shown
    for finding in findings(yizhan("check", "--json")):
        assert list(finding) == ["ok", "what", "cure"]
        assert finding["ok"]


def test_a_store_that_is_not_there_yet_is_fine_and_nothing_is_made(
    yizhan: Yizhan, configure: Callable[..., None], folder: Path
) -> None:
    configure(("sqlite:///yizhan.db", "sqlite:///data/yizhan.db"))
    before = {path for path in folder.rglob("*") if "__pycache__" not in path.parts}
    result = yizhan("check")
    assert result.exit_code == 0, result.output
    assert "data/yizhan.db will be created" in result.stdout
    assert {path for path in folder.rglob("*") if "__pycache__" not in path.parts} == before


def test_a_store_of_another_version_is_a_fault_whose_cure_is_migrate(
    yizhan: Yizhan, configure: Callable[..., None], folder: Path
) -> None:
    configure()
    apsw.Connection(str(folder / "yizhan.db")).execute("CREATE TABLE other (id)").connection.close()
    files = sorted(folder.iterdir())
    (fault,) = faults(yizhan("check", "--json"))
    assert "the schema lacks 0001" in fault["what"]
    assert "yizhan migrate" in fault["cure"]
    assert [file for file in sorted(folder.iterdir()) if file.name != "__pycache__"] == files


def test_a_store_that_is_none_is_a_fault(yizhan: Yizhan, configure: Callable[..., None], folder: Path) -> None:
    configure()
    (folder / "yizhan.db").write_text("not a database" * 100)
    (fault,) = faults(yizhan("check", "--json"))
    assert "NotADBError" in fault["what"]
    assert (folder / "yizhan.db").read_text() == "not a database" * 100


def test_without_an_account_there_is_a_fault_with_a_cure(
    yizhan: Yizhan, configure: Callable[..., None], folder: Path
) -> None:
    configure()
    text = (folder / "yizhan.toml").read_text()
    accounts = text[text.index("[[accounts]]") : text.index("[handlers]")]
    configure((accounts, ""))
    result = yizhan("check")
    assert result.exit_code == 1
    (line,) = [line for line in result.stdout.splitlines() if line.startswith("✗")]
    assert "accounts: none" in line
    assert "add [[accounts]] to yizhan.toml" in line


@pytest.mark.parametrize("url", ["redis://:hidden-password@127.0.0.1:1", "amqp://me:hidden-password@127.0.0.1:1"])
def test_a_broker_that_is_not_there_is_a_fault_that_tells_no_password(
    yizhan: Yizhan, configure: Callable[..., None], url: str
) -> None:
    configure(("[handlers]", f'[broker]\nurl = "{url}"\n[handlers]'))
    result = yizhan("check", "--json")
    (fault,) = faults(result)
    assert "ConnectionError" in fault["what"]
    assert "start the broker" in fault["cure"]
    assert "hidden-password" not in result.output


def test_a_broker_that_is_there_is_fine(
    yizhan: Yizhan, configure: Callable[..., None], broker_server: BrokerServer
) -> None:
    configure(("[handlers]", f'[broker]\nurl = "{broker_server.url}"\n[handlers]'))
    assert yizhan("check", "--json").exit_code == 0


def test_a_server_that_is_not_there_is_a_fault_that_tells_no_password(
    yizhan: Yizhan, configure: Callable[..., None]
) -> None:
    configure(("sqlite:///yizhan.db", "postgresql://me:hidden-password@127.0.0.1:1/yizhan"))
    result = yizhan("check", "--json")
    (fault,) = faults(result)
    assert "store: postgresql://me:***@127.0.0.1:1/yizhan: PostgreSQL: OperationalError" in fault["what"]
    assert "refused" in fault["what"]
    assert "start it" in fault["cure"]
    assert "hidden-password" not in result.output


def test_every_wrong_key_is_named_at_once(yizhan: Yizhan, configure: Callable[..., None]) -> None:
    configure(("pandapon", "panda"), ("[handlers]", "[web]\nport = -1\n[handlers]"))
    result = yizhan("check")
    assert result.exit_code == 1
    assert [line.split()[2] for line in result.stdout.splitlines()] == ["web.port", "accounts.main.source"]


def test_handlers_are_listed_in_order_of_definition(yizhan: Yizhan, configure: Callable[..., None]) -> None:
    configure()
    result = yizhan("handlers", "--json")
    assert result.exit_code == 0
    assert [list(json.loads(line).items()) for line in result.stdout.splitlines()] == [
        [
            ("event", "order"),
            ("handler", "shop_of_tests.second_in_the_alphabet"),
            ("platform", "1688"),
            ("timeout", 2.5),
            ("max_attempts", 3),
            ("stale", "run"),
            ("queue", "default"),
        ],
        [
            ("event", "event"),
            ("handler", "shop.all"),
            ("platform", None),
            ("timeout", 30.0),
            ("max_attempts", 15),
            ("stale", "skip"),
            ("queue", "default"),
        ],
    ]
    title, first, second = yizhan("handlers").stdout.splitlines()
    assert title.split() == ["event", "handler", "platform", "timeout", "max", "attempts", "stale"]
    assert first.split() == ["order", "shop_of_tests.second_in_the_alphabet", "1688", "2.5", "s", "3", "run"]
    assert second.split() == ["event", "shop.all", "any", "30", "s", "15", "skip"]


def test_a_plug_in_that_fails_is_named_and_hides_no_other(yizhan: Yizhan, configure: Callable[..., None]) -> None:
    configure(('"shop_of_tests:router"', '"absent_shop:router", "shop_of_tests:router"'))
    for command in (("handlers",), ("check",)):
        result = yizhan(*command)
        assert result.exit_code == 1
        assert "there is no module absent_shop" in result.output
        assert "shop.all" in result.stdout


def test_what_a_plug_in_prints_is_not_the_answer(
    yizhan: Yizhan, configure: Callable[..., None], store: SqliteStore
) -> None:
    configure()
    result = yizhan("handlers", "--json")
    assert "a plug-in that talks" in result.stderr
    assert "a plug-in that talks" not in result.stdout
