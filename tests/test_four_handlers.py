"""The handlers that ship, all at once, as the README shows them: its own files, through real processes."""

import contextlib
import os
import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
from processes import ENVIRONMENT, Yizhan, free_port, wait_until

from receiver.deliveries import Filters

README = Path(__file__).parent.parent / "README.md"


def shown(language: str, port: int) -> str:
    """The file of that language; what it says of a port is of ours."""
    section = README.read_text().partition("## All of them at once")[2].partition("\n## ")[0]
    (block,) = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    assert "9000" in block
    return str(block).replace("9000", str(port))


@contextlib.contextmanager
def receiving(folder: Path, port: int) -> Iterator[Path]:
    """The shop and the chat, and what they print."""
    (folder / "receive.py").write_text(shown("python", port))
    out = folder / "received.txt"
    with out.open("wb") as printed:
        process = subprocess.Popen([sys.executable, "receive.py"], cwd=folder, stdout=printed, stderr=printed)
    try:
        yield out
    finally:
        process.kill()
        process.wait()


def test_four_handlers_at_work_as_the_readme_shows(tmp_path: Path) -> None:
    """One message in the thread, rows in the database, webhooks that verify, one notice of many, dead letters told."""
    port = free_port()
    yizhan = Yizhan(tmp_path, (), settings=shown("toml", port), command=("dev",))
    with receiving(tmp_path, port) as out, yizhan:
        command = [sys.executable, "-m", "receiver", "simulate", "refund-rejected", "cancellation"]
        subprocess.run(command, cwd=tmp_path, env={**os.environ, **ENVIRONMENT}, check=True)
        wait_until(lambda: out.read_text().count("delivery.buried") == 1, seconds=30, what="notices of all there is")
        wait_until(lambda: _open(yizhan) == 0, seconds=30, what="the end of all deliveries")
        state = httpx2.get(f"http://127.0.0.1:{yizhan.port + 1}/sandbox/state", trust_env=False).json()
        assert yizhan.stop() == 0
    (refund,) = state["refunds"]
    (asked,) = [post for post in refund["thread"] if post["author"] == "buyer"]
    assert refund["id"] in asked["text"]

    with contextlib.closing(sqlite3.connect(tmp_path / ".yizhan" / "orders.db")) as orders:
        assert orders.execute("SELECT state, refund_id FROM refund").fetchall() == [("refund.succeeded", refund["id"])]
        assert {row for (row,) in orders.execute("SELECT state FROM purchase_order")} == {
            "order.shipped",
            "order.closed",
        }

    received = out.read_text()
    told = [line.split()[1] for line in received.splitlines() if line.startswith("shop: ")]
    assert len(told) == len(state["pushes"])
    assert {"order.paid", "order.closed", "refund.rejected", "refund.succeeded"} <= set(told)
    notices = [line for line in received.splitlines() if "refund.rejected: " in line or "delivery.buried: " in line]
    assert (len(notices), "delivery.buried: forward.moved gave up order.closed" in received) == (3, True)
    assert received.count("chat: ") < len(notices)
    assert "Traceback" not in received


def _open(yizhan: Yizhan) -> int:
    with contextlib.closing(yizhan.store()) as store:
        rows = store.deliveries(Filters(), 10_000)
    dead = [row.handler for row in rows if row.state == "dead"]
    assert set(dead) <= {"forward.moved"}
    return len([row for row in rows if row.state not in {"succeeded", "skipped", "dead"}])
