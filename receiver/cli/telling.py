"""``yizhan simulate STORY``: have a running sandbox tell a story, and say what became of its callbacks."""

import time
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import httpx2
import orjson
import typer

from receiver.cli import output
from receiver.sandbox.stories import STORIES

#: Steps a second: handlers are to react to one before the next.
RATE = 2.0
#: Seconds that a story may take, and its pushes after it.
PATIENCE = 120.0
#: Between two looks at what has become of the pushes.
LOOK_AGAIN = 0.2


def are_stories(names: Sequence[str]) -> bool:
    """All or none may be."""
    found = [name for name in names if name in STORIES]
    if found and len(found) < len(names):
        other = next(name for name in names if name not in STORIES)
        output.fail(f"{other} is no story of the sandbox, and {found[0]} is one; simulate them one after the other")
    return bool(found)


def tell(names: Sequence[str], sandbox: str, account: str | None, *, pace: float, as_json: bool) -> None:
    """``pace``: seconds between two steps. Exits 1 if a callback was not acknowledged in the end."""
    given_up = 0
    with httpx2.Client(base_url=sandbox, timeout=PATIENCE, trust_env=False) as client:
        for name in names:
            parameters = {"pace": str(pace)} | ({"account": account} if account else {})
            cast = _asked(client, "POST", f"/sandbox/play/{name}", parameters)
            pushes = _pushed(client, cast["order_id"])
            thread = _thread(client, cast["refund_id"])
            given_up += sum(push["state"] != "acknowledged" for push in pushes)
            if as_json:
                output.json_line({**cast, "pushes": pushes, "thread": thread})
                continue
            print(f"story {name}: {STORIES[name].title} ({STORIES[name].platform})")
            show(pushes, thread)
    raise typer.Exit(output.FOUND_WANTING if given_up else output.DONE)


def show(pushes: Sequence[Mapping[str, Any]], thread: Sequence[Mapping[str, Any]]) -> None:
    """What became of a story, in rows as ``/sandbox/state`` has them: a line each."""
    for push in pushes:
        about = f"refund {push['refund_id']}" if push["refund_id"] else f"order {push['order_id']}"
        tries = " ".join(str(attempt["outcome"]) for attempt in push["attempts"]) or "-"
        print(f"  {push['topic']:40} {push['action'] or push['word']:28} {about:30} {push['state']} ({tries})")
    for post in thread:
        print(f"  message of the {post['author']}: {post['text']}")


def _pushed(client: httpx2.Client, order_id: str) -> list[dict[str, Any]]:
    """What was pushed of the order, once it is acknowledged or given up."""
    deadline = time.monotonic() + PATIENCE
    while True:
        state = _asked(client, "GET", "/sandbox/state")
        pushes = [push for push in state["pushes"] if push["order_id"] == order_id]
        if all(push["state"] != "due" for push in pushes) or time.monotonic() > deadline:
            return pushes
        time.sleep(LOOK_AGAIN)


def _thread(client: httpx2.Client, refund_id: str | None) -> list[dict[str, Any]]:
    refunds = _asked(client, "GET", "/sandbox/state")["refunds"] if refund_id else ()
    return next((refund["thread"] for refund in refunds if refund["id"] == refund_id), [])


def _asked(client: httpx2.Client, method: str, path: str, parameters: dict[str, str] | None = None) -> Any:
    try:
        answer = client.request(method, path, params=parameters)
    except (httpx2.HTTPError, httpx2.InvalidURL) as error:
        _nobody(str(client.base_url), type(error).__name__)
    if answer.status_code == httpx2.codes.NOT_FOUND:
        output.fail("--account: the sandbox has no such account of source pandapon")
    if answer.status_code != httpx2.codes.OK:
        _nobody(str(client.base_url), f"status {answer.status_code}")
    return orjson.loads(answer.content)


def _nobody(url: str, why: str) -> NoReturn:
    output.fail(
        f"no sandbox at {url} ({why}): start `yizhan dev` or `yizhan sandbox`, or give --sandbox",
        output.FOUND_WANTING,
    )
