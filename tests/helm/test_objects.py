"""What the chart makes of several sets of values is what Kubernetes takes, by its own schemas."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
from chart import (
    CHART,
    NAMESPACE,
    Object,
    Values,
    example,
    lint,
    loaded,
    merged,
    objects,
    one,
    package,
    pod_specs,
    texts,
)

OLDEST = "1.27"
NEWEST: str = kubernetes_validate.latest_version()
#: No schemas of theirs are on PyPI. These are of the fields in use, by the pages of the two projects.
CRDS: Any = json.loads((Path(__file__).parent / "crds.json").read_text())

ACCOUNT = {"name": "main", "source": "pandapon", "access_key": "k", "access_secret_env": "PANDAPON_SECRET"}
SETS: dict[str, Values] = {
    "the least": {"settings": {"accounts": [ACCOUNT]}},
    "embedded": example("embedded"),
    "embedded, everything on": merged(
        example("embedded"),
        {
            "networkPolicy": {"enabled": True},
            "monitoring": {"enabled": True, "rules": {"enabled": True}, "dashboard": {"enabled": True}},
            "embedded": {"storage": {"storageClass": "fast", "accessModes": ["ReadWriteOncePod"]}},
            "handlers": {"configMap": "more-handlers"},
            "serviceAccount": {"annotations": {"example.com/role": "callbacks"}},
        },
    ),
    "distributed": example("distributed"),
    "distributed, workers by CPU": merged(
        example("distributed"), {"worker": {"scaling": {"by": "cpu"}}, "web": {"autoscaling": {"enabled": True}}}
    ),
    "distributed, as little as can be": merged(
        example("distributed"),
        {
            "migrate": {"enabled": False},
            "serviceAccount": {"create": False, "name": "mine"},
            "web": {"replicas": 1, "disruptionBudget": {"enabled": False}},
            "worker": {"replicas": 1, "disruptionBudget": {"enabled": False}},
        },
    ),
    "production": example("production"),
}
every_set = pytest.mark.parametrize("values", SETS.values(), ids=SETS)


@every_set
def test_lint_finds_nothing(values: Values) -> None:
    """But that the chart has no icon."""
    report = lint(CHART, values, strict=True, kube_version=f"v{OLDEST}.0")
    assert report["errors"] == []
    assert [message["error"] for message in report["messages"]] == ["icon is recommended"]


@every_set
def test_every_object_is_valid_in_the_oldest_and_the_newest_kubernetes(
    values: Values, request: pytest.FixtureRequest
) -> None:
    """A key that is not in the schema is a fault too."""
    counts = {"Kubernetes": 0, "custom": 0}
    for found in objects(values):
        if custom := CRDS.get(found["kind"]):
            assert found["apiVersion"] == custom["apiVersion"]
            jsonschema.validate(found["spec"], {**custom["spec"], "definitions": CRDS["definitions"]})
            counts["custom"] += 1
        else:
            for version in (OLDEST, NEWEST):
                kubernetes_validate.validate(found, version, strict=True)
            counts["Kubernetes"] += 1
    print(  # noqa: T201 - pytest -s shows it
        f"\n{request.node.callspec.id}: {counts['Kubernetes']} objects valid in {OLDEST} and {NEWEST},"
        f" {counts['custom']} custom ones by the schemas kept here"
    )
    assert counts["Kubernetes"] >= 4


def test_a_wrong_object_is_seen() -> None:
    """So the schemas above do refuse."""
    found = one(objects(SETS["embedded"]), "StatefulSet")
    found["spec"]["template"]["spec"]["containers"][0]["prots"] = []
    with pytest.raises(kubernetes_validate.ValidationError, match="prots"):
        kubernetes_validate.validate(found, NEWEST, strict=True)


def test_the_oldest_version_is_the_one_that_the_chart_asks_for() -> None:
    with loaded() as chart:
        assert chart.metadata["kubeVersion"] == f">={OLDEST}.0-0"


def test_each_template_is_exercised() -> None:
    """By one set or another: none is left that nothing validates."""
    made = {name for values in SETS.values() for name, text in texts(values).items() if text.strip()}
    assert made == {path.name for path in (CHART / "templates").iterdir() if not path.name.startswith("_")}


@every_set
def test_names_fit_and_selectors_find_their_pods(values: Values) -> None:
    """Whatever the release is called: 63 characters at most, and each selector holds some pod's labels."""
    for release in ("yizhan", "a" * 53):
        found = objects(values, release)
        keys = [(each["kind"], each["metadata"]["name"]) for each in found]
        assert len(set(keys)) == len(keys)
        assert all(len(name) <= 63 for _, name in keys)
        pods = [
            each["spec"]["template"]["metadata"]["labels"]
            for each in found
            if each["kind"] in {"Deployment", "StatefulSet", "Job"}
        ]
        services = [each["metadata"]["labels"] for each in found if each["kind"] == "Service"]
        for each in found:
            targets = services if each["kind"] == "ServiceMonitor" else pods
            for selector in _selectors(each):
                assert any(selector.items() <= labels.items() for labels in targets), (each["kind"], selector)


