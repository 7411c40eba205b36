"""Alerts, dashboard and scaling ask for what is counted, in words that Prometheus reads; each alert has its page."""

import inspect
import json
import re
import shlex
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import promql_parser
import pytest
import typer
from chart import CHART, NAMESPACE, Object, example, merged, objects, one

from receiver import allowances, endpoint, errors, inbox
from receiver.backlog import BacklogCollector
from receiver.cli import app
from receiver.metrics import Metrics
from receiver.store.sqlite import SqliteStore

RUNBOOK = CHART.parent / "docs" / "runbook.md"
DASHBOARD: Any = json.loads((CHART / "dashboards" / "yizhan.json").read_text())
#: Of Prometheus itself, and of kube-state-metrics.
FOREIGN = {"up", "kube_pod_status_ready"}
EMBEDDED = objects(merged(example("embedded"), {"monitoring": {"enabled": True, "rules": {"enabled": True}}}))
PRODUCTION = objects(example("production"))


def rules(found: list[Object]) -> list[Any]:
    (group,) = one(found, "PrometheusRule")["spec"]["groups"]
    return list(group["rules"])


def panels() -> list[Any]:
    return list(DASHBOARD["panels"])


def queries() -> Iterator[tuple[str, str]]:
    """Every query of ours, by where it stands."""
    for found in (EMBEDDED, PRODUCTION):
        for rule in rules(found):
            yield rule["alert"], rule["expr"]
    yield "ScaledObject", one(PRODUCTION, "ScaledObject")["spec"]["triggers"][0]["metadata"]["query"]
    for panel in panels():
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$__rate_interval", "5m")


def selectors(query: str) -> list[Any]:
    """Of each metric that the query names."""
    found: list[Any] = []

    def visit(expression: promql_parser.Expr) -> bool:
        if isinstance(expression, promql_parser.VectorSelector):
            found.append(expression)
        return True

    promql_parser.walk(promql_parser.parse(query), pre_visit=visit)
    return found


def test_every_query_can_be_read_and_asks_for_what_is_counted(store: SqliteStore) -> None:
    """By name and by label; and for this release's alone."""
    counted: dict[str, set[str]] = {family.name: set() for family in BacklogCollector(store).collect()}
    for family in Metrics().registry.collect():
        labels = set(_labels(family.name))
        suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}[family.type]
        counted |= {
            f"{family.name}{suffix}": labels | ({"le"} if suffix == "_bucket" else set()) for suffix in suffixes
        }
    named = set()
    for place, query in queries():
        found = selectors(query)
        assert found, place
        for selector in found:
            matchers = {matcher.name: matcher.value for matcher in selector.matchers.matchers}
            assert matchers["namespace"] in {NAMESPACE, "$namespace"}, place
            if selector.name in counted:
                assert matchers["job"] in {"yizhan", "$release"}, place
                assert matchers.keys() - {"namespace", "job"} <= counted[selector.name], place
            named.add(selector.name)
    assert named <= counted.keys() | FOREIGN


def test_a_query_that_prometheus_would_not_read_is_seen() -> None:
    """So the parse above does refuse."""
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse("sum by (le (rate(yizhan_ack_seconds_bucket[5m]))")


def test_outcomes_are_those_that_are_counted() -> None:
    """A word that no code says would make an alert that never fires."""
    reasons = {kind.reason for kind in vars(errors).values() if isinstance(kind, type) and hasattr(kind, "reason")}
    sources = "".join(inspect.getsource(module) for module in (allowances, endpoint, inbox))
    not_committed = set(re.findall(r'NotCommitted(?:, |\()"(\w+)"', sources))
    assert len(not_committed) > 3
    words = {
        ("yizhan_callbacks_total", "outcome"): reasons | not_committed | {"committed", "redelivery", "probe"},
        ("yizhan_api_calls_total", "outcome"): {"answered", *vars(errors)},
    }
    seen = set()
    for place, query in queries():
        for selector in selectors(query):
            for matcher in selector.matchers.matchers:
                if known := words.get((selector.name, matcher.name)):
                    assert set(matcher.value.split("|")) <= known, place
                    seen.add(selector.name)
    assert len(seen) == len(words)
    alert = next(rule for rule in rules(PRODUCTION) if rule["alert"] == "YizhanCallbacksNotCommitted")
    (selector,) = selectors(alert["expr"])
    (matcher,) = [matcher for matcher in selector.matchers.matchers if matcher.name == "outcome"]
    assert set(matcher.value.split("|")) == not_committed


def test_every_alert_has_its_page_and_every_page_its_alert() -> None:
    """By the anchor that GitHub and GitLab make of a heading."""
    headings = re.findall(r"^## (.+)$", RUNBOOK.read_text(), re.MULTILINE)
    assert headings[-1] == "What no alert tells"
    for found, address in (
        (EMBEDDED, "docs/runbook.md"),
        (PRODUCTION, "https://git.example.com/yizhan/docs/runbook.md"),
    ):
        alerts = {rule["alert"]: rule["annotations"]["runbook_url"] for rule in rules(found)}
        assert alerts == {heading: f"{address}#{heading.lower()}" for heading in headings[:-1]}
        assert all(rule["labels"]["severity"] in {"info", "warning", "critical"} for rule in rules(found))
    links = re.findall(r"\]\(#(.+?)\)", RUNBOOK.read_text())
    assert links
    assert set(links) <= {heading.lower() for heading in headings}


def test_what_an_alert_says_is_made_of_labels_that_its_query_keeps() -> None:
    """Or the sentence would have a hole."""
    for rule in (*rules(EMBEDDED), *rules(PRODUCTION)):
        for label in re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]):
            kept = re.search(rf"by \([^)]*\b{label}\b", rule["expr"]) or "absent(up{" in rule["expr"]
            assert kept, rule["alert"]
        assert rule["annotations"]["summary"].count("{{") == rule["annotations"]["summary"].count("}}")


def test_quiet_hours_can_be_switched_off() -> None:
    values = merged(example("production"), {"monitoring": {"rules": {"quietHours": 0}}})
    assert "YizhanNoCallbacks" not in {rule["alert"] for rule in rules(objects(values))}


def test_the_runbook_s_commands_are_those_of_the_command_line() -> None:
    """Each line in its blocks is parsed, and not run."""
    command: Any = typer.main.get_command(app)
    blocks = re.findall(r"^```\n(.*?)^```", RUNBOOK.read_text(), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        yizhan, *words = shlex.split(line, comments=True)
        assert yizhan == "yizhan"
        found = command
        while hasattr(found, "commands"):
            found = found.commands[words.pop(0)]
        with found.make_context(line, words) as context:
            assert context.args == []


def test_the_dashboard_is_whole_and_is_the_one_that_is_deployed() -> None:
    """Panels apart from one another, each of the chosen data source; a sidecar finds it by its label."""
    found = one(PRODUCTION, "ConfigMap", "-dashboard")
    assert found["metadata"]["labels"]["grafana_dashboard"] == "1"
    assert json.loads(found["data"]["yizhan.json"]) == DASHBOARD
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in panels()]
    assert all(before < after for before, after in pairwise(places))
    assert len({panel["id"] for panel in panels()}) == len(panels())
    variables = {variable["name"] for variable in DASHBOARD["templating"]["list"]}
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD))) - {"__rate_interval"}
    assert used == variables


def _labels(family: str) -> tuple[str, ...]:
    registry: Any = Metrics().registry
    return tuple(registry._names_to_collectors[family]._labelnames)
