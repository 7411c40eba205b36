"""``ctx.api`` on trial: the real client up to the socket, which is not there. What would go out is recorded."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple
from urllib.parse import unquote

import orjson

from receiver import operations
from receiver.accounts import Account, ApiAccess, Completed
from receiver.api import Api, EffectGate, aside
from receiver.api.calls import Line
from receiver.api.manners import Manners
from receiver.api.platforms import OPERATIONS
from receiver.envelope import Platform
from receiver.errors import HandlerFailure, PermanentFailure
from receiver.exchange import Request, Response, Send
from receiver.sources.calling import Placed
from receiver.testing.building import ACCOUNT, SOURCE


class Call(NamedTuple):
    """A call that went out. It equals a plain pair: ``("taobao.refund.submit_message", {"refundId": "…"})``."""

    operation: str
    parameters: dict[str, Any]


class NotAnswered(PermanentFailure):
    """A handler reads something, and nobody said what it is to read."""

    surely_absent = True


def stranger(name: str, source: str) -> Account:
    """An account of nobody's: it may call whatever is documented, as often as it likes."""
    return Account(
        name=name,
        source=source,
        access_key="test-key",
        secrets=("test-secret",),
        user_id="2100007341207",
        api=ApiAccess(rate=1e6, concurrency=64),
    )


def trial_account() -> Account:
    """That of ``event()``."""
    return stranger(ACCOUNT, SOURCE)


def line_of(account: Account) -> Line:
    manners = Manners(rate=account.api.rate, concurrency=account.api.concurrency)
    return Line(account=account, manners=manners, send=_nowhere)


def _nowhere(_request: Request, _seconds: float) -> Response:
    raise NotAnswered("a recording API sends nothing")


@dataclass(slots=True)
class Record:
    """What went out of one trial, and what was answered."""

    #: Shared by all deliveries, as the account's rate is.
    line: Line
    calls: list[Call] = field(default_factory=list)
    #: By operation: each is used once, the last for ever.
    answers: dict[str, list[Any]] = field(default_factory=dict)
    #: Where calls go that have no answer here: nowhere, or to a sandbox, or the reads of a rehearsal to the platform.
    through: Callable[[Placed], Send | None] = lambda _: None
    #: After each call: a trial may let the worker die there.
    after_call: Callable[[str], None] = lambda _: None
    #: What to do about a read that has no answer.
    cure: str = 'give it one: api.answers("{name}", …)'
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(self, placed: Placed, request: Request, seconds: float) -> Response:
        name = placed.operation.name
        with self.lock:
            self.calls.append(Call(name, _parameters(placed)))
            given = self.answers.get(name)
            answer = (given.pop(0) if len(given) > 1 else given[0]) if given else None
        onward = None if given else self.through(placed)
        if onward is not None:
            response = onward(request, seconds)
        elif given or placed.operation.irreversible:
            response = _response(self.line.account.source, answer)
        else:
            raise NotAnswered(f"{name} has no answer here; {self.cure.format(name=name)}")
        if not placed.operation.irreversible:  # else it is an effect, which has a place of its own to die
            self.after_call(name)
        return response

    def _completed(self, name: str) -> None:
        """Take its path for known, if it is not public."""
        account = self.line.account
        known = operations.known(name, account)
        if not known.callable:
            method = known.method or known.inferred_method or "POST"
            row = Completed(operation=name, method=method, path=known.inferred_path or f"/completed/{name}")
            self.line = replace(self.line, account=replace(account, operations=(*account.operations, row)))

    def answer(self, method_or_operation: str, data: list[Any]) -> None:
        table = OPERATIONS.get(method_or_operation)
        names = [self._of(row) for row in table.values()] if table else [method_or_operation]
        for name in names:
            self._completed(name)
            self.answers[name] = list(data)

    def _of(self, names: tuple[str, ...]) -> str:
        """The one that stands for the method, as in ``Api``."""
        return next((name for name in names if operations.known(name, self.line.account).callable), names[0])


def _parameters(placed: Placed) -> dict[str, Any]:
    """By their names on the platform's page, those in the path among them."""
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]*)", re.escape(placed.operation.path or ""))
    found = re.fullmatch(pattern, placed.path)
    in_path = {name: unquote(text) for name, text in found.groupdict().items()} if found else {}
    return {**in_path, **placed.query, **(placed.body or {})}


def _response(source: str, answer: Any) -> Response:
    if isinstance(answer, HandlerFailure):
        raise answer
    # PandaPon's envelope; the other documented API, 1688's own, answers the thing itself.
    document = {"code": 200, "data": answer} if source == "pandapon" else answer or {}
    return Response(status=200, headers={}, body=orjson.dumps(document))


class RecordingApi(Api):
    """All of ``Api``: checked, placed and signed as in earnest; but nothing is sent, and the test says the answers.

    An effect (``once=…``) succeeds unless told otherwise. A read that has no answer raises ``NotAnswered``, which says
    how to give one.
    """

    def __init__(
        self,
        record: Record | None = None,
        *,
        platform: Platform | None = "taobao",
        effects: EffectGate | None = None,
    ) -> None:
        aside.begin()
        self._record = record or Record(line_of(trial_account()))
        line = self._record.line
        super().__init__(line, account=line.account.name, platform=platform, effects=effects)

    @property
    def calls(self) -> list[Call]:
        """What went out, in order."""
        return self._record.calls

    def answers(self, method_or_operation: str, *data: Any) -> None:
        """What calls of ``order_detail``, or of an operation of ``yizhan api``, are answered: the ``data`` of its page.

        Several are answered one after the other, the last one for ever; a failure, ``ApiUnavailable("…")``, is raised.
        An operation whose path is not public is taken for completed in the configuration. Raises ``WrongCall`` for an
        operation that there is none of.
        """
        if not data:
            raise TypeError(f"answers({method_or_operation!r}): say what is answered")
        self._record.answer(method_or_operation, list(data))
        self._line = self._record.line

    def connect(self, account: Account, send: Send, *, reads_only: bool = False) -> None:
        """Send what has no answer here; it is recorded all the same."""
        self._record.line = self._line = line_of(account)
        self._record.through = lambda placed: None if reads_only and placed.operation.irreversible else send

    def after_call(self, do: Callable[[str], None]) -> None:
        """After each call that is no effect."""
        self._record.after_call = do

    def irreversible(self, operation: str) -> bool:
        return operations.known(operation, self._record.line.account).irreversible

    def bound(self, platform: Platform | None, effects: EffectGate | None) -> "RecordingApi":
        """For one delivery: the same record."""
        return RecordingApi(self._record, platform=platform, effects=effects)

    def _way(self, line: Line, placed: Placed) -> Line:
        return replace(line, send=lambda request, seconds: self._record.send(placed, request, seconds))
