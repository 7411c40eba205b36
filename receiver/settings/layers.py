"""The layers of the tables, the weakest first: default, file, environment, option; and where each value was read."""

import re
import tomllib
from collections.abc import Iterable, Mapping
from json import dumps, loads
from pathlib import Path
from typing import Any, NamedTuple, get_origin

from receiver.errors import SettingsError
from receiver.settings.accounts import CREDENTIALS, NAME, AccountTable
from receiver.settings.calling import flattened
from receiver.settings.handlers import NAME as HANDLER_NAME
from receiver.settings.handlers import variables
from receiver.settings.model import SECTIONS, unknown, written_keys

_CONFIG, _DATA_DIR = "YIZHAN_CONFIG", "YIZHAN_DATA_DIR"
_SECTION_KEYS = {
    f"YIZHAN_{section}__{key}".upper(): (section, key, field)
    for section, model in SECTIONS.items()
    for key, field in model.model_fields.items()
}
_ACCOUNT_KEYS = {
    key.replace(".", "__").upper(): (key, field)
    for key, field in written_keys(AccountTable).items()
    if key not in {"name", "operations"}
}
_ACCOUNT = re.compile(rf"YIZHAN_ACCOUNTS__(.+)__({'|'.join(_ACCOUNT_KEYS)})")
#: What Kubernetes puts into every pod beside a Service whose name begins with ``yizhan``; no misspelt key of ours.
#: https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
_SERVICE_LINK = re.compile(
    r"YIZHAN_([A-Z0-9_]+_)?(SERVICE_HOST=|SERVICE_PORT(_\w+)?=|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?=|PORT=(tcp|udp|sctp)://)"
)


class Given(NamedTuple):
    #: ``None`` is not given.
    value: Any
    #: Where it was read, or is missed.
    origin: str


#: By the table's name (``web``, ``handlers.forward``, ``accounts.main``, ``accounts[0]`` if it has no good name), then
#: by key.
Layer = dict[str, dict[str, Given]]


def find_file(config: Path | None, environ: Mapping[str, str], cwd: Path) -> tuple[Path | None, str]:
    """The file as it was named, and what named it."""
    if config is not None:
        return config, "--config"
    if _CONFIG in environ:
        return Path(environ[_CONFIG]), f"environment variable {_CONFIG}"
    return (Path("yizhan.toml") if (cwd / "yizhan.toml").exists() else None), "default"


