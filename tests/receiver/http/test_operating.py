"""What operators and their machines ask."""

import json
from time import perf_counter

from live import Site, request, signed
from prometheus_client.parser import text_string_to_metric_families


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
