"""``[accounts.api]`` and ``[accounts.operations]``: how an account's follow-up calls are made, and to where."""

import difflib
import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, ValidationInfo
from pydantic_core import PydanticCustomError

from receiver import operations
from receiver.accounts import ApiAccess, Completed, Recipe
from receiver.settings.model import TOLD, Decimals, Lower, Number, Section, Text, unknown
from receiver.sources.pandapon.requests import check_recipe

#: A path of the API; what is in braces is a parameter.
_PATH = re.compile(r"(/[\w.~!$&'()*+,;=:@%{}-]+)+/?", re.ASCII)
_ACCESS, _RECIPE = ApiAccess(), Recipe()
_METHODS = ("GET", "POST", "PUT", "DELETE")


def flattened(table: dict[str, Any]) -> dict[str, Any]:
    """An account's table with ``api.recipe.base`` as one key, as its faults and the environment name it."""
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if key in {"api", "api.recipe"} and isinstance(value, dict):
            flat |= flattened({f"{key}.{inner}": given for inner, given in value.items()})
        else:
            flat[key] = value
    return flat


def _url(url: str) -> str:
    """No plain HTTP but to this machine: addresses and phones go there."""
    parts = urlsplit(url)
    _ = parts.port  # raises ValueError
    host = parts.hostname
    if not host or parts.username is not None or url.endswith("/") or set(url) & set("?# \\") or not url.isprintable():
        raise ValueError
    if parts.scheme != "https" and not (parts.scheme == "http" and _is_here(host)):
        raise ValueError
    return url


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _recipe_base(base: str, info: ValidationInfo) -> str:
    try:
        check_recipe(Recipe(digest=info.data.get("recipe_digest", _RECIPE.digest), base=base))
    except ValueError as error:
        raise PydanticCustomError(TOLD, "expected {told}", {"told": str(error)}) from None
    return base


class ApiTable(Section):
    """The part of an account's table that is about its API."""

    api_url: Annotated[Text, AfterValidator(_url)] | None = Field(
        _ACCESS.url, alias="api.url", description="https://HOST (or http:// on this machine), no slash at the end"
    )
    api_rate: Decimals = Field(_ACCESS.rate, alias="api.rate", gt=0, le=1000, description="calls a second, above 0")
    api_concurrency: Number = Field(
        _ACCESS.concurrency, alias="api.concurrency", gt=0, le=64, description="calls at a time, 1 to 64"
    )
    api_timeout: Decimals = Field(
        _ACCESS.timeout, alias="api.timeout", gt=0, le=300, description="seconds, above 0 and 300 at most"
    )
    recipe_digest: Lower[Literal["md5", "hmac-md5"]] = Field(
        _RECIPE.digest, alias="api.recipe.digest", description="md5 or hmac-md5"
    )
    recipe_base: Annotated[Text, AfterValidator(_recipe_base)] = Field(
        _RECIPE.base, alias="api.recipe.base", validate_default=True, description="a template"
    )
    recipe_case: Lower[Literal["upper", "lower"]] = Field(
        _RECIPE.case, alias="api.recipe.case", description="upper or lower"
    )
    operations: dict[str, Any] = Field({}, description='a table of "OPERATION" = {method = "…", path = "/…"}')


def access(table: ApiTable) -> ApiAccess:
    return ApiAccess(
        url=table.api_url,
        rate=table.api_rate,
        concurrency=table.api_concurrency,
        timeout=table.api_timeout,
        recipe=Recipe(digest=table.recipe_digest, base=table.recipe_base, case=table.recipe_case),
    )


def completed(table: Mapping[str, Any], source: str) -> tuple[tuple[Completed, ...], str | None]:
    """What the table adds to the source's catalogue; or else what is expected of it."""
    known = [operation.name for operation in operations.of_source(source)]
    found = []
    for name, row in _rows(table):
        if not known:
            return (), f"no operation of {source} is documented; none can be completed"
        if name not in known:
            return (), f"operation {unknown(name, known) if _close(name, known) else 'unknown; see: yizhan api'}"
        method, path = row.get("method"), row.get("path")
        if row.keys() != {"method", "path"} or method not in _METHODS:
            return (), f"{name}: expected method, one of {', '.join(_METHODS)}, and path, and nothing else"
        if not isinstance(path, str) or not _PATH.fullmatch(path):
            return (), f"{name}: expected a path such as /open/order/{{orderId}}, without host and query"
        found.append(Completed(operation=name, method=method, path=path))
    return tuple(found), None


def _rows(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """By the operation's full name: without quotes TOML reads ``taobao.order.detail`` as tables in tables."""
    for key, value in table.items():
        name = f"{prefix}{key}"
        if not isinstance(value, Mapping):
            yield name, {}
        elif any(isinstance(inner, Mapping) for inner in value.values()):
            yield from _rows(value, f"{name}.")
        else:
            yield name, value


def _close(name: str, known: list[str]) -> bool:
    return bool(difflib.get_close_matches(name, known, n=1))
