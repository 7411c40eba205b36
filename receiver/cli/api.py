"""``yizhan api``: which operations there are, and one follow-up call by hand."""

import json as jsonlib
from collections.abc import Iterable
from typing import Annotated, Any

import typer

from receiver import logs, operations
from receiver.api import Apis
from receiver.cli import filters, output, rows
from receiver.cli.context import configured
from receiver.cli.output import Column
from receiver.errors import HandlerFailure
from receiver.sources import SOURCES
from receiver.sources.operation import Operation

_COLUMNS = (
    Column("group"),
    Column("operation"),
    Column("method"),
    Column("path"),
    Column("evidence"),
    Column("once"),
    Column("what it is", fold=True),
)


def add_to(app: typer.Typer) -> None:
    app.command()(api)


def api(
    context: typer.Context,
    account: Annotated[str | None, typer.Argument(help="Name of an account.", show_default="list")] = None,
    operation: Annotated[
        str | None, typer.Argument(help="Name of an operation.", show_default="list those of the account")
    ] = None,
    given: Annotated[
        list[str] | None,
        typer.Argument(metavar="[KEY=VALUE]...", help="Its parameters; KEY:=JSON for what is no text."),
    ] = None,
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do what cannot be taken back.")] = False,
    json: filters.Json = False,
) -> None:
    """List the operations of the platforms' APIs, or call one and print its data as JSON.

    Example: yizhan api main 1688.order.detail webSite=1688 orderId=3305075341149134260
    """
    if account is None:
        _list({name: operations.of_source(name) for name in SOURCES}, json=json)
        return
    accounts = {found.name: found for found in configured(context).settings.accounts}
    if account not in accounts:
        known = ", ".join(accounts) or "none; add [[accounts]] to yizhan.toml"
        output.fail(f"no account {account!r}; there are: {known}")
    caller = accounts[account]
    log = configured(context).settings.log
    logs.configure(level=log.level, style=log.format)
    if operation is None:
        own = [operations.known(row.name, caller) for row in operations.of_source(caller.source)]
        _list({caller.source: own}, json=json)
        return
    apis = Apis([caller])
    try:
        if operations.named(operation, caller).irreversible and not yes:
            output.fail(f"{operation} cannot be taken back; give --yes to do it")
        data = apis.of(account).call(operation, once="by hand", **_parameters(given or []))
    except HandlerFailure as error:
        output.fail(f"{type(error).__name__}: {error}", output.FOUND_WANTING)
    finally:
        apis.close()
    typer.echo(jsonlib.dumps(data, ensure_ascii=False, indent=None if json else 2, default=str))


def _parameters(given: Iterable[str]) -> dict[str, Any]:
    """``key=text``, ``key:=JSON``. A list or an object can also be written as text."""
    found: dict[str, Any] = {}
    for word in given:
        key, equals, text = word.partition("=")
        value: Any = text
        if not equals or not key.rstrip(":"):
            output.fail(f"{key!r}: expected KEY=VALUE, or KEY:=JSON")
        if key.endswith(":") or text.startswith(("[", "{")):
            try:
                value = jsonlib.loads(text)
            except ValueError:
                if key.endswith(":"):
                    output.fail(f"{key}=: expected JSON behind it")
        found[key.removesuffix(":")] = value
    return found


def _list(found: dict[str, Iterable[Operation]], *, json: bool) -> None:
    listed = [(source, operation) for source, own in found.items() for operation in own]
    if json:
        rows.json_lines(
            {
                "source": source,
                "platform": operation.platform,
                "group": operation.group,
                "operation": operation.name,
                "version": operation.version,
                "method": operation.method,
                "path": operation.path,
                "evidence": operation.evidence,
            }
            for source, operation in listed
        )
        return
    listed.sort(key=lambda row: (row[0] != "pandapon", row[1].platform, row[1].group, row[1].version))
    output.table(
        _COLUMNS,
        (
            (
                f"{operation.platform} {operation.group}",
                operation.name,
                operation.method or "?",
                operation.path or "not public",
                operation.evidence,
                "once" if operation.irreversible else None,
                operation.name_en,
            )
            for _, operation in listed
        ),
    )
