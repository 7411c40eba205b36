"""What the chart says to the service is what the service understands."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
from builders import account, callback
from chart import Object, Values, example, merged, objects, one, pod_specs
from processes import Yizhan, wait_until
from starlette.applications import Starlette
from starlette.testclient import TestClient
from typer.testing import CliRunner

from receiver import settings, web
from receiver.cli import app
from receiver.metrics import Metrics
from receiver.serving import Server
from receiver.settings import Settings
from receiver.store.sqlite import SqliteStore

EXAMPLES = ("embedded", "distributed", "production")
#: What the Secrets hold that the pods name.
SECRETS = {
    ("yizhan-store", "url"): "postgresql://yizhan:pw@store/yizhan",
    ("yizhan-broker", "url"): "redis://broker:6379/0",
    ("wholesale", "app-key"): "key",
    ("wholesale", "app-secret"): "secret",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_pod_can_read_its_configuration(name: str, tmp_path: Path) -> None:
    """The ConfigMap, the variables and the mounted Secrets of each container load without a fault."""
    found = objects(example(name))
    for component, spec in pod_specs(found):
        read = _settings(found, spec, tmp_path / component)
        if component == "migrate":
            assert read.accounts == ()
            assert read.store.url == SECRETS["yizhan-store", "url"]
            continue
        values = example(name)["settings"]
        assert [each.name for each in read.accounts] == [given["name"] for given in values["accounts"]]
        assert all(each.secrets for each in read.accounts)
        assert read.web.public_url == values["web"]["public_url"]
        if component == "embedded":
            assert read.store.path == Path("/var/lib/yizhan/yizhan.db")
            mounts = {mount["name"]: mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
            assert mounts["data"] == str(read.store.path.parent)
            assert read.broker.url == "memory://"
        else:
            assert read.store.url == SECRETS["yizhan-store", "url"]
        assert (read.broker.url == SECRETS["yizhan-broker", "url"]) == (component == "worker")


def test_every_kind_of_value_reaches_yizhan_toml(tmp_path: Path) -> None:
    """Numbers stay whole, texts keep their quotes, tables in lists their keys."""
    values = merged(
        example("production"),
        {"settings": {"handlers": {"shop": {"router": "shop:create", "text": 'a "b"\n\\ <&> 退款', "rate": 0.5}}}},
    )
    found = objects(values)
    read = _settings(found, dict(pod_specs(found))["web"], tmp_path)
    assert (read.web.max_body, read.work.threads) == (2097152, 16)
    tables = {table.name: table for table in read.handler_tables}
    assert tables["shop"].values == {"text": 'a "b"\n\\ <&> 退款', "rate": 0.5}
    assert tables["aftersales"].values["rules"][0]["on"] == "refund.rejected"
    main = read.accounts[0]
    assert (main.api.rate, main.api.timeout, main.user_id) == (5, 10, "2100007341207")
    assert main.secrets == ("secret of access-secret", "secret of access-secret-before")
    assert [completed.operation for completed in main.operations] == ["taobao.order.detail"]


def test_the_embedded_pod_takes_a_callback_and_hands_it_to_a_small_handler(tmp_path: Path) -> None:
    """Its arguments and its files, on a port of the test's: from examples/embedded.yaml to shop.py, and to an end."""
    found = objects(example("embedded"))
    yizhan = Yizhan(tmp_path, ())
    _lay_out(found, tmp_path)
    (container,) = dict(pod_specs(found))["embedded"]["containers"]
    here = {"0.0.0.0": "127.0.0.1", "8000": str(yizhan.port)}
    yizhan._command = tuple(here.get(word, word) for word in container["args"])
    main = account(name="main", access_key="the-access-key", secrets=("secret of access-secret",))
    with yizhan:
        assert {path: yizhan.get(path) for _, path, _ in _probes(container)} == {"/healthz": 200, "/readyz": 200}
        assert yizhan.post(callback(of=main), main) == 200
        wait_until(
            lambda: _told(yizhan.log, handler="shop.update_stock", state="succeeded"),
            seconds=20,
            what="shop.update_stock succeeds",
        )
        assert yizhan.stop() == 0


def test_commands_and_options_are_those_of_the_command_line() -> None:
    """Each container's arguments are parsed by the command itself, and not run."""
    command: Any = typer.main.get_command(app)
    seen = set()
    for name in EXAMPLES:
        for _, spec in pod_specs(objects(example(name))):
            for container in spec["containers"]:
                word, *rest = container["args"]
                seen.add(word)
                with command.commands[word].make_context(word, rest, resilient_parsing=False) as context:
                    assert context.args == []
    assert seen == {"run", "serve", "work", "migrate"}


