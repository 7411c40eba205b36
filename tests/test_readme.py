"""What the README claims."""

import re
from pathlib import Path

from trying_out import pytest_in

from receiver import operations, vocabulary
from receiver.accounts import ApiAccess
from receiver.cli.events import as_markdown
from receiver.plugins import load_routers
from receiver.settings import load
from receiver.sources.pandapon.requests import URL

README = Path(__file__).parent.parent / "README.md"


def test_the_table_of_topics_is_the_one_in_use() -> None:
    """Write it anew with ``yizhan events --topics --markdown``."""
    begin, end = (
        "<!-- begin: yizhan events --topics --markdown -->\n\n",
        "\n\n<!-- end: yizhan events --topics --markdown -->",
    )
    _, found, rest = README.read_text().partition(begin)
    assert found
    table, found, _ = rest.partition(end)
    assert found
    assert table.splitlines() == list(as_markdown(vocabulary.topics()))


def test_the_recipe_and_the_counts_are_those_in_use(tmp_path: Path) -> None:
    """What is shown as the default is the default."""
    text = README.read_text()
    table = text.partition("[accounts.api] ")[2].partition("[accounts.operations]")[0]
    (tmp_path / "yizhan.toml").write_text(
        '[[accounts]]\nname = "main"\nsource = "pandapon"\naccess_key = "k"\naccess_secret = "s"\n[accounts.api] '
        + table
    )
    written = load(environ={}, cwd=tmp_path).accounts[0].api
    assert written == ApiAccess(url=URL)
    found = operations.of_source("pandapon")
    assert f"{len(found)} operations {sum(row.callable for row in found)} have a path" in text


def test_own_handlers_and_their_test_run_as_shown(tmp_path: Path) -> None:
    """The team's two files, and pytest over them."""
    section = README.read_text().partition("## On your own machine")[2].partition("\n## ")[0]
    for name, text in re.findall(r"```python\n# (\w+\.py)\n(.*?)```", section, re.DOTALL):
        (tmp_path / name).write_text(text)
    done = pytest_in(tmp_path)
    assert "1 passed" in done.stdout, done.stdout + done.stderr
    (tmp_path / "yizhan.toml").write_text("")
    assert [route.name for route in load_routers(["shop:router"], tmp_path)] == ["shop.update_stock", "shop.ask_why"]


def test_links_lead_somewhere() -> None:
    """To a heading, or to a file."""
    text = README.read_text()
    headings = {
        re.sub(r"[^\w -]", "", line[3:]).lower().replace(" ", "-") for line in text.splitlines() if line[:3] == "## "
    }
    targets = [target for target in re.findall(r"\]\((.+?)\)", text) if not target.startswith("https://")]
    assert targets
    assert [t for t in targets if t[1:] not in headings and not (t[0] != "#" and (README.parent / t).is_file())] == []


def test_handlers_that_ship_can_be_switched_on_as_shown(tmp_path: Path) -> None:
    """Each table as it stands there."""
    account = '[[accounts]]\nname = "main"\nsource = "pandapon"\naccess_key = "k"\naccess_secret = "s"\n'
    section = README.read_text().partition("## Handlers that ship")[2].partition("\n## ")[0]
    tables = re.findall(r"```toml\n(.*?)```", section, re.DOTALL)
    (tmp_path / "yizhan.toml").write_text(account + "".join(tables))
    environ = {"SHOP_SECRET": f"whsec_{'A' * 32}", "OPS_CHAT": "json://127.0.0.1:1/"}
    made = load(environ=environ, cwd=tmp_path).handler_tables
    assert len(made) == len(tables) > 0
    assert len(list(load_routers([], tmp_path, made))) >= len(made)
