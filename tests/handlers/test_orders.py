"""The projection holds what was told, as new as it was told, in whatever order: in SQLite and in PostgreSQL."""

import contextlib
import dataclasses
import functools
import multiprocessing
import os
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import count, permutations
from pathlib import Path
from typing import Any

import builders
import engine
import pytest
import sandboxes
import sqlalchemy
import steps
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, insert, make_url, select, text
from structlog.testing import capture_logs

from handlers.orders import said, tables
from handlers.orders.database import Database
from receiver.accounts import Account, ApiAccess
from receiver.api import Apis
from receiver.deliver import Deliverer
from receiver.deliveries import Ended, Filters, Started
from receiver.dispatch import dispatch
from receiver.errors import RoutingError
from receiver.events import Event, Money, OrderClosed, OrderCreated, OrderPaid, OrderPriceChanged, RefundEvent
from receiver.exchange import Request, Response
from receiver.metrics import Metrics
from receiver.routing import Router
from receiver.sandbox.faults import Fault
from receiver.sandbox.stories import STORIES
from receiver.shares import Shares
from receiver.sources import SOURCES
from receiver.sources.samples import samples
from receiver.store.sqlite import SqliteStore

#: Two stories are told to PostgreSQL, too: what differs there is how a row is written, and these write most of them.
EVERYWHERE = [
    *(("sqlite", name) for name in STORIES),
    ("postgresql", "return-of-goods"),
    ("postgresql", "late-retries"),
]
AT = datetime(2026, 5, 20, 8, tzinfo=UTC)
_names = count(1)


@dataclasses.dataclass(frozen=True)
class Target:
    """A database of the team's, empty."""

    folder: Path
    url: str
    schema: str | None = None

    def router(self, **changes: Any) -> Router:
        table = {"url": self.url, **({"schema": self.schema} if self.schema else {}), **changes}
        return engine.made(self.folder, "orders", table)

    @functools.cached_property
    def engine(self) -> sqlalchemy.Engine:
        return create_engine(self.url, execution_options={"schema_translate_map": {None: self.schema}})

    def rows(self, table: sqlalchemy.Table, account: str | None = None) -> list[dict[str, Any]]:
        """As others see them, in the order of their keys."""
        found = select(table).order_by(*table.primary_key.columns)
        if account is not None:
            found = found.where(table.c.account == account)
        with self.engine.connect() as connection:
            return [dict(row) for row in connection.execute(found).mappings()]

    def row(self, table: sqlalchemy.Table) -> dict[str, Any]:
        (row,) = self.rows(table)
        return row

    def everything(self, account: str) -> dict[str, list[dict[str, Any]]]:
        rows = {table.name: self.rows(table, account) for table in tables.metadata.sorted_tables}
        return {name: [{**row, "account": "one"} for row in found] for name, found in rows.items()}


@contextlib.contextmanager
def opened(folder: Path, url: str, schema: str | None = None) -> Iterator[Target]:
    target = Target(folder, url, schema)
    yield target
    target.engine.dispose()


@pytest.fixture
def in_sqlite(tmp_path: Path) -> Iterator[Target]:
    with opened(tmp_path, f"sqlite:///{tmp_path}/orders.db") as target:
        yield target


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Target]:
    if request.param == "sqlite":
        yield request.getfixturevalue("in_sqlite")
        return
    with opened(tmp_path, request.getfixturevalue("postgresql_url"), f"shop_{uuid.uuid4().hex}") as target:
        yield target


def tell(router: Router, event: Event, received_at: datetime = AT) -> None:
    """As the worker does, without a platform to ask."""
    given = dataclasses.replace(steps.context(event), envelope=builders.stored(received_at=received_at))
    for route in router.matching(event):
        route.handler(given)


def event(kind: type[Event], **values: Any) -> Any:
    usual = {"account": "main", "source": "pandapon", "platform": "1688", "topic": "T", "order_id": "42", "raw": {}}
    return kind(**{**usual, **values})


def yuan(amount: int) -> Money:
    return Money(amount=amount * 100, raw=str(amount))


