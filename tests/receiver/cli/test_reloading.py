"""``yizhan dev --reload``: an edited handler runs at the next event, and no event is lost over it."""

import itertools
import json
import os
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import builders
import pytest
from builders import callback, message
from processes import Yizhan, wait_until

from receiver.deliveries import Delivery, Filters

MAIN = builders.account(name="main")
SETTINGS = '[handlers]\nrouters = ["shop:router", "other:router"]'
SHOP = """
from pathlib import Path
from receiver import Context, Router
from receiver.events import OrderPaid

router = Router()

@router.on(OrderPaid, name="NAME.note")
def note(ctx: Context[OrderPaid]) -> None:
    with Path("NAME.txt").open("a") as file:
        file.write(f"VERSION {ctx.event.order_id}\\n")
"""


def shop(version: str, name: str = "shop") -> str:
    return SHOP.replace("VERSION", version).replace("NAME", name)


@pytest.fixture
def dev(tmp_path: Path) -> Yizhan:
    (tmp_path / "shop.py").write_text(shop("one"))
    (tmp_path / "other.py").write_text(shop("other", "other"))
    return Yizhan(tmp_path, (MAIN,), settings=SETTINGS, command=("dev", "--reload"))


def pay(dev: Yizhan, order_id: str) -> None:
    assert dev.post(callback(message(orderId=order_id), of=MAIN), MAIN) == 200


def lines(dev: Yizhan, name: str) -> list[str]:
    file = dev.folder / f"{name}.txt"
    return file.read_text().splitlines() if file.exists() else []


def told(dev: Yizhan, event: str) -> list[dict[str, Any]]:
    rows = [json.loads(line) for line in dev.log.read_text().splitlines() if line.startswith("{")]
    return [row for row in rows if row["event"] == event]


def until(condition: Callable[[], bool], what: str) -> None:
    wait_until(condition, seconds=20, what=what)


def edit(dev: Yizhan, file: str, text: str) -> None:
    """Write it, and wait until it is noticed."""
    before = len(told(dev, "handlers.reloaded"))
    (dev.folder / file).write_text(text)
    until(lambda: len(told(dev, "handlers.reloaded")) > before, f"{file} is loaded anew")


def deliveries(dev: Yizhan, **chosen: str) -> list[Delivery]:
    store = dev.store()
    try:
        return store.deliveries(Filters(**chosen), 10_000)  # type: ignore[arg-type]
    finally:
        store.close()


def test_edited_handler_runs_at_the_next_event(dev: Yizhan) -> None:
    with dev:
        pay(dev, "1")
        until(lambda: lines(dev, "shop") == ["one 1"], "the first version runs")
        edit(dev, "shop.py", shop("two"))
        pay(dev, "2")
        until(lambda: lines(dev, "shop") == ["one 1", "two 2"], "the second version runs")


def test_two_edits_of_one_size_within_a_second_both_count(dev: Yizhan) -> None:
    """Compiled code is kept by size and second: an edit must not be taken for the one before."""
    with dev:
        for number, version in enumerate(("aaa", "bbb", "ccc")):
            edit(dev, "shop.py", shop(version))
            pay(dev, str(number))
            until(lambda n=number, v=version: lines(dev, "shop")[n:] == [f"{v} {n}"], version)  # type: ignore[misc]


def test_nothing_is_lost_while_files_change(dev: Yizhan) -> None:
    """Callbacks come in all the time while the file is written again and again, now and then broken."""
    stop, acknowledged = threading.Event(), list[str]()

    def post() -> None:
        for number in itertools.count(1):
            if dev.post(callback(message(orderId=str(number)), of=MAIN), MAIN) == 200:
                acknowledged.append(str(number))
            if stop.wait(0.01):
                return

    with dev:
        poster = threading.Thread(target=post)
        poster.start()
        for number in range(6):
            edit(dev, "shop.py", "def broken(:\n" if number % 2 else shop(f"v{number}"))
        edit(dev, "shop.py", shop("last"))
        stop.set()
        poster.join()
        until(lambda: len(deliveries(dev, state="succeeded")) >= 2 * len(acknowledged), "all have ended")
        assert {row.attempts for row in deliveries(dev)} == {1}
        for name in ("shop", "other"):
            ran = [line.split()[1] for line in lines(dev, name)]
            assert len(ran) == len(set(ran))
            assert set(acknowledged) <= set(ran)
        assert len(acknowledged) > 20


