"""Values that cannot work are refused before anything is installed, in words that name the key."""

import json
from datetime import timedelta
from typing import Any

import pytest
from chart import CHART, Refused, Values, loaded, merged, read, texts

from receiver.settings.accounts import NAME, AccountTable
from receiver.settings.calling import flattened
from receiver.settings.handlers import TARGET
from receiver.settings.model import SECTIONS, written_keys
from receiver.sources import SOURCES

SCHEMA: Any = json.loads((CHART / "values.schema.json").read_text())
ACCOUNT = {"name": "main", "source": "pandapon", "access_key": "k", "access_secret_env": "PANDAPON_SECRET"}
#: The chart knows them better: Secrets, volumes and ports.
OWNED = {"store.url", "broker.url", "web.host", "web.port", "web.workers", "work.host", "work.port", "work.processes"}


def account(**changes: Any) -> Values:
    return {"settings": {"accounts": [{**ACCOUNT, **changes}]}}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"mode": "cluster"}, "'/mode': value must be one of 'embedded', 'distributed'"),
        ({"replicas": 3}, "additional properties 'replicas' not allowed"),
        ({"web": {"replica": 3}}, "at '/web': additional properties 'replica' not allowed"),
        ({"web": {"replicas": "3"}}, "at '/web/replicas': got string, want integer"),
        ({"web": {"replicas": 0}}, "at '/web/replicas': minimum"),
        ({"settings": {"work": {"grace": "30"}}}, "at '/settings/work/grace': '30' does not match pattern"),
        ({"worker": {"scaling": {"by": "queue"}}}, "'/worker/scaling/by': value must be one of 'none', 'cpu', 'due'"),
        ({"worker": {"scaling": {"minReplicas": 0}}}, "'/worker/scaling/minReplicas': minimum"),
        ({"image": {"digest": "latest"}}, "at '/image/digest': 'latest' does not match pattern"),
        (
            {"embedded": {"storage": {"accessModes": ["ReadWriteMany"]}}},
            "'/embedded/storage/accessModes/0': value must",
        ),
        ({"embedded": {"resources": {"limits": {"memory": "much"}}}}, "'/embedded/resources/limits/memory': 'much'"),
        ({"settings": {"store": {"url": "sqlite:///x"}}}, "at '/settings': additional properties 'store' not allowed"),
        ({"settings": {"web": {"port": 80}}}, "at '/settings/web': additional properties 'port' not allowed"),
        ({"settings": {"log": {"level": "loud"}}}, "'/settings/log/level': value must be one of 'debug'"),
        ({"settings": {"web": {"public_url": "callbacks.example.com"}}}, "'/settings/web/public_url': 'callbacks.ex"),
        ({"settings": {"handlers": {"routers": ["shop"]}}}, "'/settings/handlers/routers/0': 'shop' does not match"),
        (account(source="alibaba"), "'/settings/accounts/0/source': value must be one of 'pandapon'"),
        (account(name="Main"), "'/settings/accounts/0/name': 'Main' does not match pattern"),
        (account(access_secret="s"), "'/settings/accounts/0': additional properties 'access_secret' not allowed"),
        (account(api={"rate": 0}), "'/settings/accounts/0/api/rate': exclusiveMinimum"),
        ({"handlers": {"files": {"shop.txt": ""}}}, "'/handlers/files': additional properties 'shop.txt' not allowed"),
        # What a schema cannot say, or not as a sentence:
        (
            {"handlers": {"files": {"handlers.py": ""}}},
            "handlers.files: handlers.py has the name of a package of yizhan's",
        ),
        (
            {"settings": {"handlers": {"shop": {"api": {"token": "t"}}}}},
            'settings: a key "token"; a ConfigMap is no place for a secret: give token_file or token_env',
        ),
        ({"settings": {"accounts": []}}, "settings.accounts: no account is configured; add one with name"),
        ({"mode": "distributed"}, "broker.existingSecret: mode distributed needs the name of a Secret whose key holds"),
        (
            {"mode": "distributed", "broker": {"existingSecret": "b"}},
            "store.existingSecret: mode distributed needs the name of a Secret whose key holds postgresql://",
        ),
        ({"store": {"existingSecret": "s"}}, "store.existingSecret: mode embedded uses none"),
        ({"ingress": {"enabled": True}}, "settings.web.public_url: an Ingress needs https://HOST here"),
        (
            {"ingress": {"enabled": True}, "settings": {"web": {"public_url": "https://example.com/shop"}}},
            "settings.web.public_url: the Ingress rewrites no path",
        ),
        ({"worker": {"scaling": {"by": "due"}}}, "worker.scaling.prometheus: scaling by what is due needs"),
        (
            {
                "settings": {
                    "accounts": [
                        {
                            "name": "main",
                            "source": "pandapon",
                            "access_key": "k",
                            "access_secret_file": ["/run/secrets/pandapon/new", "/run/secrets/old/key"],
                        }
                    ]
                },
                "secrets": ["pandapon"],
            },
            "settings.accounts, main: /run/secrets/old/key is not mounted; add old to secrets",
        ),
        (
            {"settings": {"handlers": {"aftersales": {"rules": [{"true": "refund.rejected"}]}}}},
            'a key "true"; YAML reads on, off, yes and no so, unless they are quoted',
        ),
    ],
    ids=lambda given: json.dumps(given) if isinstance(given, dict) else "",
)
def test_a_wrong_value_is_refused_by_its_name(change: Values, said: str) -> None:
    with pytest.raises(Refused) as refused:
        texts(merged({"settings": {"accounts": [ACCOUNT]}}, change))
    assert said in str(refused.value)


