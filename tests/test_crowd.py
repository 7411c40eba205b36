"""Many who connect and say little, beside those who sign: a real process, with few open files to begin with."""

import asyncio
import contextlib
import re
import resource
from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import account, callback
from live import request
from processes import Yizhan

from receiver.connections import HEAD_WITHIN
from receiver.deliveries import Filters

MAIN = account("pandapon", name="main")
IDLE = 2_000
SLOW = 100


@contextlib.contextmanager
def open_files(soft: int) -> Iterator[None]:
    """At most so many, here and in what is started meanwhile, unless it raises its limit."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.skipif(resource.getrlimit(resource.RLIMIT_NOFILE)[1] < 4 * IDLE, reason="may not open so many files")
def test_thousands_of_idle_and_slow_connections_stop_nobody(tmp_path: Path) -> None:
    """All that is signed is acknowledged meanwhile, and of the idle none is left once a head would be overdue."""
    with Yizhan(tmp_path, (MAIN,)) as running:
        running.stop()
        with open_files(256):
            running.start()
        with open_files(3 * IDLE):
            statuses, left = asyncio.run(crowd(running))
        assert statuses == {200}
        assert left == 0
        assert running.get("/readyz") == 200
    assert '"level":"error"' not in running.log.read_text()


async def crowd(running: Yizhan) -> tuple[set[int | None], int]:
    """How the signed ones were answered, and how many of the idle are left."""
    idle = [asyncio.create_task(wait(running.port)) for _ in range(IDLE)]
    slow = [asyncio.create_task(dribble(running.port, in_body=number % 2 == 0)) for number in range(SLOW)]
    statuses = set()
    until = asyncio.get_running_loop().time() + HEAD_WITHIN + 30  # two cores connect them one after the other
    while asyncio.get_running_loop().time() < until and not all(task.done() for task in idle):
        statuses.add(await asyncio.to_thread(running.post, callback(of=MAIN), MAIN))
        await asyncio.sleep(0.05)
    left = sum(not task.done() for task in idle)
    for task in (*idle, *slow):
        task.cancel()
    await asyncio.gather(*idle, *slow, return_exceptions=True)
    return statuses, left


async def wait(port: int) -> None:
    """Say nothing, until the server hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        await reader.read()
    finally:
        writer.close()


async def dribble(port: int, *, in_body: bool) -> None:
    """A byte a second, again and again."""
    asked = request(callback(of=MAIN))
    head, _, body = asked.partition(b"\r\n\r\n")
    whole, rest = (head + b"\r\n\r\n", body) if in_body else (b"", asked)
    while True:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(whole)
            for byte in rest:
                writer.write(bytes([byte]))
                await asyncio.sleep(1)
                if reader.at_eof():
                    break
        except ConnectionError:
            pass  # hung up on
        finally:
            writer.close()


def test_flood_of_forgeries_stops_nobody(tmp_path: Path) -> None:
    """Refused before anything of them is kept; whoever signs is acknowledged meanwhile."""
    with Yizhan(tmp_path, (MAIN,)) as running:
        forged, signed = asyncio.run(flood(running))
        assert set(forged) == {401}
        assert set(signed) == {200}
        store = running.store()
        assert len(store.envelopes(Filters(), 1000)) == len(signed)
        store.close()


async def flood(running: Yizhan) -> tuple[list[int], list[int | None]]:
    """The statuses of what twenty forgers send, each as fast as it is answered, and of what one signs beside them."""
    forged: list[int] = []
    asked = request(callback(of=account("pandapon", name="main", secrets=("guessed",))))

    async def forge() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
        try:
            while True:
                writer.write(asked)
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.readexactly(len(b'{"code":401}'))
                forged.append(int(head.split()[1]))
        finally:
            writer.close()

    forgers = [asyncio.create_task(forge()) for _ in range(20)]
    signed = [await asyncio.to_thread(running.post, callback(of=MAIN), MAIN) for _ in range(40)]
    for task in forgers:
        task.cancel()
    ended = await asyncio.gather(*forgers, return_exceptions=True)
    assert {type(end) for end in ended} == {asyncio.CancelledError}
    return forged, signed


def sockets(pid: int) -> set[tuple[str, ...]]:
    """What this process listens on or receives by: the kind, and the local address in hexadecimal."""
    own = {
        found[1]
        for each in Path(f"/proc/{pid}/fd").iterdir()
        if (found := re.fullmatch(r"socket:\[(\d+)\]", str(each.readlink())))
    }
    listening: set[tuple[str, ...]] = set()
    for kind in ("tcp", "tcp6", "udp", "udp6"):
        for line in Path(f"/proc/{pid}/net/{kind}").read_text().splitlines()[1:]:
            _, local, _, state, *_, inode = line.split()[:10]
            if inode in own and (state == "0A" or kind.startswith("udp")):
                listening.add((kind, local))
    for line in Path(f"/proc/{pid}/net/unix").read_text().splitlines()[1:]:
        _, _, _, flags, _, _, inode, *path = line.split()
        if inode in own and (path or int(flags, 16) & 0x10000):
            listening.add(("unix", *path))
    return listening


@pytest.mark.skipif(not Path("/proc/self/net/tcp").exists(), reason="Linux tells so")
def test_commands_have_no_port(tmp_path: Path) -> None:
    """The one socket is the web server's, and there is nothing at it but callbacks and what operators read."""
    with Yizhan(tmp_path, (MAIN,)) as running:
        assert sockets(running.pid) == {("tcp", f"0100007F:{running.port:04X}")}
        found = {path: running.get(f"/{path}") for path in ("healthz", "readyz", "metrics", "callbacks/main")}
        assert found == dict.fromkeys(found, 200)
        commands = "inbox deliveries order replay bury prune api check handlers events migrate sandbox admin debug docs"
        for path in ("", *commands.split(), "deliveries/1", "deliveries/1/replay", "callbacks", "callbacks/main/inbox"):
            assert running.get(f"/{path}") == 404, path
