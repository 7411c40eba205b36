"""An account whose platform is the sandbox: where that serves what no public page gives a path."""

from dataclasses import replace

from receiver import operations
from receiver.accounts import Account, Completed
from receiver.sandbox.operations import operations as served


def sandboxed(account: Account, url: str) -> Account:
    """The same, with its API there, and every operation completed that the sandbox serves."""
    paths = {(each.platform, each.version, each.name): each for each in served()}
    completed = {row.operation: row for row in account.operations}
    for known in operations.of_source(account.source):
        at = paths.get((known.platform, known.version, known.name_en))
        if at is not None and not known.callable:
            completed[known.name] = Completed(operation=known.name, method=at.method, path=at.path)
    return replace(account, api=replace(account.api, url=url), operations=tuple(completed.values()))