def parse(file: Path, named: str, by: str) -> dict[str, Any] | SettingsError:
    text = ""
    try:
        text = file.read_text("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        return SettingsError("config", by, f"cannot read {named}: {error.strerror}")
    except UnicodeDecodeError as error:
        return SettingsError("config", named, f"expected UTF-8, not so at byte {error.start}")
    except ValueError as error:
        end = f"at line {text.count(chr(10)) + 1}, column {len(text) - text.rfind(chr(10))}"
        return SettingsError("config", named, f"expected TOML: {str(error).replace('at end of document', end)}")


def of_defaults(environ: Mapping[str, str], cwd: Path) -> Layer:
    """The one default that a model cannot know: where the store is."""
    folder = environ.get(_DATA_DIR, ".yizhan")
    url = f"sqlite:///{cwd / folder / 'yizhan.db'}" if folder else ""
    return {"store": {"url": Given(url, f"environment variable {_DATA_DIR}" if _DATA_DIR in environ else "default")}}


def of_file(document: dict[str, Any], origin: str, faults: list[SettingsError]) -> Layer:
    tables: dict[str, dict[str, Any]] = {}
    for name, table in document.items():
        if name == "handlers" and isinstance(table, dict):
            own = {key for key, value in table.items() if isinstance(value, dict) and re.fullmatch(HANDLER_NAME, key)}
            own -= SECTIONS[name].model_fields.keys()
            tables[name] = {key: value for key, value in table.items() if key not in own}
            tables |= {f"handlers.{key}": value for key, value in table.items() if key in own}
        elif name in SECTIONS and isinstance(table, dict):
            tables[name] = table
        elif name != "accounts":
            expected = "expected a table" if name in SECTIONS else unknown(name, [*SECTIONS, "accounts"])
            faults.append(SettingsError(shown(name), origin, expected))
    accounts = document.get("accounts", [])
    if not isinstance(accounts, list) or not all(isinstance(table, dict) for table in accounts):
        faults.append(SettingsError("accounts", origin, "expected a list of tables, each [[accounts]]"))
        accounts = []
    for index, table in enumerate(accounts):
        name, label = table.get("name"), f"accounts[{index}]"
        if isinstance(name, str) and re.fullmatch(NAME, name):
            if _flat(f"accounts.{name}") in map(_flat, tables):
                expected = "expected a name of its own; '-', '.' and '_' count as one"
                faults.append(SettingsError(f"{label}.name", origin, expected))
                continue
            label = f"accounts.{name}"
        tables[label] = flattened(table)
    return {name: {key: Given(value, origin) for key, value in table.items()} for name, table in tables.items()}


def of_environment(environ: Mapping[str, str], file: Layer, faults: list[SettingsError]) -> Layer:
    """Account tables are named as in the file."""
    labels = {_flat(label): label for label in file}
    layer: Layer = {}
    for variable, text in sorted(environ.items()):
        if variable in _SECTION_KEYS:
            name, key, field = _SECTION_KEYS[variable]
        elif account := _ACCOUNT.fullmatch(variable):
            name, (key, field) = f"accounts.{_flat(account[1])}", _ACCOUNT_KEYS[account[2]]
            name = labels.get(_flat(name), name)
        else:
            continue
        value = _items(text) if get_origin(field.annotation) is tuple else text
        layer.setdefault(name, {})[key] = Given(value, f"environment variable {variable}")
    for name in [name for name in layer if name not in SECTIONS and name not in file]:
        given, account_name = layer.pop(name), name.removeprefix("accounts.")
        if "source" in given and given.keys() & set(CREDENTIALS[0]):
            prefix = f"environment variable YIZHAN_ACCOUNTS__{account_name.upper()}__"
            missed = {key: Given(None, f"{prefix}{variable}") for variable, (key, _) in _ACCOUNT_KEYS.items()}
            layer[name] = missed | {"name": Given(account_name, f"{prefix}NAME")} | given
        else:
            expected = "no such account; expected SOURCE and ACCESS_KEY too for a new one"
            faults.append(SettingsError(name, next(iter(given.values())).origin, expected))
    return layer


def of_options(options: Mapping[str, Any]) -> Layer:
    layer: Layer = {}
    for option, value in options.items():
        name, _, key = option.partition(".")
        if value is not None:
            layer.setdefault(name, {})[key] = Given(value, f"--{key.replace('_', '-')}")
    return layer


def stacked(*layers: Layer) -> Layer:
    """The tables. A credential takes the place of every form it has in a weaker layer."""
    tables: Layer = {name: {} for name in SECTIONS}
    for layer in layers:
        for name, given in layer.items():
            replaced = {form for forms in CREDENTIALS if given.keys() & set(forms) for form in forms}
            kept = {key: weaker for key, weaker in tables.get(name, {}).items() if key not in replaced}
            tables[name] = kept | given
    return tables


def misspelt(environ: Mapping[str, str], tables: Layer) -> Iterable[SettingsError]:
    """Of each variable that begins as ours do, unless an account names it as the place of a credential."""
    ours = (*_SECTION_KEYS, _CONFIG, _DATA_DIR)
    named = variables([{key: given.value for key, given in table.items()} for table in tables.values()])
    for variable, text in sorted(environ.items()):
        if not variable.upper().startswith("YIZHAN_") or variable in ours or _ACCOUNT.fullmatch(variable):
            continue
        if variable in named or ("__" not in variable and _SERVICE_LINK.match(f"{variable}={text}")):
            continue
        prefix, known = "YIZHAN_", [name.removeprefix("YIZHAN_") for name in ours]
        if account := re.match(r"YIZHAN_ACCOUNTS(__.+__)?", variable):
            name = re.sub("__API__(RECIPE__)?$", "__", account[1] or "__NAME__")
            prefix, known = f"YIZHAN_ACCOUNTS{name}", [*_ACCOUNT_KEYS]
        key = variable[len("YIZHAN_") :].lower().replace("__", ".")
        expected = unknown(variable.upper().removeprefix(prefix), known, prefix)
        yield SettingsError(key, f"environment variable {variable}", expected)


def _flat(name: str) -> str:
    """A name as far as a variable's name can tell it."""
    return name.lower().replace("-", "_").replace(".", "_")


def _items(text: str) -> list[Any]:
    """A list, in JSON or comma-separated."""
    if not text.lstrip().startswith("["):
        return [item.strip() for item in text.split(",")]
    try:
        return list(loads(text))
    except ValueError:
        return [""]  # which no list may hold


def shown(key: str) -> str:
    return key if re.fullmatch(r"[][\w.-]+", key) else dumps(key)