#: Told in four callbacks, each of which says something that no other does, and two of which say the price.
LIFE = (
    event(OrderCreated, occurred_at=AT, total=yuan(54), status="waitbuyerpay", order_no="PO1"),
    event(OrderPriceChanged, occurred_at=AT + timedelta(minutes=1), total=yuan(46), shipping_fee=yuan(4)),
    event(OrderPaid, occurred_at=AT + timedelta(minutes=2), status="waitsellersend"),
    event(OrderClosed, occurred_at=AT + timedelta(minutes=3), closed_by="seller"),
)


@pytest.mark.parametrize("order", list(permutations(range(4))), ids=str)
def test_each_column_is_as_new_as_it_was_told(in_sqlite: Target, order: tuple[int, ...]) -> None:
    """In every order of arrival: the newer price, and from the old news what the new does not say."""
    router = in_sqlite.router(fill=False)
    for step in order:
        tell(router, LIFE[step])
    row = in_sqlite.row(tables.purchase_order)
    assert (row["state"], row["stage"], row["as_of"]) == ("order.closed", 60, LIFE[3].occurred_at)
    assert (row["total"], row["shipping_fee"], row["currency"]) == (4600, 400, "CNY")
    assert (row["status"], row["order_no"], row["closed_by"]) == ("waitsellersend", "PO1", "seller")


@pytest.fixture(scope="module")
def lives(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[tuple[Event, datetime]]]:
    """What the sandbox pushes in each story, and 1688's own parcels, with when it was received."""
    found: dict[str, list[tuple[Event, datetime]]] = {}
    for name in STORIES:
        with engine.running(tmp_path_factory.mktemp("life"), Router()) as running:
            running.play(name)
            found[name] = told_to(running.store)
    parcels = [sample for sample in samples("alibaba1688") if sample.topic.startswith("LOGISTICS")]
    assert parcels
    found["parcels"] = [
        (told, AT + timedelta(seconds=number))
        for number, sample in enumerate(parcels)
        for told in builders.decoded(sample.message, "alibaba1688")
    ]
    return found


def told_to(store: SqliteStore) -> list[tuple[Event, datetime]]:
    """All that it has been told, with when it was received, the oldest first."""
    found = [store.envelope(listed.id) for listed in store.envelopes(Filters(), 100)[::-1]]
    return [
        (told, envelope.received_at)
        for envelope in found
        if envelope is not None
        for told in SOURCES[envelope.source].decode(envelope)
    ]


