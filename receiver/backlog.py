"""How far behind we are, asked of the store when it is looked at: so it is never out of date, whoever is asked."""

from collections.abc import Iterator

import structlog
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from receiver.errors import StoreUnavailable
from receiver.store.base import Store

log = structlog.stdlib.get_logger()


class BacklogCollector(Collector):
    def __init__(self, store: Store) -> None:
        self._store = store

    def describe(self) -> list[Metric]:
        return []  # or it would ask the store when it is made

    def collect(self) -> Iterator[Metric]:
        up = GaugeMetricFamily("yizhan_store_up", "Whether the store answers.", value=1)
        try:
            backlog = self._store.backlog()
        except StoreUnavailable as error:
            log.warning("backlog.unknown", error=str(error))
            up.samples[0] = up.samples[0]._replace(value=0)
            yield up
            return
        yield up
        yield GaugeMetricFamily(
            "yizhan_oldest_undispatched_seconds",
            "Age of the oldest envelope that is not dispatched; 0: all are.",
            value=backlog.oldest_undispatched.total_seconds(),
        )
        yield GaugeMetricFamily(
            "yizhan_oldest_due_seconds",
            "For how long the oldest delivery has been due; 0: none is.",
            value=backlog.oldest_due.total_seconds(),
        )
        yield GaugeMetricFamily(
            "yizhan_deepest_lane",
            "Deliveries of one handler for one order or refund that have not ended, where they are most.",
            value=backlog.deepest_lane,
        )
        dead = GaugeMetricFamily("yizhan_dead_letters", "Dead letters that are kept.", labels=["handler"])
        for handler, count in sorted(backlog.dead.items()):
            dead.add_metric([handler], count)
        yield dead
        drift = GaugeMetricFamily(
            "yizhan_drift", "Topics and fields that differ from all we know of the source.", labels=["source", "kind"]
        )
        for (source, kind), count in sorted(backlog.drift.items()):
            drift.add_metric([source, kind], count)
        yield drift
