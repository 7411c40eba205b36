"""The platform's operations, as far as its pages are public, and where the fake serves them.

``operations.json`` holds what the pages at doc.pandapon.com and its translations show of each: ``evidence`` is
``confirmed`` (method, path and parameters were read), ``partial`` (the parameters are cut off) or ``name_only``. Of the
last, the path is public nowhere. It is served all the same, so that a client whose configuration completes the path
can be tried: where a sibling operation suggests a path, there; else where the fake itself declares it, below.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal

#: Whose word the path is.
Where = Literal["page", "inferred", "sandbox"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    platform: str
    group: str
    version: str
    name: str
    evidence: str
    method: str
    path: str
    where: Where
    parameters: tuple[str, ...]
    required: tuple[str, ...]
    #: The documented fields of ``data``: name, type, fields.
    data: tuple[Mapping[str, Any], ...]
    page: str

    @property
    def plain(self) -> str:
        """The path as version 1 has it: both versions of an operation do the same."""
        return plain(self.path)

    @property
    def own_signature(self) -> bool:
        """Warehouse logistics signs in the query, by a scheme of its own: https://doc.pandapon.com/api-250313135."""
        return self.group == "warehouse logistics"


#: Paths that are made up here, by platform and name. Version 2 renames them as its pages rename others.
_DECLARED: Final[Mapping[tuple[str, str], str]] = {
    ("taobao", "Paging to query the order list"): "/open/order/page",
    ("taobao", "Taobao order paging query"): "/open/order/page",
    ("taobao", "Upload the payment voucher"): "/open/order/pay/voucher",
    ("taobao", "Cancel the order"): "/open/order/cancel",
    ("taobao", "Cancel Order"): "/open/order/cancel",
    ("taobao", "Pay for the order"): "/open/order/pay",
    ("taobao", "Payment Order"): "/open/order/pay",
    ("taobao", "Get the order details according to the order ID"): "/open/order/detail",
    ("taobao", "Get order details according to order ID"): "/open/order/detail",
    ("taobao", "Taobao Order Creation"): "/open/order",
    ("taobao", "Return logistics rendering"): "/open/order/refund/logistics/render",
    ("taobao", "Return logistics submission"): "/open/order/refund/logistics/submit",
    ("taobao", "Reverse order submission"): "/open/order/refund/submit",
    ("taobao", "Reverse single message list query"): "/open/order/refund/message/list",
    ("taobao", "Query of message list"): "/open/order/refund/message/list",
    ("taobao", "Reverse order modification"): "/open/order/refund/modify",
    ("1688", "Obtain the logistics tracking information of the order"): "/alibaba/order/logistics/trace",
    ("1688", "Obtain logistics tracking information"): "/alibaba/order/logistics/trace",
    ("1688", "Check the reason for refund and return (used to create refund and return)"): "/alibaba/refund/reasons",
    ("1688", "Check the reason for refund and return"): "/alibaba/refund/reasons",
    ("1688", "Upload the refund and return voucher"): "/alibaba/refund/voucher/upload",
    ("1688", "Upload refund return voucher"): "/alibaba/refund/voucher/upload",
    ("1688", "List of logistics companies - all logistics companies"): "/alibaba/logistics/companies",
    ("1688", "List of logistics companies"): "/alibaba/logistics/companies",
}

#: How the pages rename paths from version 1 to version 2, the longest first.
_RENAMED: Final = (
    ("/open/address/", "/v2/open/address/"),
    ("/open/pp/", "/v2/open/pp/"),
    ("/open/", "/v2/taobao/"),
    ("/alibaba/", "/v2/alibaba/"),
)


def plain(path: str) -> str:
    for old, new in _RENAMED:
        if path.startswith(new):
            return old + path.removeprefix(new)
    return path


def _in_version_2(path: str) -> str:
    return next((new + path.removeprefix(old) for old, new in _RENAMED if path.startswith(old)), path)


@cache
def operations() -> tuple[Operation, ...]:
    text = (files("receiver.sandbox") / "operations.json").read_text("utf-8")
    return tuple(_operations(json.loads(text)))


def _operations(rows: list[dict[str, Any]]) -> Iterator[Operation]:
    for row in rows:
        where: Where = "page" if row["path"] else "inferred" if "inferred_path" in row else "sandbox"
        yield Operation(
            platform=row["platform"],
            group=row["group"],
            version=row["version"],
            name=row["name"],
            evidence=row["evidence"],
            method=row["method"] or row.get("inferred_method", "POST"),
            path=row["path"] or row.get("inferred_path") or _declared(row),
            where=where,
            parameters=tuple(row["parameters"]),
            required=tuple(row["required"]),
            data=tuple(row["data"]),
            page=row["page"],
        )


def _declared(row: Mapping[str, Any]) -> str:
    path = _DECLARED.get((row["platform"], row["name"])) if row["group"] in ("orders", "after-sales") else None
    if path is None:
        slug = re.sub(r"[^a-z0-9]+", "-", f"{row['group']} {row['name']}".lower()).strip("-")
        return f"/declared/{row['version']}/{row['platform']}/{slug}"
    return _in_version_2(path) if row["version"] == "v2" else path
