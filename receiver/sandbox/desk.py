"""The fake platform without its server: who has an account, what there is, what goes wrong, what is to be pushed."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from receiver.accounts import Account
from receiver.sandbox.app import Api
from receiver.sandbox.faults import Fault, Faults
from receiver.sandbox.news import Told
from receiver.sandbox.push import Manner, Pusher
from receiver.sandbox.signing import RECIPE, Recipe
from receiver.sandbox.state import State, now


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
    ) -> None:
        """``callbacks``: the registered URL by account's name. Only PandaPon's accounts count: it is its platform."""
        self.accounts = {account.name: account for account in accounts if account.source == "pandapon"}
        self.state = State(seed=seed, clock=clock)
        self.faults = Faults(tuple(faults), seed=seed)
        self.pusher = Pusher(self.state, self.accounts, manner or Manner(), seed=seed)
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
