"""HTTP: bytes to callback, envelope to acknowledgement, refusal to status. The ack path: hot, hence raw ASGI."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial
from time import perf_counter

import structlog
from starlette.types import Message, Receive, Scope, Send

from receiver import accept
from receiver.accounts import Account
from receiver.body import RestToCome, SenderGone, discard_rest, read_body
from receiver.deadlines import Deadlines
from receiver.envelope import Callback, Envelope, Receipt
from receiver.errors import BodyTooLarge, BodyTooSlow, CallbackRejected, NotCommitted, SignatureWrong, UnknownAccount
from receiver.inbox import Inbox
from receiver.metrics import Metrics
from receiver.sources.base import Source

log = structlog.stdlib.get_logger()
_stdlib_log = logging.getLogger(__name__)

#: The platform hangs up after 1000 ms (https://doc-en.pandapon.com/doc-6055772), its siblings after 500 to 1000. What
#: is not committed by now is refused while the sender still listens.
DEADLINE = 0.7


def _answer(status: int, body: bytes, *headers: tuple[bytes, bytes]) -> tuple[Message, Message]:
    return (
        {
            "type": "http.response.start",
            "status": status,
            "headers": [
                (b"content-type", b"application/json"),
                (b"content-length", str(len(body)).encode()),
                *headers,
            ],
        },
        {"type": "http.response.body", "body": body},
    )


#: Exactly 200: no other status is documented to stop redelivery.
_ACKNOWLEDGED = _answer(200, b'{"code":200}')
_METHOD_NOT_ALLOWED = _answer(405, b'{"code":405}', (b"allow", b"GET, HEAD, POST"))
#: A refusal tells the sender its status and nothing else. A sender that is too slow or too long is hung up on.
_REFUSED = {
    401: _answer(401, b'{"code":401}'),
    404: _answer(404, b'{"code":404}'),
    408: _answer(408, b'{"code":408}', (b"connection", b"close")),
    413: _answer(413, b'{"code":413}', (b"connection", b"close")),
    503: _answer(503, b'{"code":503}', (b"retry-after", b"1")),
}
_not_committed_in_time = partial(NotCommitted, "deadline")


class CallbackEndpoint:
    """``/callbacks/{account}``: made on the event loop, and called like an ASGI app that is told the account's name."""

    def __init__(
        self,
        *,
        accounts: Mapping[str, tuple[Account, Source]],
        inbox: Inbox,
        metrics: Metrics,
        max_body: int,
    ) -> None:
        self._accounts = accounts
        self._inbox = inbox
        self._metrics = metrics
        self._max_body = max_body
        self._deadlines = Deadlines(DEADLINE)

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        began = perf_counter()
        try:
            start, body = await self._answer_to(scope, receive, name, began)
        except SenderGone:
            log.info("callback.abandoned", account=name if name in self._accounts else None)
            return
        except CallbackRejected as refusal:
            self._note_refusal(refusal, name, scope)
            start, body = _REFUSED[refusal.status]
        await send(start)
        await send(body)

    async def _answer_to(self, scope: Scope, receive: Receive, name: str, began: float) -> tuple[Message, Message]:
        known = self._accounts.get(name)
        #: What to raise at the deadline; made only then, since an error that its own frame holds is not let go.
        late: Callable[[], CallbackRejected] = BodyTooSlow
        deadline = self._deadlines.begin(began)
        try:
            try:
                body = await read_body(receive, scope["headers"], self._max_body)
            except RestToCome as refusal:
                late = BodyTooLarge
                await discard_rest(receive, refusal, self._max_body)
                raise
            late = _not_committed_in_time
            if known is None:
                raise UnknownAccount
            account, source = known
            method = scope["method"]
            if method in {"GET", "HEAD"}:
                self._note_probe(account, scope)
                return _ACKNOWLEDGED
            if method != "POST":
                return _METHOD_NOT_ALLOWED
            callback = Callback(scope["headers"], body)
            if source.unsigned(callback) and source.topicless(callback):
                self._note_probe(account, scope)
                return _ACKNOWLEDGED
            envelope, receipt = await accept.accept(callback, account, source, self._inbox)
        except asyncio.CancelledError:
            if not deadline.uncancelled():
                raise
            raise late() from None
        finally:
            self._deadlines.end(deadline)
        self._note_acknowledged(envelope, receipt, perf_counter() - began)
        return _ACKNOWLEDGED

    def _note_acknowledged(self, envelope: Envelope, receipt: Receipt, seconds: float) -> None:
        self._metrics.acknowledged(envelope.account, envelope.topic, redelivery=receipt.redelivery, seconds=seconds)
        if not _stdlib_log.isEnabledFor(logging.DEBUG):  # structlog takes ten times as long to find that out
            return
        log.debug(
            "callback.acknowledged",
            account=envelope.account,
            envelope=receipt.envelope_id,
            topic=envelope.topic,
            orders=envelope.order_ids,
            refunds=envelope.refund_ids,
            redelivery=receipt.redelivery,
            ambiguous=receipt.ambiguous,
            ms=round(seconds * 1000, 1),
        )

    def _note_probe(self, account: Account, scope: Scope) -> None:
        """The console's *Verify* button, or a person's browser."""
        self._metrics.probed(account.name)
        names = sorted({header.decode("latin-1") for header, _ in scope["headers"]})
        log.info("callback.probe", account=account.name, method=scope["method"], headers=names)

    def _note_refusal(self, refusal: CallbackRejected, name: str, scope: Scope) -> None:
        account = name if name in self._accounts else None
        self._metrics.refused(account, refusal.reason)
        client = scope.get("client")
        log.info(
            "callback.refused",
            account=account,
            status=refusal.status,
            reason=refusal.reason,
            hint=refusal.hint if isinstance(refusal, SignatureWrong) else None,
            client=client[0] if client else None,
        )
