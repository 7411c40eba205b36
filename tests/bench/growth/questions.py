"""What people, timers and the metrics ask of a store, and how long each answer takes."""

import time
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from statistics import median

from bench.bodies import ACCOUNT
from bench.growth.filling import DAYS, RARE, order_of

from receiver.deliveries import Filters
from receiver.store.base import Store

_TIMES = 5
#: Seconds after which a slow one is not asked again.
_LONG = 3.0
_LIST = 20
#: By what a list is chosen: values, and how many have each.
_OF_ENVELOPES: Mapping[str, Mapping[str, str]] = {
    "account": {"the only one": ACCOUNT.name, "of none": "of-none"},
    "source": {"the only one": ACCOUNT.source, "of none": "of-none"},
    "platform": {"the only one": "1688", "of none": "taobao"},
    "topic": {"a common one": "ORDER_CANCEL", "a rare one": RARE["topic"], "of none": "of-none"},
}
_OF_DELIVERIES: Mapping[str, Mapping[str, str]] = {
    **_OF_ENVELOPES,
    "event": {"a common one": "order.paid", "a rare one": RARE["event"], "of none": "of-none"},
    "handler": {"a common one": "shop.pay", "a rare one": RARE["handler"], "of none": "of-none"},
}


def asked(store: Store, count: int) -> Iterator[tuple[str, float, float]]:
    """The question, the milliseconds of its first answer, and the median of some."""
    for name, ask in _questions(store, count):
        taken: list[float] = []
        while len(taken) < _TIMES and sum(taken) < _LONG * 1000:
            began = time.perf_counter()
            ask()
            taken.append((time.perf_counter() - began) * 1000)
        yield name, taken[0], median(taken)


def _questions(store: Store, count: int) -> Iterator[tuple[str, Callable[[], object]]]:
    """Commands by their names, and what runs by itself. With nothing in the store, ids are of nobody."""
    number = max(count // 2 // 10 * 10, 10)
    order, refund = order_of(number), order_of(number) + "7"
    now = datetime.now(UTC)
    either = {"--order`": Filters(order_id=order), "--refund`": Filters(refund_id=refund), **_times(now)}
    yield "`order ID`", lambda: store.timeline(order)
    yield "`order ID` of a refund", lambda: store.timeline(refund)
    yield "`order ID`, unknown", lambda: store.timeline("1")
    yield "`inbox list`", lambda: store.envelopes(Filters(), _LIST)
    for options, chosen in {**either, **_states("unreadable", "stored"), **_values(_OF_ENVELOPES)}.items():
        yield f"`inbox list {options}", partial(store.envelopes, chosen, _LIST)
    several = Filters(topic=RARE["topic"], account=ACCOUNT.name, until=now)
    yield "`inbox list --topic --account --until`, a rare topic", lambda: store.envelopes(several, _LIST)
    yield "`inbox drift`", lambda: store.drift(Filters(), _LIST)
    yield "`deliveries list`", lambda: store.deliveries(Filters(), _LIST)
    states = _states("due", "offered", "running", "succeeded", "skipped", "dead")
    for options, chosen in {**either, **states, **_values(_OF_DELIVERIES), **_together(now)}.items():
        yield f"`deliveries list {options}", partial(store.deliveries, chosen, _LIST)
    dead = Filters(state="dead", since=now - timedelta(days=1))
    yield "`deliveries replay --since 1d`, choosing", lambda: store.delivery_ids(dead)
    yield "sweep, with nothing lost", lambda: store.sweep({})
    yield "telling of the dead, all told", lambda: store.tell_buried({}, 100)
    yield "looking for what to dispatch", lambda: store.undispatched(100)
    yield "looking for what is due", lambda: store.claim(400, {"shop.pay": 100})
    yield "`/metrics`: how far behind", store.backlog
    yield "prune, 500 at a time", lambda: store.prune(timedelta(days=DAYS - 1), 500)


def _times(now: datetime) -> dict[str, Filters]:
    return {
        "--since 1m`, nothing": Filters(since=now - timedelta(minutes=1)),
        "--until`, two months ago": Filters(until=now - timedelta(days=DAYS * 2 / 3)),
    }


def _states(*states: str) -> dict[str, Filters]:
    return {f"--state {state}`": Filters(state=state) for state in states}


def _values(of: Mapping[str, Mapping[str, str]]) -> dict[str, Filters]:
    return {
        f"--{name}`, {told}": Filters(**{name: value})  # type: ignore[arg-type]
        for name, values in of.items()
        for told, value in values.items()
    }


def _together(now: datetime) -> dict[str, Filters]:
    """Deliveries by more than one thing."""
    return {
        "--state dead --since 1d`": Filters(state="dead", since=now - timedelta(days=1)),
        "--state dead --handler`, of none": Filters(state="dead", handler="of-none"),
        "--state dead --handler`, a common one": Filters(state="dead", handler="shop.pay"),
        "--handler --since`, two months, a rare one": Filters(
            handler=RARE["handler"], since=now - timedelta(days=DAYS * 2 / 3)
        ),
        "--handler --event`, common both, never together": Filters(handler="shop.pay", event="order.closed"),
        "--handler --topic`, common both, never together": Filters(handler="shop.pay", topic="ORDER_CANCEL"),
    }
