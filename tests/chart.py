"""The chart, as Helm reads it: its values, and the objects it makes of them."""

import os
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

if find_spec("helm_python") is None and os.environ.get("CI") != "true":
    pytest.skip("helm-python-sdk has no wheel for this machine, and nothing else here is Helm", allow_module_level=True)
import helm_python

lint, package, read = helm_python.lint, helm_python.package, helm_python.values_from_yaml
Refused = helm_python.HelmError
CHART = Path(__file__).parent.parent / "helm"
NAMESPACE = "shop"
Object = dict[str, Any]
Values = dict[str, Any]


def example(name: str) -> Values:
    """``helm/examples/NAME.yaml``, read by Helm: for it, as for Kubernetes, a bare ``on`` is true."""
    return read((CHART / "examples" / f"{name}.yaml").read_text())


def merged(values: Values, change: Mapping[str, Any]) -> Values:
    """``values`` with ``change`` on top, as a second ``-f`` puts it."""
    both = dict(values)
    for key, value in change.items():
        before = both.get(key)
        both[key] = merged(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return both


def loaded(path: Path = CHART) -> helm_python.Chart:
    """To be closed, as by ``with``."""
    return helm_python.Chart.load(path)


def texts(values: Values, release: str = "yizhan", path: Path = CHART) -> dict[str, str]:
    """What the templates make, by file."""
    with loaded(path) as chart:
        rendered = chart.render(values, name=release, namespace=NAMESPACE)
    return {Path(name).name: text for name, text in rendered.items()}


def objects(values: Values, release: str = "yizhan") -> list[Object]:
    rendered = texts(values, release)
    return [
        found
        for name, text in rendered.items()
        if name.endswith(".yaml")
        for found in yaml.safe_load_all(text)
        if found is not None
    ]


def one(found: list[Object], kind: str, name: str = "") -> Object:
    """The only one of its kind, or the one whose name ends so."""
    (only,) = [each for each in found if each["kind"] == kind and each["metadata"]["name"].endswith(name)]
    return only


def pod_specs(found: list[Object]) -> Iterator[tuple[str, Object]]:
    """By the component that the pod is labelled with."""
    for each in found:
        if each["kind"] in {"Deployment", "StatefulSet", "Job"}:
            template = each["spec"]["template"]
            yield template["metadata"]["labels"]["app.kubernetes.io/component"], template["spec"]