def test_an_unknown_option_is_seen() -> None:
    """So the parse above does refuse."""
    done = CliRunner().invoke(app, ["run", "--prot", "8000"])
    assert done.exit_code == 2
    assert "No such option" in done.output


def test_probes_ports_and_paths_are_those_of_the_applications(store: SqliteStore) -> None:
    """What Kubernetes, the Ingress and Prometheus ask for is answered."""
    application = web.create(store=store, accounts={}, metrics=Metrics(), max_body=1)
    watched = TestClient(Starlette(routes=web.watching(Metrics(), lambda: True)))
    with TestClient(application) as client:
        for name in EXAMPLES:
            found = objects(example(name))
            for component, spec in pod_specs(found):
                for container in spec["containers"]:
                    ports = {port["name"]: port["containerPort"] for port in container.get("ports", [])}
                    for kind, path, port in _probes(container):
                        assert port in ports
                        assert path == ("/readyz" if kind == "readinessProbe" and component != "worker" else "/healthz")
                        assert (watched if component == "worker" else client).get(path).status_code == 200
                    if "--port" in container["args"]:
                        assert int(container["args"][container["args"].index("--port") + 1]) in ports.values()
            service = one(found, "Service")
            assert [port["targetPort"] for port in service["spec"]["ports"]] == ["http"]
            for each in found:
                for endpoint in each["spec"].get("endpoints", []) if each["kind"] == "ServiceMonitor" else []:
                    assert client.get(endpoint["path"]).status_code == 200
                for endpoint in each["spec"]["podMetricsEndpoints"] if each["kind"] == "PodMonitor" else []:
                    assert watched.get(endpoint["path"]).status_code == 200
                if each["kind"] == "Ingress":
                    (path,) = each["spec"]["rules"][0]["http"]["paths"]
                    # No account is configured here: the endpoint answers, in words of its own.
                    assert client.post(f"{path['path']}main").status_code == 404
                    assert client.get("/no-such-path").text != client.post(f"{path['path']}main").text


def test_pods_are_given_the_time_that_an_end_in_order_takes(store: SqliteStore) -> None:
    """SIGKILL comes after the drain, after the requests under way, and after the running handlers' grace."""
    application = web.create(store=store, accounts={}, metrics=Metrics(), max_body=1)
    answering = Server(application).config.timeout_graceful_shutdown or 0
    for name in EXAMPLES:
        values = merged(example(name), {"settings": {"web": {"drain": "20s"}, "work": {"grace": "3m"}}})
        needed = {"embedded": answering + 180, "web": 20 + answering, "worker": 180 + answering, "migrate": 0}
        for component, spec in pod_specs(objects(values)):
            assert spec.get("terminationGracePeriodSeconds", 30) > needed[component], component


def _settings(found: list[Object], spec: Object, folder: Path) -> Settings:
    """As the container's process reads them, from the files that it sees and the variables that it is given."""
    _lay_out(found, folder)
    environ = {}
    for variable in spec["containers"][0]["env"]:
        source = variable.get("valueFrom", {}).get("secretKeyRef")
        environ[variable["name"]] = SECRETS[source["name"], source["key"]] if source else variable["value"]
    mounts = {mount["mountPath"] for mount in spec["containers"][0]["volumeMounts"]}
    config = environ.pop("YIZHAN_CONFIG", None)
    assert (config is None) == ("/etc/yizhan" not in mounts)
    (folder / "elsewhere").mkdir()
    return settings.load(folder / Path(config).name if config else None, environ=environ, cwd=folder / "elsewhere")


def _lay_out(found: list[Object], folder: Path) -> None:
    """The mounted files. /run/secrets, which belongs to the machine, becomes a folder in this one."""
    folder.mkdir(exist_ok=True)
    files: Values = one(found, "ConfigMap", "yizhan")["data"]
    for name, text in files.items():
        (folder / name).write_text(text.replace("/run/secrets/", f"{folder}/run/secrets/"))
    for each in found:
        if each["kind"] in {"Deployment", "StatefulSet"}:
            for volume in each["spec"]["template"]["spec"]["volumes"]:
                if "secret" in volume:
                    place = folder / "run" / "secrets" / volume["secret"]["secretName"]
                    place.mkdir(parents=True, exist_ok=True)
                    for key in ("access-secret", "access-secret-before"):
                        (place / key).write_text(f"secret of {key}\n")


def _probes(container: Object) -> Iterator[tuple[str, str, str]]:
    for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
        if probe := container.get(kind):
            yield kind, probe["httpGet"]["path"], probe["httpGet"]["port"]


def _told(log: Path, **what: str) -> bool:
    """Whether some line of the log says all of it."""
    whole = log.read_text().rpartition("\n")[0].splitlines()
    return any(what.items() <= json.loads(line).items() for line in whole if line.startswith("{"))
