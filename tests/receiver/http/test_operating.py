"""What operators and their machines ask."""

import asyncio
import json
import resource
import time
from time import perf_counter

import pytest
from builders import envelope, message
from live import Site, request, signed
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.testclient import TestClient

from receiver import web
from receiver.backlog import BacklogCollector
from receiver.metrics import Metrics
from receiver.pulses import Pulses
from receiver.store.sqlite import SqliteStore


def test_healthz_is_200(site: Site) -> None:
    answer = site.get("/healthz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "alive"})


def test_readyz_is_200_once_callbacks_can_be_committed(site: Site) -> None:
    answer = site.get("/readyz")
    assert (answer.status, json.loads(answer.body)) == (200, {"status": "ready"})
    assert site.payloads() == []


def test_readyz_is_503_in_time_while_the_store_stands_still(site: Site) -> None:
    with site.standing_still():
        began = perf_counter()
        answer = site.get("/readyz")
        assert perf_counter() - began < 1.0
        assert (answer.status, json.loads(answer.body)) == (503, {"status": "unavailable"})
        assert site.get("/healthz").status == 200
    assert site.journal.wait_for("readiness.failed")["error"] == "the store stands still"
    assert site.get("/readyz").status == 200


def test_readyz_is_503_while_the_schema_is_not_this_versions(site: Site) -> None:
    site.store._write.run(lambda connection: connection.execute("DELETE FROM migration"))
    assert site.get("/readyz").status == 503
    assert "yizhan migrate" in site.journal.wait_for("readiness.failed")["error"]


def test_metrics_are_prometheus_text_and_count_what_was_answered(site: Site) -> None:
    asked = request(signed())
    for data in (asked, asked, request(method="GET"), request(signed(), headers={"authorization": "x"})):
        site.ask(data)
    answer = site.get("/metrics")
    assert answer.status == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    families = {family.name: family for family in text_string_to_metric_families(answer.body.decode())}
    counted = {
        (sample.labels["account"], sample.labels["outcome"]): sample.value
        for sample in families["yizhan_callbacks"].samples
        if sample.name.endswith("_total")
    }
    outcomes = ("committed", "redelivery", "probe", "signature_wrong")
    assert counted == {("main", outcome): 1.0 for outcome in outcomes}
    for name, count in (("yizhan_ack_seconds", 2), ("yizhan_commit_batch_rows", 2)):
        assert [sample.value for sample in families[name].samples if sample.name == f"{name}_count"] == [count]


def test_other_paths_are_404_and_redirect_nowhere(site: Site) -> None:
    for path in ("/", "/callbacks", "/callbacks/", "/callbacks/main/", "/healthz/", "/docs", "/openapi.json"):
        assert site.get(path).status == 404, path


def test_readyz_is_503_while_the_disk_takes_nothing(site: Site) -> None:
    """Whoever balances by it leads callbacks to where they can be committed."""
    journal = site.path.with_name(site.path.name + "-wal")
    site.ask(request(signed()))
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (journal.stat().st_size, hard))  # no file may grow
    try:
        assert site.get("/readyz").status == 503
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert site.get("/readyz").status == 200


def test_healthz_is_503_once_what_works_here_makes_no_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    """Alive is not enough: whoever watches it starts it anew."""
    pulses = Pulses(2)
    app = Starlette(routes=web.watching(Metrics(), pulses.fresh))
    with TestClient(app) as client:
        assert client.get("/healthz").status_code == 200
        monkeypatch.setattr("receiver.pulses.WITHIN", 0.05)
        time.sleep(0.1)
        pulses.beat(0)
        answer = client.get("/healthz")
        assert (answer.status_code, answer.json()) == (503, {"status": "stuck"})
        pulses.beat(0)
        pulses.beat(1)
        assert client.get("/healthz").status_code == 200


def test_topics_are_told_as_far_as_they_are_known(site: Site) -> None:
    """A label is a series kept for ever; a sender must not make as many as it likes."""
    for topic in ("ORDER_PAY_SUCCESS", "MADE_UP_1", "MADE_UP_2"):
        site.ask(request(signed(message(topic))))
    site.ask(request(signed(message("ORDER_PAY_SUCCESS")), headers={"authorization": "x"}))
    counted = {
        (sample.labels["topic"], sample.labels["outcome"]): sample.value
        for family in text_string_to_metric_families(site.get("/metrics").body.decode())
        for sample in family.samples
        if sample.name == "yizhan_callbacks_total"
    }
    assert counted == {
        ("ORDER_PAY_SUCCESS", "committed"): 1.0,
        ("other", "committed"): 2.0,
        ("", "signature_wrong"): 1.0,
    }


def test_the_store_is_asked_whenever_the_metrics_are_looked_at(store: SqliteStore) -> None:
    """And a store that is away costs what it would have told, and no more."""
    metrics = Metrics()
    metrics.look_up(BacklogCollector(store))
    asyncio.run(store.put([envelope()]))
    metrics.attempted("shop", "succeeded", 0.1)
    told = metrics.exposition().decode()
    assert "yizhan_store_up 1.0" in told
    assert "yizhan_deepest_lane 0.0" in told
    assert 'yizhan_attempts_total{handler="shop",state="succeeded"} 1.0' in told
    store.close()
    told = metrics.exposition().decode()
    assert "yizhan_store_up 0.0" in told
    assert "yizhan_deepest_lane" not in told
    assert 'yizhan_attempts_total{handler="shop",state="succeeded"} 1.0' in told
