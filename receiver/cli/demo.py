"""``yizhan dev --demo``: the samples of every source, then every story of the sandbox, played against the process."""

import asyncio
import secrets
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from time import perf_counter

from receiver.accounts import Account
from receiver.sandbox.push import Push
from receiver.sandbox.refund import Post
from receiver.sandbox.running import Sandbox
from receiver.sandbox.stories import STORIES, play
from receiver.simulator.plan import plan
from receiver.simulator.post import post
from receiver.simulator.summary import Summary
from receiver.sources import SOURCES

#: Callbacks a second, and seconds between two steps of a story: slow enough to read along.
PACE, BETWEEN = 8, 0.3
#: Seconds for what is under way at the end: a redelivery, a message that a handler sends.
PATIENCE = 15.0
#: Told last: what handlers answer is seen in it.
CLIMAX = "refund-rejected"


def tell_all(accounts: Sequence[Account], address: str, sandbox: Sandbox) -> None:
    """Against a receiver that is up; each account must have a secret."""
    _post_samples(accounts, address)
    if not sandbox.accounts:
        print("\ndemo: no account of source pandapon, so no stories: the sandbox is PandaPon's platform", flush=True)
        return
    first, calls = len(sandbox.pusher.pushes), len(sandbox.api.calls)
    for name in sorted(STORIES, key=lambda name: name == CLIMAX):
        print(f"\ndemo: story {name}: {STORIES[name].title} ({STORIES[name].platform})\n", flush=True)
        cast = play(name, sandbox, pace=BETWEEN)
    sandbox.settle(PATIENCE)
    told = sandbox.pusher.pushes[first:]
    print(
        f"\ndemo: {len(STORIES)} stories · {_of_pushes(told)} · follow-up calls {len(sandbox.api.calls) - calls}\n"
        f"The thread of refund {cast.refund_id}, at the sandbox:"
    )
    for message in _thread(sandbox, cast.refund_id):
        print(f"  {message.author}: {message.text}")
    print(
        f"Look: `yizhan order {cast.refund_id}`, `yizhan inbox list`, `yizhan deliveries list`. "
        f"More: `yizhan simulate {CLIMAX}`, `yizhan simulate --count 100`. Stop: Ctrl-C.",
        flush=True,
    )


def _post_samples(accounts: Sequence[Account], address: str) -> None:
    print(f"\ndemo: one callback for each sample, {', '.join(account.name for account in accounts)}\n", flush=True)
    summary = Summary(secrets.randbelow(2**32))
    began = perf_counter()
    posts = plan([(account, SOURCES[account.source]) for account in accounts], seed=summary.seed, now=datetime.now(UTC))
    urls = {account.name: f"{address}/callbacks/{account.name}" for account in accounts}
    asyncio.run(post(posts, urls, concurrency=1, rate=PACE, on_answer=summary.add))
    summary.elapsed = perf_counter() - began
    print(f"\ndemo: {summary}", flush=True)


def _of_pushes(pushes: Sequence[Push]) -> str:
    acknowledged = sum(push.state == "acknowledged" for push in pushes)
    again = sum(len(push.attempts) - 1 for push in pushes)
    return f"callbacks {len(pushes)} · acknowledged {acknowledged} · sent again {again}"


def _thread(sandbox: Sandbox, refund_id: str) -> tuple[Post, ...]:
    """Once the buyer, for whom a handler speaks, has written; or as it is after a while."""
    deadline = time.monotonic() + PATIENCE
    while True:
        with sandbox.state.lock:
            thread = sandbox.state.refunds.get(refund_id).thread
        if any(message.author == "buyer" for message in thread) or time.monotonic() > deadline:
            return thread
        time.sleep(0.1)
