"""The fake platform without its server: who has an account, what there is, what goes wrong, what is to be pushed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from receiver.accounts import Account
from receiver.sandbox.app import Api
from receiver.sandbox.faults import Fault, Faults
from receiver.sandbox.keeping import File, Kept
from receiver.sandbox.news import Told
from receiver.sandbox.order import Order
from receiver.sandbox.push import Manner, Push, Pusher
from receiver.sandbox.refund import Refund
from receiver.sandbox.signing import RECIPE, Recipe
from receiver.sandbox.state import State, now

T = TypeVar("T")


class Desk:
    def __init__(
        self,
        accounts: Iterable[Account],
        *,
        callbacks: Mapping[str, str] | None = None,
        seed: int = 0,
        clock: Callable[[], datetime] = now,
        faults: Iterable[Fault] = (),
        manner: Manner | None = None,
        recipe: Recipe = RECIPE,
        file: Path | None = None,
    ) -> None:
        """``callbacks``: the registered URL by account's name. Only PandaPon's accounts count: it is its platform.

        What it holds is kept in the ``file``, where there is one.
        """
        self.accounts = {account.name: account for account in accounts if account.source == "pandapon"}
        self._file = None if file is None else File(file)
        self.state = State(
            seed=seed, clock=clock, orders=self._kept("order", Order), refunds=self._kept("refund", Refund)
        )
        self.faults = Faults(tuple(faults), seed=seed)
        pushes = self._kept("push", Push)
        self.pusher = Pusher(self.state, self.accounts, manner or Manner(), seed=seed, kept=pushes)
        self.pusher.urls.update(callbacks or {})
        self.api = Api(
            state=self.state,
            accounts=self.accounts.values(),
            faults=self.faults,
            recipe=recipe,
            tell=self.pusher.tell,
        )

    def do(self, transition: Callable[[State], Told]) -> Told:
        """Let something happen, and push what there is to tell of it."""
        with self.state.lock:
            told = transition(self.state)
            self.pusher.tell(told)
        return told

    def settle(self, seconds: float = 10.0) -> bool:
        """Wait until all that was to be pushed is acknowledged or given up."""
        return self.pusher.settle(seconds)

    def close(self) -> None:
        if self._file is not None:
            self._file.close()

    def _kept(self, kind: str, of: type[T]) -> Kept[T] | None:
        return None if self._file is None else Kept(self._file, kind, of)
