"""The catalogue: every operation of every source's API, and what an account's configuration adds to it.

PandaPon's was read from its public pages: 137 operations, of which 57 have a path. The twelve "message callbacks" that
stand among them there are no operations but what it sends to us: see ``sources/pandapon/words.py``.
"""

import dataclasses
import difflib
from functools import lru_cache

from receiver.accounts import Account
from receiver.errors import UndocumentedOperation, WrongCall
from receiver.sources import SOURCES
from receiver.sources.operation import Operation


@lru_cache(maxsize=1)
def operations() -> tuple[Operation, ...]:
    """All of them, in the order of the sources and of their pages."""
    return tuple(operation for source in SOURCES for operation in of_source(source))


def of_source(source: str) -> tuple[Operation, ...]:
    calling = SOURCES[source].calling
    return () if calling is None else calling.operations


def named(name: str, account: Account) -> Operation:
    """The operation as this account may call it. Raises ``WrongCall`` if there is none, or none that can be called."""
    found = known(name, account)
    if not found.callable:
        raise UndocumentedOperation(
            f"{name}: its path is not publicly documented; read it in your console, and set [accounts.operations]"
            f' "{name}" = {{method = "{found.method or found.inferred_method or "POST"}", path = "/…"}}'
            + (f" (a guess, never called: {found.inferred_path})" if found.inferred_path else "")
        )
    return found


def known(name: str, account: Account) -> Operation:
    """The operation, callable or not. Raises ``WrongCall`` for a name that the account's source does not have."""
    table = _by_name(account.source)
    if not table:
        raise UndocumentedOperation(f"no operation of {account.source}'s API is documented; none can be called")
    if name not in table:
        close = difflib.get_close_matches(name, table, n=1)
        hint = f"did you mean {close[0]}?" if close else "see: yizhan api"
        raise WrongCall(f"{account.source} has no operation of this name; {hint}")
    completed = next((row for row in account.operations if row.operation == name), None)
    if completed is None:
        return table[name]
    return dataclasses.replace(table[name], method=completed.method, path=completed.path)


@lru_cache(maxsize=16)
def _by_name(source: str) -> dict[str, Operation]:
    return {operation.name: operation for operation in of_source(source)}
