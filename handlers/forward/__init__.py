"""Webhooks of your own: events as JSON to one or many URLs, signed by Standard Webhooks (standardwebhooks.com).

::

    [[handlers.forward.targets]]
    name = "shop"                          # its deliveries are those of the handler forward.shop
    url = "https://shop.example/events"
    secret_env = "SHOP_SECRET"             # whsec_…; a list while you rotate: signed with each
    events = ["order.*", "refund.closed"]  # as `yizhan events` lists them; left out: all that sources tell
    platform = "taobao"
    account = "main"
    where = {"total.currency" = "CNY"}     # what the message holds in its data, by dotted path; all must be equal
    raw = false                            # true: the source's body too, names and addresses included
    allow_private = false                  # true: also http://, and addresses of your own network

The message is ``{"type": "order.paid", "timestamp": "2026-…", "data": {…}}``: in ``data`` the event's fields, and
``envelope_id``. Ids are text, amounts fen. ``webhook-id`` is the same at every attempt: what came before, pass over.
Everything is sent, old news too: compare ``timestamp``. One order's messages go out in order.

2xx is success. 408, 425, 429, 5xx and no answer: attempted again, no sooner than ``Retry-After``. Any other answer, a
redirect too: dead. 410 says that nobody listens any more: from then on this process sends the target nothing, and what
is for it dies at once, kept and replayable. Restart, or replay one of them, and it is asked again.
"""

import json
import threading
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any

from standardwebhooks import Webhook

from handlers.forward.targets import Forward, Target
from receiver import Context, PermanentFailure, Router, TransientFailure
from receiver.events import Event
from receiver.outward import Outward
from receiver.retries import back_off
from receiver.sources.answers import retry_after

_LATER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_EARLY, HTTPStatus.TOO_MANY_REQUESTS}


def create(settings: Forward) -> Router:
    """A handler for each target, so each has deliveries, retries and dead letters of its own."""
    router = Router()
    for target in settings.targets:
        _add(router, target, Outward(target.url, allow_private=target.allow_private))
    return router


def _add(router: Router, target: Target, way: Outward) -> None:
    signers = [Webhook(secret) for secret in target.secret]
    gone = threading.Event()

    @router.on(
        Event,
        name=f"forward.{target.name}",
        platform=target.platform,
        stale="run",
        timeout=target.timeout + 10,
        max_attempts=target.max_attempts,
    )
    def forward(ctx: Context[Event]) -> None:
        """Post the event to the target, if it asked for it."""
        data = _data(ctx, raw=target.raw)
        if not target.wants(ctx.event, data):
            return
        if gone.is_set() and ctx.attempt == 1:  # a later attempt may be a person's replay, who knows better
            raise PermanentFailure(f"forward.{target.name} answered 410 Gone before; not sent")
        body = _message(ctx, data)
        answer = way.post(body.encode(), _headers(ctx, target, signers, body), target.timeout)
        failed = f"forward.{target.name} answers {answer.status}"
        if answer.status in range(200, 300):
            gone.clear()
        elif answer.status in _LATER or answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            asked = retry_after(answer)
            raise TransientFailure(failed, retry_after=None if asked is None else max(asked, back_off(ctx.attempt)))
        elif answer.status == HTTPStatus.GONE:
            gone.set()
            cure = f"take the target out of [handlers.forward], or replay a dead letter of forward.{target.name}"
            ctx.log.warning("forward.disabled", target=target.name, cure=cure)
            raise PermanentFailure(failed)
        else:
            raise PermanentFailure(failed)


def _data(ctx: Context[Event], *, raw: bool) -> dict[str, Any]:
    data = ctx.event.model_dump(mode="json", exclude={"raw", "uncertain"})
    return {**data, "envelope_id": ctx.envelope.id, **({"raw": ctx.event.raw} if raw else {})}


def _message(ctx: Context[Event], data: Mapping[str, Any]) -> str:
    at = ctx.event.occurred_at or ctx.envelope.received_at
    return json.dumps({"type": ctx.event.type, "timestamp": at.isoformat(), "data": data}, default=str)


def _headers(ctx: Context[Event], target: Target, signers: list[Webhook], body: str) -> dict[str, str]:
    """An envelope has one event of a type for each order or refund that it names."""
    about = f"{target.name} {ctx.event.type} {ctx.event.lane}"
    message_id, now = str(uuid.uuid5(uuid.UUID(ctx.envelope.id), about)), datetime.now(UTC)
    return {
        "content-type": "application/json",
        "webhook-id": message_id,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(signer.sign(message_id, now, body) for signer in signers),
    }
