"""The commands over PostgreSQL, and whole processes that share a database."""

import json
from collections.abc import Callable
from http.client import HTTPConnection
from pathlib import Path

import pytest
from builders import account, callback, message
from databases import Database, Templates
from processes import Yizhan, wait_until
from typer.testing import CliRunner, Result

from receiver.cli import app

Command = Callable[..., Result]


@pytest.fixture
def command(tmp_path: Path) -> Callable[[str], Command]:
    """The command, configured with this store."""

    def configured(url: str) -> Command:
        file = tmp_path / "yizhan.toml"
        file.write_text(
            f'[store]\nurl = "{url}"\n[handlers]\nrouters = []\n[[accounts]]\nname = "main"\nsource = "pandapon"\n'
            'access_key = "key"\naccess_secret = "secret"\n'
        )
        return lambda *words: CliRunner().invoke(app, ["--config", str(file), *map(str, words)], catch_exceptions=False)

    return configured


def test_migrate_makes_the_schema_once_and_check_finds_it(
    templates: Templates, command: Callable[[str], Command]
) -> None:
    with templates.copy("template1") as empty:
        yizhan = command(empty.url)
        assert "the schema lacks 0001_path.sql" in yizhan("check").stdout
        assert "run `yizhan migrate`" in yizhan("inbox", "list").stderr
        result = yizhan("migrate")
        assert (result.exit_code, result.stdout.splitlines()[0]) == (0, "ran 0001_path.sql")
        assert yizhan("migrate").stdout == f"{empty.url} is up to date\n"
        result = yizhan("check")
        assert (result.exit_code, f"✓ store: {empty.url}" in result.stdout) == (0, True), result.output


def test_two_processes_share_a_database_and_one_goes_on_where_the_other_was_killed(
    database: Database, tmp_path: Path, command: Callable[[str], Command]
) -> None:
    """Neither puts back what the other holds; people list and replay beside them."""
    accounts = (account(name="main", user_id="1"),)
    settings = f'[store]\nurl = "{database.url}"\n'
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    yizhan = command(database.url)
    with (
        Yizhan(folders[0], accounts, settings=settings) as one,
        Yizhan(folders[1], accounts, settings=settings) as two,
    ):
        sent = [callback(message(), of=accounts[0]) for _ in range(20)]
        for each in sent:
            connection = HTTPConnection("127.0.0.1", one.port, timeout=5)
            assert one.post(each, accounts[0], connection) == 200
            connection.close()
            assert two.post(each, accounts[0]) == 200, "a redelivery at the other"
        one.kill()
        assert two.post(callback(message(), of=accounts[0]), accounts[0]) == 200
        wait_until(
            lambda: database.run("SELECT count(*) FROM envelope WHERE state = 'dispatched'") == [(21,)],
            seconds=20,
            what="all are dispatched",
        )
        rows = [json.loads(line) for line in yizhan("inbox", "list", "--limit", 100, "--json").stdout.splitlines()]
        assert len(rows) == 21
        assert sum(row["redeliveries"] for row in rows) == 20
        assert yizhan("inbox", "show", rows[0]["id"]).exit_code == 0
        assert yizhan("order", rows[0]["order_id"]).exit_code == 0
        assert two.stop() == 0
    owed = [json.loads(line) for line in yizhan("deliveries", "list", "--limit", 1, "--json").stdout.splitlines()]
    assert yizhan("deliveries", "show", owed[0]["id"]).exit_code == 0
    database.run("UPDATE delivery SET state = 'dead', head = false")
    assert yizhan("deliveries", "replay", owed[0]["id"]).stdout == "replayed 1\n"
    assert yizhan("deliveries", "bury", owed[0]["id"]).stdout == "buried 1\n"