@every_set
def test_every_pod_is_confined(values: Values) -> None:
    """As the restricted Pod Security Standard asks, and with a root that cannot be written."""
    for _, spec in pod_specs(objects(values)):
        assert spec["automountServiceAccountToken"] is False
        assert spec["securityContext"]["runAsNonRoot"] is True
        assert spec["securityContext"]["runAsUser"] == 10001
        assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        for container in spec["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
            assert container["resources"]["requests"].keys() == {"cpu", "memory"}
            assert container["resources"]["limits"]["memory"]
            mounted = {mount["name"] for mount in container["volumeMounts"]}
            claimed = {"data"} & mounted
            assert mounted == {volume["name"] for volume in spec["volumes"]} | claimed


def test_a_change_of_settings_rolls_the_pods() -> None:
    """The checksum says so; the same settings leave it as it is."""

    def checksums(values: Values) -> set[str]:
        return {
            each["spec"]["template"]["metadata"]["annotations"]["checksum/config"]
            for each in objects(values)
            if each["kind"] == "Deployment"
        }

    before = checksums(SETS["distributed"])
    assert len(before) == 1
    assert checksums(SETS["distributed"]) == before
    assert not checksums(merged(SETS["distributed"], {"settings": {"log": {"level": "debug"}}})) & before


def test_the_migration_needs_nothing_that_the_chart_makes() -> None:
    """A hook before the install: what it mounts and names exists by then, or it would never start."""
    found = objects(SETS["production"], release="relay")
    job = one(found, "Job")
    assert job["metadata"]["annotations"] == {
        "helm.sh/hook": "pre-install,pre-upgrade",
        "helm.sh/hook-delete-policy": "before-hook-creation,hook-succeeded",
    }
    made = {each["metadata"]["name"] for each in found if each["kind"] in {"ConfigMap", "Secret", "ServiceAccount"}}
    assert made
    assert made.isdisjoint(re.findall(r"[\w.-]+", json.dumps(job["spec"]["template"]["spec"])))


def test_replicas_are_left_to_what_scales_them() -> None:
    """Or each upgrade would take them back."""
    for name in ("production", "distributed, workers by CPU"):
        for each in objects(SETS[name]):
            assert each["kind"] != "Deployment" or "replicas" not in each["spec"]
    assert one(objects(SETS["embedded"]), "StatefulSet")["spec"]["replicas"] == 1


def test_nginx_sends_a_callback_once_and_whole() -> None:
    """The limits are those that yizhan itself has; only the callbacks are published."""
    ingress = one(objects(SETS["production"]), "Ingress")
    prefix = "nginx.ingress.kubernetes.io/"
    nginx = {
        name.removeprefix(prefix): value
        for name, value in ingress["metadata"]["annotations"].items()
        if name.startswith(prefix)
    }
    assert nginx == {
        "proxy-body-size": "2097152",
        "proxy-next-upstream": "off",
        "proxy-read-timeout": "2",
        "proxy-request-buffering": "on",
    }
    (rule,) = ingress["spec"]["rules"]
    assert rule["host"] == "callbacks.example.com"
    assert [path["path"] for path in rule["http"]["paths"]] == ["/callbacks/"]


def test_the_notes_say_what_to_register() -> None:
    """Each account's callback URL."""
    notes = texts(SETS["production"])["NOTES.txt"]
    assert "https://callbacks.example.com/callbacks/main   (pandapon)" in notes
    assert "https://callbacks.example.com/callbacks/wholesale   (alibaba1688)" in notes
    assert f"kubectl -n {NAMESPACE} exec deployment/yizhan-worker -- yizhan check" in notes
    assert "settings.web.public_url is not set" in texts(SETS["the least"])["NOTES.txt"]


def test_it_can_be_packaged(tmp_path: Path) -> None:
    """And the package renders as the folder does."""
    packed = Path(package(CHART, destination=tmp_path))
    assert texts(SETS["production"], path=packed) == texts(SETS["production"])


def _selectors(found: Object) -> list[dict[str, str]]:
    spec = found.get("spec", {})
    if found["kind"] == "Service":
        return [spec["selector"]]
    return [spec[key]["matchLabels"] for key in ("selector", "podSelector") if key in spec]
