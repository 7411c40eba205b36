"""``yizhan check --online ACCOUNT``: one harmless call, and what its answer says about key, secret and signature."""

from collections.abc import Iterable

from receiver.accounts import Account
from receiver.api import Apis
from receiver.check import Finding
from receiver.errors import ApiAuthenticationError, ApiRefused, HandlerFailure, WrongCall
from receiver.sources import SOURCES

_RECIPE = (
    "compare access_key, access_secret, user_id and this machine's clock with the console; if they are right, the"
    " signature's recipe is another: set [accounts.api.recipe] digest, base and case"
)


def probe_online(name: str, accounts: Iterable[Account]) -> Finding:
    account = next((account for account in accounts if account.name == name), None)
    if account is None:
        return Finding(ok=False, what=f"api of {name}: no such account", cure="give the name of an account")
    calling = SOURCES[account.source].calling
    if calling is None:
        what = f"api of {name}: no operation of {account.source}'s API is documented, so none can be called"
        return Finding(ok=True, what=what)
    return _probed(account, calling.harmless, f"api of {name}: {calling.harmless} at {account.api.url or calling.url}")


def _probed(account: Account, harmless: str, asked: str) -> Finding:
    apis = Apis([account])
    try:
        apis.of(account.name).call(harmless)
    except ApiAuthenticationError as error:
        return Finding(ok=False, what=f"{asked}: {error}", cure=_RECIPE)
    except ApiRefused as error:
        return Finding(
            ok=False,
            what=f"{asked}: refused with code {error.code}; the codes are not public, so it may be the signature",
            cure=f"look the code up in the console; else {_RECIPE}",
        )
    except WrongCall as error:
        return Finding(ok=False, what=f"{asked}: {error}", cure="add it to the configuration")
    except HandlerFailure as error:
        what = f"{asked}: {type(error).__name__}: {error}; this says nothing about the signature"
        return Finding(ok=False, what=what, cure="try again, or correct api.url")
    finally:
        apis.close()
    return Finding(ok=True, what=f"{asked}: answered, so key, secret and signature hold")
