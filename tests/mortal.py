"""A whole embedded process, against a real platform, that meets its fate at one step around an effect.

It runs in a process of its own (``begin``): what stops or dies is all of it. Its store's clock can be put ahead.
"""

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterable
from functools import partial
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any
from unittest.mock import patch

import builders
import httpcore2

from receiver import Context, Router, embedded, serving, transport
from receiver.accounts import Account, ApiAccess, Completed
from receiver.deliveries import Ended, Started
from receiver.effects import Claimed, EffectKey, EffectState
from receiver.events import RefundRejected
from receiver.network import Network
from receiver.sources import SOURCES
from receiver.store.sqlite import SqliteStore

HANDLER = "shop.ask"
TEXT = "为什么拒绝"
#: Of one call: a process that was stopped for longer than twice that must not go on with it.
TIMEOUT = 1.0
SPAWN = multiprocessing.get_context("spawn")

BEFORE_INTENT = "before the intent"
AFTER_INTENT = "after the intent, not connected"
CONNECTED = "connected, nothing written"
WRITTEN = "written, not answered"
ANSWERED = "answered, not recorded"
RECORDED = "recorded, not settled"


def caller(url: str, *, can_look: bool) -> Account:
    """Whether the platform can be asked for messages is a matter of configuration: no page tells the path."""
    messages = Completed(operation="taobao.refund.list_messages", method="POST", path="/open/order/refund/message/list")
    return builders.account(
        name="main",
        user_id="2100007341207",
        api=ApiAccess(url=url, rate=100, timeout=TIMEOUT),
        operations=(messages,) if can_look else (),
    )


class Process:
    """One process, from its beginning to whatever end it comes to."""

    def __init__(
        self, folder: Path, port: int, account: Account, *, step: str = "", how: int = signal.SIGKILL, ahead: float = 0
    ) -> None:
        self._ahead: Any = SPAWN.Value("q", round(ahead * 1000))
        self.process: SpawnProcess = SPAWN.Process(
            target=_run, args=(folder, port, account, _Fate(step, how), self._ahead), daemon=True
        )
        self.process.start()

    def pass_time(self, seconds: float) -> None:
        """For its store: what it waits for in real time takes as long as ever."""
        self._ahead.value += round(seconds * 1000)

    def end(self, how: int) -> int | None:
        """Its exit code."""
        assert self.process.pid is not None
        os.kill(self.process.pid, how)
        self.process.join(30)
        return self.process.exitcode


class _Fate:
    def __init__(self, step: str, how: int) -> None:
        self._step = step
        self._how = how

    def meet(self, step: str) -> None:
        """Once."""
        if step == self._step:
            self._step = ""
            signal.pthread_kill(threading.get_ident(), self._how)  # this very thread goes no step further


class _Store(SqliteStore):
    def __init__(self, path: Path, *, alone: bool, fate: _Fate, ahead: Any) -> None:
        super().__init__(path, alone=alone, clock=lambda: time.time_ns() // 1_000_000 + ahead.value)
        self._fate = fate

    def intend(self, key: EffectKey, started: Started, deadline: Any) -> Claimed:
        self._fate.meet(BEFORE_INTENT)
        claimed = super().intend(key, started, deadline)
        self._fate.meet(AFTER_INTENT)
        return claimed

    def note(self, key: EffectKey, turn: int, state: EffectState, note: str | None = None) -> bool:
        if state == "confirmed":
            self._fate.meet(ANSWERED)
        return super().note(key, turn, state, note)

    def settle(self, started: Started, ended: Ended) -> bool:
        self._fate.meet(RECORDED)
        return super().settle(started, ended)


class _Network(Network):
    def __init__(self, fate: _Fate) -> None:
        super().__init__()
        self._fate = fate

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.NetworkStream:
        return _Stream(super().connect_tcp(host, port, timeout, local_address, socket_options), self._fate)


class _Stream(httpcore2.NetworkStream):
    def __init__(self, plain: httpcore2.NetworkStream, fate: _Fate) -> None:
        self._plain = plain
        self._fate = fate

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._fate.meet(CONNECTED)
        self._plain.write(buffer, timeout)

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        self._fate.meet(WRITTEN)
        return self._plain.read(max_bytes, timeout)

    def close(self) -> None:
        self._plain.close()

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)


def _router() -> Router:
    router = Router()

    @router.on(RefundRejected, name=HANDLER)
    def ask(ctx: Context[RefundRejected]) -> None:
        ctx.api.send_refund_message(ctx.event.refund_id, TEXT, once="ask-why")

    return router


def _run(folder: Path, port: int, account: Account, fate: _Fate, ahead: Any) -> None:
    log = os.open(folder / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)
    with (
        patch.object(
            embedded, "open_store", lambda *_, **__: _Store(folder / "yizhan.db", alone=True, fate=fate, ahead=ahead)
        ),
        patch.object(transport, "Network", partial(_Network, fate)),
    ):
        embedded.run(
            store_url=f"sqlite:///{folder / 'yizhan.db'}",
            accounts={account.name: (account, SOURCES[account.source])},
            sources=SOURCES,
            router=_router(),
            listener=serving.listen("127.0.0.1", port, "web.port"),
            max_body=1 << 20,
            threads=2,
        )
