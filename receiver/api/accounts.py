"""The APIs of all configured accounts of one process: what their calls share, and one ``Api`` for each delivery."""

import threading
from collections.abc import Iterable

import structlog

from receiver.accounts import Account
from receiver.api import aside
from receiver.api.calls import Count, EffectGate, Line
from receiver.api.manners import Manners
from receiver.api.named import Api
from receiver.api.sharing import Leases, Sharing
from receiver.envelope import Platform
from receiver.exchange import Request, Response, Send
from receiver.sources import SOURCES
from receiver.transport import Transport


class Apis:
    """Connections are made when they are first needed: most processes of a command call nobody."""

    def __init__(self, accounts: Iterable[Account], *, send: Send | None = None, leases: Leases | None = None) -> None:
        """``leases`` are those of the store, where other processes call for the same accounts."""
        aside.begin()
        accounts = tuple(accounts)
        self._send = send
        self._transport: Transport | None = None
        self._making = threading.Lock()
        self._urls = {url for account in accounts if (url := _url(account)) is not None}
        self._lines = {
            account.name: Line(
                account=account,
                manners=_manners(account, leases),
                send=self._sent if send is None else send,
            )
            for account in accounts
        }

    def of(
        self,
        account: str,
        platform: Platform | None = None,
        effects: EffectGate | None = None,
        *,
        log: structlog.stdlib.BoundLogger | None = None,
        count: Count = lambda *_: None,
    ) -> Api:
        """For one delivery, of which ``log`` knows the ids.

        An account that is not configured any more is an error once it is called, not before.
        """
        return Api(self._lines.get(account), account=account, platform=platform, effects=effects, log=log, count=count)

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def _sent(self, request: Request, seconds: float) -> Response:
        with self._making:
            if self._transport is None:
                self._transport = Transport(self._urls)
        return self._transport.send(request, seconds)


def _manners(account: Account, leases: Leases | None) -> Manners:
    rate, concurrency = account.api.rate, account.api.concurrency
    sharing = Sharing(leases, account.name, rate=rate, concurrency=concurrency) if leases else None
    return Manners(rate=rate, concurrency=concurrency, sharing=sharing)


def _url(account: Account) -> str | None:
    calling = SOURCES[account.source].calling
    return account.api.url or (None if calling is None else calling.url)
