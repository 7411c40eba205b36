"""What is counted, in Prometheus's words. Labels are bounded: configured names, and closed sets."""

import os
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from receiver import vocabulary

#: What the sources' tables hold. Any other is a sender's word, and there is no end of them.
_TOPICS = frozenset(row.topic for row in vocabulary.topics())


class Metrics:
    """One registry a process, handed to whoever counts.

    ``shared``: a folder where the processes that run alike keep what they count, and any of them tells it of all.
    """

    def __init__(self, shared: Path | None = None) -> None:
        self._shared = shared
        self._looked_up = CollectorRegistry()
        if shared is not None:  # what prometheus_client does by itself where the variable is set when it is imported
            os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(shared)
            values.ValueClass = values.MultiProcessValue()  # type: ignore[no-untyped-call]
        self.registry = CollectorRegistry()
        self._callbacks = Counter(
            "yizhan_callbacks",
            "Callbacks by how they were answered: committed, redelivery, probe, or the reason of the refusal."
            " The topic is told of those that were believed; one that is in no table is other.",
            ["account", "topic", "outcome"],
            registry=self.registry,
        )
        #: To look one up by its labels takes three times as long as to count.
        self._acknowledged: dict[tuple[str, str | None, str], Counter] = {}
        self._ack_seconds = Histogram(
            "yizhan_ack_seconds",
            "From the end of the headers to the acknowledgement. The platform hangs up after 1 s.",
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 0.7, 1.0),
            registry=self.registry,
        )
        self._batch_rows = Histogram(
            "yizhan_commit_batch_rows",
            "Envelopes committed together.",
            buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 512),
            registry=self.registry,
        )
        self._attempts = Counter(
            "yizhan_attempts",
            "Attempts by handler and by what became of the delivery.",
            ["handler", "state"],
            registry=self.registry,
        )
        self._attempt_seconds = Histogram(
            "yizhan_attempt_seconds",
            "How long handlers run.",
            ["handler"],
            buckets=(0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300),
            registry=self.registry,
        )

        self._api_calls = Counter(
            "yizhan_api_calls",
            "Follow-up calls by what came of them: answered, or the error that the handler got.",
            ["account", "operation", "outcome"],
            registry=self.registry,
        )
        self._api_seconds = Histogram(
            "yizhan_api_seconds",
            "From sending a follow-up call to its answer.",
            ["account", "operation"],
            buckets=(0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30),
            registry=self.registry,
        )

    def acknowledged(self, account: str, topic: str | None, *, redelivery: bool, seconds: float) -> None:
        outcome = "redelivery" if redelivery else "committed"
        counter = self._acknowledged.get((account, topic, outcome))
        if counter is None:
            known = topic if topic in _TOPICS else "other"
            counter = self._callbacks.labels(account, known, outcome)
            if known == topic:  # of the others there may be any number
                self._acknowledged[account, topic, outcome] = counter
        counter.inc()
        self._ack_seconds.observe(seconds)

    def probed(self, account: str) -> None:
        self._callbacks.labels(account, "", "probe").inc()

    def refused(self, account: str | None, reason: str) -> None:
        """``None``: the account is not configured; its name is the sender's word and no label."""
        self._callbacks.labels(account or "", "", reason).inc()

    def committed(self, rows: int) -> None:
        self._batch_rows.observe(rows)

    def attempted(self, handler: str, state: str, seconds: float) -> None:
        self._attempts.labels(handler, state).inc()
        self._attempt_seconds.labels(handler).observe(seconds)

    def look_up(self, collector: Collector) -> None:
        """Ask this one, too, whenever the metrics are looked at."""
        self._looked_up.register(collector)

    def called(self, account: str, operation: str, outcome: str, seconds: float) -> None:
        """``operation`` is one of the catalogue."""
        self._api_calls.labels(account, operation, outcome).inc()
        self._api_seconds.labels(account, operation).observe(seconds)

    def exposition(self) -> bytes:
        counted = self.registry
        if self._shared is not None:
            counted = CollectorRegistry()
            MultiProcessCollector(counted, str(self._shared))  # type: ignore[no-untyped-call]
        return generate_latest(counted) + generate_latest(self._looked_up)
