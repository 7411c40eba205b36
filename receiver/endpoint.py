"""HTTP: bytes to callback, envelope to acknowledgement, refusal to status. The ack path: hot, hence raw ASGI."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from time import perf_counter

import structlog
from starlette.types import Receive, Scope, Send

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


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    #: More than the type and the length of the body.
    headers: tuple[tuple[bytes, bytes], ...] = ()

    @property
    def body(self) -> bytes:
        """A refusal tells the sender its status and nothing else."""
        return b'{"code":%d}' % self.status

    def all_headers(self) -> list[tuple[bytes, bytes]]:
        return [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self.body)).encode()),
            *self.headers,
        ]


#: Exactly 200: no other status is documented to stop redelivery.
_ACKNOWLEDGED = Answer(200)
_METHOD_NOT_ALLOWED = Answer(405, ((b"allow", b"GET, HEAD, POST"),))
#: A sender that is too slow or too long is hung up on.
_REFUSED = {
    401: Answer(401),
    404: Answer(404),
    408: Answer(408, ((b"connection", b"close"),)),
    413: Answer(413, ((b"connection", b"close"),)),
    503: Answer(503, ((b"retry-after", b"1"),)),
}

Client = tuple[str, int]


class CallbackEndpoint:
    """``/callbacks/{account}``: made on the event loop.

    Called like an ASGI app that is told the account's name; or, by who has the whole callback, through ``take()``.
    """

    def __init__(
        self,
        *,
        accounts: Mapping[str, tuple[Account, Source]],
        inbox: Inbox,
        metrics: Metrics,
        max_body: int,
    ) -> None:
        self.accounts = accounts
        #: Bytes.
        self.max_body = max_body
        self._inbox = inbox
        self._metrics = metrics
        self._deadlines = Deadlines(DEADLINE)
        self._loop = asyncio.get_running_loop()

    async def __call__(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer_to(scope, receive, name)
        except SenderGone:
            log.info("callback.abandoned", account=name if name in self.accounts else None)
            return
        except CallbackRejected as refusal:
            answer = self._refused(refusal, name, scope.get("client"))
        await send({"type": "http.response.start", "status": answer.status, "headers": answer.all_headers()})
        await send({"type": "http.response.body", "body": answer.body})

    async def _answer_to(self, scope: Scope, receive: Receive, name: str) -> Answer:
        began = perf_counter()
        #: What to raise at the deadline; made only then, since an error that its own frame holds is not let go.
        late: type[CallbackRejected] = BodyTooSlow
        try:
            async with asyncio.timeout(DEADLINE):
                try:
                    body = await read_body(receive, scope["headers"], self.max_body)
                except RestToCome as refusal:
                    late = BodyTooLarge
                    await discard_rest(receive, refusal, self.max_body)
                    raise
        except TimeoutError:
            raise late from None
        known = self.accounts.get(name)
        if known is None:
            raise UnknownAccount
        method = scope["method"]
        if method in {"GET", "HEAD"}:
            return self._probed(known[0], method, scope["headers"])
        if method != "POST":
            return _METHOD_NOT_ALLOWED
        answered: asyncio.Future[Answer] = self._loop.create_future()
        self.take(name, Callback(scope["headers"], body), scope.get("client"), began, partial(_set, answered))
        return await answered

    def take(
        self, name: str, callback: Callback, client: Client | None, began: float, answer: Callable[[Answer], None]
    ) -> None:
        """Answer a callback to a known account once it is committed or refused, ``DEADLINE`` after ``began`` at most.

        ``began`` is a ``perf_counter()``. All callbacks come through here.
        """
        account, source = self.accounts[name]
        try:
            if source.unsigned(callback) and source.topicless(callback):
                answer(self._probed(account, "POST", callback.headers))
                return
            taken = _Taken(self, source.open_callback(callback, account), client, began, answer)
            self._inbox.put(taken)
        except CallbackRejected as refusal:
            answer(self._refused(refusal, name, client))
            return
        except Exception:  # a fault of ours: the source sends it again, perhaps to a version without it
            log.exception("callback.failed", account=name)
            answer(self._refused(NotCommitted("fault"), name, client))
            return
        self._deadlines.begin(taken)

    def late(self, taken: "_Taken") -> None:
        self._inbox.withdraw(taken)
        taken.told(NotCommitted("deadline"))

    def outcome(self, taken: "_Taken", outcome: Receipt | NotCommitted) -> Answer:
        self._deadlines.let_go()
        envelope = taken.envelope
        if isinstance(outcome, NotCommitted):
            return self._refused(outcome, envelope.account, taken.client)
        seconds = perf_counter() - taken.began
        self._metrics.acknowledged(envelope.account, envelope.topic, redelivery=outcome.redelivery, seconds=seconds)
        if _stdlib_log.isEnabledFor(logging.DEBUG):  # structlog takes ten times as long to find that out
            log.debug(
                "callback.acknowledged",
                account=envelope.account,
                envelope=outcome.envelope_id,
                topic=envelope.topic,
                orders=envelope.order_ids,
                refunds=envelope.refund_ids,
                redelivery=outcome.redelivery,
                ambiguous=outcome.ambiguous,
                ms=round(seconds * 1000, 1),
            )
        return _ACKNOWLEDGED

    def _probed(self, account: Account, method: str, headers: Sequence[tuple[bytes, bytes]]) -> Answer:
        """The console's *Verify* button, or a person's browser."""
        self._metrics.probed(account.name)
        names = sorted({header.decode("latin-1") for header, _ in headers})
        log.info("callback.probe", account=account.name, method=method, headers=names)
        return _ACKNOWLEDGED

    def _refused(self, refusal: CallbackRejected, name: str, client: Client | None) -> Answer:
        account = name if name in self.accounts else None
        self._metrics.refused(account, refusal.reason)
        log.info(
            "callback.refused",
            account=account,
            status=refusal.status,
            reason=refusal.reason,
            hint=refusal.hint if isinstance(refusal, SignatureWrong) else None,
            client=client[0] if client else None,
        )
        return _REFUSED[refusal.status]


class _Taken:
    """A callback that was believed, until it is answered."""

    __slots__ = ("_answer", "_endpoint", "began", "client", "envelope", "over")

    def __init__(
        self,
        endpoint: CallbackEndpoint,
        envelope: Envelope,
        client: Client | None,
        began: float,
        answer: Callable[[Answer], None],
    ) -> None:
        self._endpoint = endpoint
        self._answer = answer
        self.envelope = envelope
        self.client = client
        self.began = began
        self.over = False

    def told(self, outcome: Receipt | NotCommitted) -> None:
        if not self.over:
            self.over = True
            self._answer(self._endpoint.outcome(self, outcome))

    def expire(self) -> None:
        self._endpoint.late(self)


def _set(answered: asyncio.Future[Answer], answer: Answer) -> None:
    if not answered.done():  # cancelled: the process ends
        answered.set_result(answer)
