"""What an account needs to call the sandbox instead of its platform."""

import dataclasses
from functools import cache

from receiver.accounts import Account, Completed, Recipe
from receiver.sandbox.operations import operations
from receiver.sources import SOURCES

#: For whom follow-up calls are made, where the account does not say.
USER = "2100007341207"


def connected(account: Account, url: str) -> Account:
    """The same, with the sandbox at this URL for its API: with its recipe, and its paths. Only PandaPon's has one."""
    if account.source != "pandapon":
        return account
    return dataclasses.replace(
        account,
        user_id=account.user_id or USER,
        api=dataclasses.replace(account.api, url=url, recipe=Recipe()),
        operations=_completed(),
    )


@cache
def _completed() -> tuple[Completed, ...]:
    """Where the sandbox serves what is publicly documented by name alone."""
    served = {(row.platform, row.version, row.group, row.name): row for row in operations()}
    calling = SOURCES["pandapon"].calling
    return tuple(
        Completed(operation=operation.name, method=found.method, path=found.path)
        for operation in (() if calling is None else calling.operations)
        if not operation.callable
        and (found := served.get((operation.platform, operation.version, operation.group, operation.name_en)))
    )
