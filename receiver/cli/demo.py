"""``yizhan dev --demo``: the samples of every source, then the life of one order, posted to the process itself."""

import asyncio
import secrets
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter

from receiver.accounts import Account
from receiver.simulator.plan import plan
from receiver.simulator.post import post
from receiver.simulator.summary import Summary
from receiver.sources import SOURCES

#: Callbacks a second: slow enough to read along.
PACE = 5
#: Callbacks of the small order.
LIFE = 6


def play(accounts: Sequence[Account], address: str) -> None:
    """Post to a receiver that is up; each account must have a secret."""
    summary = Summary(secrets.randbelow(2**32))
    began = perf_counter()
    print(f"\ndemo: one callback for each sample, {', '.join(account.name for account in accounts)}\n", flush=True)
    _post(accounts, address, summary, count=None, seed=summary.seed)
    first = accounts[:1]
    print(f"\ndemo: the life of one order, {first[0].name}\n", flush=True)
    _post(first, address, summary, count=LIFE, seed=summary.seed + 1)
    summary.elapsed = perf_counter() - began
    print(
        f"\ndemo: {summary}\n"
        "Look: `yizhan inbox list`, `yizhan deliveries list`. More: `yizhan simulate --count 100`. Stop: Ctrl-C.",
        flush=True,
    )


def _post(accounts: Sequence[Account], address: str, summary: Summary, *, count: int | None, seed: int) -> None:
    urls = {account.name: f"{address}/callbacks/{account.name}" for account in accounts}
    posts = plan(
        [(account, SOURCES[account.source]) for account in accounts],
        count=count,
        seed=seed,
        now=datetime.now(UTC),
    )
    asyncio.run(post(posts, urls, concurrency=1, rate=PACE, on_answer=summary.add))