def test_broken_file_is_named_its_deliveries_wait_and_the_others_go_on(dev: Yizhan) -> None:
    with dev:
        edit(dev, "shop.py", "x = 1\nraise KeyError('PLANTED')\n")
        (broken,) = told(dev, "handlers.broken")
        assert broken["error"].startswith("router shop:router: KeyError at shop.py:2; correct it, or see it with")
        assert "PLANTED" not in dev.log.read_text()
        assert told(dev, "handlers.reloaded")[-1]["waiting"] == ["shop.note"]
        pay(dev, "1")
        until(lambda: lines(dev, "other") == ["other 1"], "the neighbour runs")
        (waits,) = deliveries(dev, handler="shop.note")
        assert (waits.state, waits.attempts) == ("due", 0)
        edit(dev, "shop.py", shop("mended"))
        until(lambda: lines(dev, "shop") == ["mended 1"], "what waited runs")


def test_what_a_handler_imports_counts_too_and_so_does_yizhan_toml(dev: Yizhan) -> None:
    (dev.folder / "texts.py").write_text("TEXT = 'one'\n")
    with dev:
        edit(dev, "shop.py", "import texts\n" + shop("{texts.TEXT}"))
        edit(dev, "texts.py", "TEXT = 'two'\n")
        pay(dev, "1")
        until(lambda: lines(dev, "shop") == ["two 1"], "the imported file is loaded anew")
        (dev.folder / "third.py").write_text(shop("third", "third"))
        settings = dev.folder / "yizhan.toml"
        edit(dev, "yizhan.toml", settings.read_text().replace('"other:router"', '"third:router"'))
        pay(dev, "2")
        until(lambda: lines(dev, "third") == ["third 2"], "the new router's handler runs")
        assert lines(dev, "other") == ["other 1"]
        edit(dev, "yizhan.toml", "[handlers\n")
        assert "yizhan.toml" in told(dev, "handlers.broken")[-1]["error"]
        pay(dev, "3")
        until(lambda: lines(dev, "third") == ["third 2", "third 3"], "what was configured goes on")


def test_package_that_lies_elsewhere_is_watched_too(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As an installed one does. Its parts are loaded anew together; a handler that it drops is told as gone."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "plugged").mkdir()
    (elsewhere / "plugged" / "__init__.py").write_text("from plugged.parts import router\n")
    (elsewhere / "plugged" / "parts.py").write_text(shop("one"))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(elsewhere), *sys.path]))
    with Yizhan(
        tmp_path, (MAIN,), settings='[handlers]\nrouters = ["plugged:router"]', command=("dev", "--reload")
    ) as dev:
        edit(dev, str(elsewhere / "plugged" / "parts.py"), shop("two"))
        pay(dev, "1")
        until(lambda: lines(dev, "shop") == ["two 1"], "the new version runs")
        edit(dev, str(elsewhere / "plugged" / "parts.py"), shop("two", "renamed"))
        assert told(dev, "handlers.reloaded")[-1]["gone"] == ["shop.note"]


def test_one_broken_file_at_the_start_keeps_no_other_from_running(tmp_path: Path) -> None:
    """With or without --reload; ``run`` is strict."""
    (tmp_path / "shop.py").write_text("import nothing_of_this_name\n")
    (tmp_path / "other.py").write_text(shop("other", "other"))
    with Yizhan(tmp_path, (MAIN,), settings=SETTINGS, command=("dev",)) as dev:
        (broken,) = told(dev, "handlers.broken")
        assert (
            "ModuleNotFoundError at shop.py:1: there is no module nothing_of_this_name; install it" in broken["error"]
        )
        pay(dev, "1")
        until(lambda: lines(dev, "other") == ["other 1"], "the other runs")
    strict = Yizhan(tmp_path, (MAIN,), settings=SETTINGS, command=("run",))
    strict.spawn()
    until(strict.ended, "run refuses")
    assert "there is no module nothing_of_this_name; install it" in strict.log.read_text()


def test_attempt_under_way_ends_with_the_code_it_began_with(dev: Yizhan) -> None:
    slow = "import time\n" + shop("slow").replace("    with Path", "    time.sleep(3)\n    with Path")
    (dev.folder / "shop.py").write_text(slow)
    with dev:
        pay(dev, "1")
        until(lambda: [row.state for row in deliveries(dev, handler="shop.note")] == ["running"], "it has begun")
        edit(dev, "shop.py", shop("new"))
        pay(dev, "2")
        until(lambda: sorted(lines(dev, "shop")) == ["new 2", "slow 1"], "both have ended")
        assert {row.attempts for row in deliveries(dev)} == {1}


def test_log_file_beside_the_handlers_does_not_feed_on_itself(dev: Yizhan) -> None:
    """What the watching library tells of each file that changes would be a change of the log, and so on for ever."""
    with dev:
        edit(dev, "shop.py", shop("two"))
        assert [row for row in told(dev, "handlers.reloaded") if row["files"] == ["shop.py"]]
        rows = [json.loads(line) for line in dev.log.read_text().splitlines() if line.startswith("{")]
        assert [row for row in rows if row["logger"].startswith("watchfiles")] == []