@settings(
    max_examples=5,
    deadline=None,
    phases=set(Phase) - {Phase.shrink},  # a life is short enough to be read
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
@pytest.mark.parametrize(("target", "name"), [*EVERYWHERE, ("sqlite", "parcels")], indirect=["target"])
def test_order_and_copies_of_what_is_told_make_no_difference(
    lives: Mapping[str, list[tuple[Event, datetime]]], target: Target, name: str, data: st.DataObject
) -> None:
    """However it is shuffled and repeated, the rows are the same, and on the way no stage goes back."""
    life = lives[name]
    told = data.draw(st.permutations(life + data.draw(st.lists(st.sampled_from(life), max_size=3))))
    router = target.router(fill=False)
    straight, shuffled = (f"{name} {next(_names)}" for _ in range(2))
    for one, received_at in life:
        tell(router, one.model_copy(update={"account": straight}), received_at)
    stages: dict[tuple[str, str], int] = {}
    for one, received_at in told:
        tell(router, one.model_copy(update={"account": shuffled}), received_at)
        for table in (tables.purchase_order, tables.refund):
            for row in target.rows(table, shuffled):
                key = (table.name, next(row[name] for name in ("order_id", "refund_id") if row.get(name)))
                stage = -1 if row["stage"] is None else row["stage"]
                assert stage >= stages.get(key, -1)
                stages[key] = stage
    assert target.everything(shuffled) == target.everything(straight)


#: Where a story's order ends.
ENDS = {
    "order-life-taobao": "order.completed",
    "order-life-1688": "order.completed",
    "price-change": "order.paid",
    "price-change-taobao": "order.paid",
    "partial-shipment": "order.received",
    "cancellation": "order.closed",
    "cancellation-taobao": "order.closed",
    "refund-rejected": "order.shipped",
    "refund-rejected-1688": "order.shipped",
    "return-of-goods": "order.completed",
    "return-of-goods-taobao": "order.completed",
    "late-retries": "order.completed",
}


@pytest.mark.parametrize(("target", "name"), EVERYWHERE, indirect=["target"])
def test_story_ends_in_the_rows_that_the_platform_holds(target: Target, name: str) -> None:
    """Through the real engine, shuffled by the network and filled by the API."""
    with engine.running(target.folder, target.router()) as running:
        cast = running.play(name)
        running.work()
        assert {one.state for one in running.store.deliveries(Filters(), 1000)} == {"succeeded"}
        order = running.sandbox.state.orders.get(cast.order_id)
        row = target.row(tables.purchase_order)
        assert (row["account"], row["platform"], row["order_id"]) == ("main", order.platform, order.id)
        assert row["state"] == ENDS[name]
        found = {line["line_id"]: (line["item_id"], line["amount"]) for line in target.rows(tables.order_line)}
        assert {key: amount for key, (_, amount) in found.items()} == {line.id: line.amount for line in order.lines}
        if order.platform == "1688":  # no page shows Taobao's detail
            told = (row["status"], row["total"], row["shipping_fee"])
            assert told == (order.word, order.total, order.shipping_fee)
            assert {key: item for key, (item, _) in found.items()} == {line.id: line.item_id for line in order.lines}
        if cast.refund_id:
            refund = running.sandbox.state.refunds.get(cast.refund_id)
            kept = target.row(tables.refund)
            assert (kept["refund_id"], kept["order_id"], kept["amount"]) == (refund.id, order.id, refund.amount)
            assert (kept["state"], kept["reason"]) == (f"refund.{refund.state}", refund.reason)


def test_what_cannot_be_compared_is_read_from_the_platform(target: Target) -> None:
    """Taobao dates no refund: a request that comes after the rejection would be taken for news."""
    with engine.running(target.folder, target.router()) as running:
        cast = running.play("refund-rejected", steps=4)
        running.work()
        (requested,) = (told for told, _ in told_to(running.store) if isinstance(told, RefundEvent))
        running.play("refund-rejected", steps=5, cast=cast)
        running.work()
        assert target.row(tables.refund)["state"] == "refund.rejected"
        tell(target.router(fill=False), requested, datetime.now(UTC))
        assert target.row(tables.refund)["state"] == "refund.requested"
        again = running.store.deliveries(Filters(handler="orders.keep_refund", event="refund.requested"), 1)
        running.store.replay([again[0].id], by="mei", stale=True)
        running.work()
        assert target.row(tables.refund)["state"] == "refund.rejected"


def test_platform_that_is_away_takes_nothing_from_what_was_told(target: Target) -> None:
    """Written first, read later: the attempt is made again until the platform answers."""
    with engine.running(target.folder, target.router()) as running:
        running.sandbox.faults.add(Fault(kind="error"))
        running.play("order-life-1688", steps=2)
        running.work()
        row = target.row(tables.purchase_order)
        assert (row["state"], row["order_no"]) == ("order.created", "PO" + row["order_no"][2:])
        assert target.rows(tables.order_line) == []
        assert set(running.states("orders.keep_order")) == {"due"}
        running.sandbox.faults.clear()
        for _ in range(3):
            running.clock.ahead += 3600
            running.work()
        assert set(running.states("orders.keep_order")) == {"succeeded"}
        assert target.row(tables.purchase_order)["state"] == "order.paid"
        assert len(target.rows(tables.order_line)) == 2


@pytest.mark.parametrize("way", [{"fill": False}, {}])
def test_account_that_cannot_call_keeps_what_it_is_told(in_sqlite: Target, way: dict[str, bool]) -> None:
    """And says why it was not filled, unless that was asked for."""
    router = in_sqlite.router(**way)
    with capture_logs() as lines, engine.running(in_sqlite.folder, router, user_id=None) as running:
        running.play("order-life-1688")
        running.work()
        assert set(running.states("orders.keep_order")) == {"succeeded"}
        assert in_sqlite.row(tables.purchase_order)["state"] == "order.completed"
    why = {line["because"] for line in lines if line["event"] == "orders.not_filled"}
    assert why == (set() if way else {"accounts.main.user_id: missing; PandaPon wants it in every call"})


@pytest.mark.parametrize("word", ["INSERT", "UPDATE"])
def test_two_workers_at_one_row_lose_nothing(target: Target, word: str) -> None:
    """The second writes between the first one's look and its write: the first sees it, and looks again."""
    first, second = (Database(make_url(target.url), target.schema) for _ in range(2))
    before = LIFE[:1] if word == "UPDATE" else ()
    for one in before:
        first.keep(said.by_event(one, AT))
    second.keep(said.by_event(LIFE[0].model_copy(update={"order_id": "43"}), AT))  # the tables are there
    waiting = [LIFE[1]]

    def between(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.startswith(word) and "purchase_order" in statement and waiting:
            second.keep(said.by_event(waiting.pop(), AT))

    sqlalchemy.event.listen(first._engine, "before_cursor_execute", between)
    first.keep(said.by_event(LIFE[2], AT))
    assert waiting == []
    alone = target.router(fill=False)
    for one in (*before, *LIFE[1:3]):
        tell(alone, one.model_copy(update={"account": "alone"}))
    assert target.everything("main")["purchase_order"][:1] == target.everything("alone")["purchase_order"]


class Dying(SqliteStore):
    """The real store, in a process that dies instead of recording how an attempt ended."""

    def settle(self, started: Started, ended: Ended) -> bool:
        os.kill(os.getpid(), signal.SIGKILL)
        return super().settle(started, ended)


def die(folder: Path, url: str, schema: str | None, account: Account, step: str) -> None:
    """In the child: one attempt, cut off."""

    def send(_: Request, __: float) -> Response:
        os.kill(os.getpid(), signal.SIGKILL)
        raise AssertionError

    store = Dying(folder / "yizhan.db")
    apis = Apis([account], send=send if step == "between writing and reading" else None)
    attempt(store, Target(folder, url, schema).router(), apis)


def attempt(store: SqliteStore, router: Router, apis: Apis) -> None:
    worker = Deliverer(store=store, sources=SOURCES, router=router, metrics=Metrics(), shares=Shares(8), apis=apis)
    for offer in store.claim(10, {route.name: 10 for route in router}):
        worker.deliver(offer)
    worker.stop()


@pytest.mark.parametrize("step", ["between writing and reading", "before recording"])
def test_killed_in_between_the_next_attempt_makes_up_for_it(target: Target, step: str) -> None:
    """What was told is there already; what was to be read comes then."""
    router = target.router()
    with engine.running(target.folder, router) as running:
        cast = running.play("order-life-1688", steps=1)
        dispatch(running.store, SOURCES, router)
        account = dataclasses.replace(sandboxes.ACCOUNT, api=ApiAccess(url=running.sandbox.url))
        child = multiprocessing.get_context("spawn").Process(
            target=die, args=(target.folder, target.url, target.schema, account, step)
        )
        child.start()
        child.join(30)
        assert child.exitcode == -signal.SIGKILL
        child.close()
        assert target.row(tables.purchase_order)["state"] == (
            "order.created" if step == "between writing and reading" else "order.status_changed"
        )
        running.store.recover({route.name: 15 for route in router})
        running.work()
        assert running.states("orders.keep_order") == ["succeeded"]
        row = target.row(tables.purchase_order)
        assert (row["order_id"], row["status"]) == (cast.order_id, "waitbuyerpay")
        assert len(target.rows(tables.order_line)) == 2


def test_columns_of_a_later_version_are_added(target: Target) -> None:
    """What an older version has written stays."""
    tell(target.router(fill=False), LIFE[0])
    with target.engine.begin() as connection:
        place = f'"{target.schema}".refund' if target.schema else "refund"
        connection.execute(text(f"ALTER TABLE {place} DROP COLUMN reason"))
        old = {"account": "main", "platform": "1688", "refund_id": "TQ1", "status": "waitselleragree", "told": "{}"}
        connection.execute(insert(tables.refund).values(**old))
    tell(target.router(fill=False), event(RefundEvent, refund_id="TQ2"))
    assert [(row["refund_id"], row["status"], row["reason"]) for row in target.rows(tables.refund)] == [
        ("TQ1", "waitselleragree", None),
        ("TQ2", None, None),
    ]


def test_nothing_personal_is_kept(target: Target) -> None:
    """Of all samples of all sources: their bodies name people, the rows do not."""
    router = target.router(fill=False)
    for source in SOURCES:
        for sample in samples(source):
            for told in builders.decoded(sample.message, source):
                tell(router, told.model_copy(update={"raw": {"buyerName": "PLANTED"}}))
    rows = [row for table in tables.metadata.sorted_tables for row in target.rows(table)]
    assert len(rows) > 10
    assert "PLANTED" not in repr(rows)
    columns = {column.name for table in tables.metadata.sorted_tables for column in table.columns}
    assert not {name for name in columns if any(part in name for part in ("name", "phone", "address", "buyer"))}


@pytest.mark.parametrize(
    ("table", "fault"),
    [
        (
            {"url": "orders.db"},
            "url: value error, expected a URL of SQLAlchemy, as postgresql://user:password@host/name",
        ),
        ({"url": 7}, "url: value error, expected a URL of SQLAlchemy, as postgresql://user:password@host/name"),
        ({"personal": True}, "personal: extra inputs are not permitted"),
        ({"fill": "perhaps"}, "fill: input should be a valid boolean, unable to interpret input"),
    ],
)
def test_settings_that_cannot_be_are_refused_at_start(tmp_path: Path, table: dict[str, Any], fault: str) -> None:
    with pytest.raises(RoutingError) as refused:
        engine.made(tmp_path, "orders", table)
    assert str(refused.value) == f"[handlers.orders] {fault}"


def test_database_that_is_away_is_no_reason_not_to_start(tmp_path: Path) -> None:
    """It is reached at the first event; the error shows neither the password nor what was to be written."""
    router = engine.made(tmp_path, "orders", {"url": "postgresql://me:s3cr3t-PLANTED@127.0.0.1:1/none", "fill": False})
    with pytest.raises(sqlalchemy.exc.OperationalError) as failed:
        tell(router, event(OrderCreated, order_no="PLANTED"))
    assert "PLANTED" not in str(failed.value)


def test_file_stands_where_the_store_does_by_default(tmp_path: Path) -> None:
    """Beside yizhan.toml, wherever the process runs; the folder is made."""
    tell(engine.made(tmp_path, "orders", {"fill": False}), LIFE[0])
    with opened(tmp_path, f"sqlite:///{tmp_path}/.yizhan/orders.db") as target:
        assert target.row(tables.purchase_order)["order_no"] == "PO1"


def test_schema_in_postgresql_is_its_own(postgresql_url: str, tmp_path: Path) -> None:
    """Unless it is set: the tables do not mix with others of the database."""
    tell(engine.made(tmp_path, "orders", {"url": postgresql_url, "fill": False}), LIFE[0])
    with opened(tmp_path, postgresql_url, "yizhan_orders") as target:
        assert target.row(tables.purchase_order)["order_no"] == "PO1"
    assert make_url(postgresql_url).get_dialect().driver == "psycopg"


def test_without_sqlalchemy_the_cure_is_one_line(tmp_path: Path) -> None:
    program = (
        "import sys, pathlib; sys.modules['sqlalchemy'] = None\n"
        "from receiver.plugins import find_routers\n"
        "from receiver.settings import HandlerTable\n"
        "print(find_routers([], pathlib.Path(), [HandlerTable('orders', 'handlers.orders:create', {})])[1][0])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.count("\n") == 1
    assert done.stdout.endswith("there is no module sqlalchemy; pip install 'yizhan[orders]'\n")
