"""A store that runs, filled by the calls that fill it in earnest, and the command beside it."""

import asyncio
import itertools
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from builders import Clock
from typer.testing import CliRunner, Result

from receiver.cli import app
from receiver.deliveries import AttemptOutcome, DeliveryState, Dispatched, Ended, Filters, NewDelivery, Started
from receiver.envelope import Envelope, Platform
from receiver.identity import of_content
from receiver.standing import Standing
from receiver.store.sqlite import SqliteStore

CONFIGURATION = """
[store]
url = "sqlite:///yizhan.db"
[[accounts]]
name = "main"
source = "pandapon"
access_key = "key"
access_secret = "secret"
[handlers]
routers = []
"""


@pytest.fixture
def clock() -> Clock:
    clock = Clock()
    clock.now = 1_790_000_000_000
    return clock


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "yizhan.toml").write_text(CONFIGURATION)
    return tmp_path


@pytest.fixture
def store(folder: Path, clock: Clock) -> Iterator[SqliteStore]:
    """Held by a process that runs on it alone."""
    store = SqliteStore(folder / "yizhan.db", alone=True, clock=clock)
    store.migrate()
    yield store
    store.close()


@pytest.fixture
def yizhan(folder: Path) -> Callable[..., Result]:
    return lambda *arguments: CliRunner().invoke(
        app, ["--config", str(folder / "yizhan.toml"), *map(str, arguments)], catch_exceptions=False
    )


@pytest.fixture
def accept(store: SqliteStore) -> Callable[..., str]:
    """Put an envelope into the inbox, with a body of its own unless one is given; its id."""
    numbers = itertools.count()

    def put(
        *order_ids: str,
        account: str = "main",
        source: str = "pandapon",
        platform: Platform | None = "taobao",
        topic: str = "ORDER_PAY_SUCCESS",
        refund_ids: tuple[str, ...] = (),
        body: bytes | None = None,
    ) -> str:
        body = b'{"number": %d}' % next(numbers) if body is None else body
        envelope = Envelope(
            account=account,
            source=source,
            platform=platform,
            topic=topic,
            order_ids=order_ids,
            refund_ids=refund_ids,
            identity=of_content(account, platform, topic, {"body": body.decode()}, body),
            payload=body,
        )
        (receipt,) = asyncio.run(store.put([envelope]))
        return receipt.envelope_id

    return put


@pytest.fixture
def owe(store: SqliteStore, accept: Callable[..., str]) -> Callable[..., int]:
    """Accept an envelope of one order or refund and dispatch it to one handler; the delivery's id."""

    def dispatch(
        order_id: str = "1",
        *,
        refund_id: str | None = None,
        handler: str = "shop.note",
        event: str = "order",
        lane: str | None = None,
        account: str = "main",
        source: str = "pandapon",
        platform: Platform | None = "taobao",
        topic: str = "ORDER_PAY_SUCCESS",
        body: bytes | None = None,
        standing: Standing | None = None,
    ) -> int:
        envelope_id = accept(
            order_id,
            account=account,
            source=source,
            platform=platform,
            topic=topic,
            refund_ids=(refund_id,) if refund_id else (),
            body=body,
        )
        owed = NewDelivery(
            number=0,
            handler=handler,
            event=event,
            order_id=order_id,
            refund_id=refund_id,
            lane=lane,
            standing=standing,
        )
        store.dispatch([Dispatched(envelope_id=envelope_id, deliveries=(owed,))])
        (delivery_id,) = store.delivery_ids(Filters(envelope_id=envelope_id))
        return delivery_id

    return dispatch


@pytest.fixture
def attempt(store: SqliteStore) -> Callable[..., None]:
    """Attempt all that can be claimed, and end it so; ``running`` leaves it so."""
    timeouts = dict.fromkeys(("shop.note", "shop.other"), timedelta(seconds=30))

    def run(state: DeliveryState, error: str | None = None) -> None:
        for offer in store.claim(1_000, dict.fromkeys(timeouts, 1_000)):
            started = store.start(offer, timeouts)
            assert isinstance(started, Started)
            if state != "running":
                outcome: AttemptOutcome = "failed" if error else "succeeded"
                store.settle(
                    started, Ended(outcome=outcome, state=state, error=error, duration=timedelta(milliseconds=120))
                )

    return run