def test_a_bare_on_is_true_to_helm() -> None:
    """Why the refusal above is worth its line."""
    assert read("on: refund.rejected") == {"true": "refund.rejected"}


def test_each_key_of_the_defaults_is_in_the_schema() -> None:
    """And each key of the schema has a default, but those of an account, and a parent chart's."""

    def compare(defaults: Values, schema: Any, path: str) -> None:
        allowed = set(schema["properties"]) - ({"global"} if not path else set())
        assert allowed == set(defaults), path
        for key, inner in schema["properties"].items():
            if inner.get("additionalProperties") is False and "properties" in inner:
                compare(defaults[key], inner, f"{path}/{key}")

    with loaded() as chart:
        compare(chart.values, SCHEMA, "")


def test_the_settings_are_those_of_yizhan_toml() -> None:
    """Each section and key that the service reads can be given in values, but what the chart owns."""
    given = SCHEMA["properties"]["settings"]["properties"]
    in_schema = {f"{name}.{key}" for name in given if name != "accounts" for key in given[name]["properties"]}
    in_code = {f"{name}.{key}" for name, model in SECTIONS.items() for key in model.model_fields}
    assert in_schema == in_code - OWNED
    assert set(given) == set(SECTIONS) - {"store", "broker"} | {"accounts"}


def test_an_account_is_that_of_yizhan_toml() -> None:
    """Every key but the secret by value: a ConfigMap is no place for it."""

    def keys(schema: Any) -> dict[str, Any]:
        return {
            key: keys(inner) if inner.get("additionalProperties") is False else inner
            for key, inner in schema["properties"].items()
        }

    item = SCHEMA["properties"]["settings"]["properties"]["accounts"]["items"]
    assert set(flattened(keys(item))) == set(written_keys(AccountTable)) - {"access_secret"}
    assert item["properties"]["source"]["enum"] == list(SOURCES)
    assert item["properties"]["name"]["pattern"] == NAME
    assert (
        SCHEMA["properties"]["settings"]["properties"]["handlers"]["properties"]["routers"]["items"]["pattern"]
        == TARGET
    )


def test_the_defaults_are_those_of_the_service() -> None:
    """What a value says when left alone is what yizhan.toml would mean without it."""
    with loaded() as chart:
        settings = chart.values["settings"]
    for section, table in settings.items():
        if section == "accounts":
            continue
        fields = SECTIONS[section].model_fields
        for key, value in table.items():
            default = fields[key].default
            if isinstance(default, timedelta):
                default = f"{default.total_seconds():.0f}s"
            expected = {None: "", "auto": "json"}.get(default, default)
            assert value == (list(expected) if isinstance(expected, tuple) else expected), f"{section}.{key}"
