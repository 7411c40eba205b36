"""What people, timers and the metrics ask of a store, and how long each answer takes."""

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from statistics import median

from bench.bodies import ACCOUNT
from bench.growth.filling import DAYS, order_of

from receiver.deliveries import Filters
from receiver.store.base import Store

_TIMES = 5
#: Seconds after which a slow one is not asked again.
_LONG = 3.0
_LIST = 20
#: No envelope and no delivery is of it.
_NONE = "of-none"


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
    minute, long_ago = now - timedelta(minutes=1), now - timedelta(days=DAYS * 2 / 3)

    def envelopes(**chosen: object) -> Callable[[], object]:
        return lambda: store.envelopes(Filters(**chosen), _LIST)  # type: ignore[arg-type]

    def deliveries(**chosen: object) -> Callable[[], object]:
        return lambda: store.deliveries(Filters(**chosen), _LIST)  # type: ignore[arg-type]

    yield "`order ID`", lambda: store.timeline(order)
    yield "`order ID` of a refund", lambda: store.timeline(refund)
    yield "`order ID`, unknown", lambda: store.timeline("1")
    yield "`inbox list`", envelopes()
    yield "`inbox list --order`", envelopes(order_id=order)
    yield "`inbox list --refund`", envelopes(refund_id=refund)
    yield "`inbox list --state unreadable`", envelopes(state="unreadable")
    yield "`inbox list --state stored`", envelopes(state="stored")
    yield "`inbox list --topic`, a common one", envelopes(topic="ORDER_CANCEL")
    yield "`inbox list --account`, the only one", envelopes(account=ACCOUNT.name)
    yield "`inbox list --since 1m`, nothing", envelopes(since=minute)
    yield "`inbox list --until`, two months ago", envelopes(until=long_ago)
    yield "`inbox list --topic`, of none", envelopes(topic=_NONE)
    yield "`inbox list --topic --since 1m`, of none", envelopes(topic=_NONE, since=minute)
    yield "`inbox list --account`, of none", envelopes(account=_NONE)
    yield "`inbox list --source`, of none", envelopes(source=_NONE)
    yield "`inbox drift`", lambda: store.drift(Filters(), _LIST)
    yield "`deliveries list`", deliveries()
    yield "`deliveries list --order`", deliveries(order_id=order)
    yield "`deliveries list --refund`", deliveries(refund_id=refund)
    for state in ("due", "offered", "running", "succeeded", "skipped", "dead"):
        yield f"`deliveries list --state {state}`", deliveries(state=state)
    yield "`deliveries list --state dead --since 1d`", deliveries(state="dead", since=now - timedelta(days=1))
    yield "`deliveries list --state dead --handler`, of none", deliveries(state="dead", handler=_NONE)
    yield "`deliveries list --since 1m`, nothing", deliveries(since=minute)
    yield "`deliveries list --until`, two months ago", deliveries(until=long_ago)
    yield "`deliveries list --handler`, a common one", deliveries(handler="shop.pay")
    yield "`deliveries list --topic`, a common one", deliveries(topic="ORDER_CANCEL")
    yield "`deliveries list --account`, the only one", deliveries(account=ACCOUNT.name)
    yield "`deliveries list --handler`, of none", deliveries(handler=_NONE)
    yield "`deliveries list --event`, of none", deliveries(event=_NONE)
    yield "`deliveries list --topic`, of none", deliveries(topic=_NONE)
    dead = Filters(state="dead", since=now - timedelta(days=1))
    yield "`deliveries replay --since 1d`, choosing", lambda: store.delivery_ids(dead)
    yield "sweep, with nothing lost", lambda: store.sweep({})
    yield "telling of the dead, all told", lambda: store.tell_buried({}, 100)
    yield "looking for what to dispatch", lambda: store.undispatched(100)
    yield "looking for what is due", lambda: store.claim(400, {"shop.pay": 100})
    yield "`/metrics`: how far behind", store.backlog
    yield "prune, 500 at a time", lambda: store.prune(timedelta(days=DAYS - 1), 500)
