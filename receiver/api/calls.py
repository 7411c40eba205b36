"""``ctx.api.call()``: one operation, from its name to its data.

Every step of a call is here, in this order: look it up, place its parameters, wait for its turn, sign it, send it, say
in one line of the log what came of it, read the answer.
"""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import structlog

from receiver import operations
from receiver.accounts import Account
from receiver.api import parameters
from receiver.api.aside import aside
from receiver.api.manners import Manners
from receiver.api.texts import ids_as_text
from receiver.envelope import Platform
from receiver.errors import ApiPaused, WrongCall
from receiver.exchange import Response, Send
from receiver.sources import SOURCES
from receiver.sources.calling import Calling, Placed, Stamp

Look = Callable[[], bool | None]
#: Takes account, operation, outcome and seconds of each call that was sent.
Count = Callable[[str, str, str, float], None]


class EffectGate(Protocol):
    """What lets an effect out at most once, ever: the ledger of effects, bound to one attempt of one delivery."""

    def run(self, purpose: str, send: Callable[[float], Any], look: Look | None, deadline: timedelta) -> Any:
        """Call ``send`` at most once ever for this purpose, and tell it until when it may (``time.monotonic``).

        ``look`` asks the platform: there, absent, cannot tell. ``deadline`` is the most that ``send`` may want.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What all calls of one account share."""

    account: Account
    manners: Manners
    send: Send


class Calls:
    """Calls of one account. ``None`` for an account that the configuration does not hold any more."""

    def __init__(
        self,
        line: Line | None,
        *,
        account: str,
        platform: Platform | None = None,
        effects: EffectGate | None = None,
        log: structlog.stdlib.BoundLogger | None = None,
        count: Count = lambda *_: None,
    ) -> None:
        self._line = line
        self._name = account
        self._log = log or structlog.stdlib.get_logger()
        self._count = count
        #: Where the order of the event at hand lives: it chooses between the two of each named method.
        self._platform = platform
        self._effects = effects

    def call(self, operation: str, /, *, once: str | None = None, **given: Any) -> Any:
        """The ``data`` of the answer, ids as text. ``yizhan api`` lists the operations.

        Parameters are those of the platform's page, by their own names; ``None`` is left out. Whatever cannot be taken
        back wants ``once``, its purpose in a word: it goes out once for this account, handler, subject and purpose,
        and a later call of the same returns ``None``. In an ``async def`` handler, run it by ``asyncio.to_thread``.

        Raises ``WrongCall`` for what cannot be sent as it is written, else one of the ``Api…`` errors, ``NotSent`` or
        ``Unanswered``: each is a permanent or a transient failure, so a handler need not catch any.
        """
        return self._call(operation, given, once)

    def _call(
        self,
        name: str,
        given: dict[str, Any],
        once: str | None,
        *,
        look: Look | None = None,
        make: Callable[[Any], Any] = lambda data: data,
    ) -> Any:
        line = self._line
        if line is None:
            raise WrongCall(f"account {self._name} is not configured any more")
        operation = operations.named(name, line.account)
        placed = parameters.place(operation, given)
        line = self._way(line, placed)
        if operation.irreversible and not (once and once.strip()):
            raise WrongCall(f'{name} cannot be taken back; give once="its purpose", so that it goes out once')
        calling = SOURCES[line.account.source].calling
        if calling is None:  # pragma: no cover  (an operation without a source to call)
            raise WrongCall(f"{name}: {line.account.source} cannot be called")

        def send(until: float) -> Any:
            return make(aside(lambda wanted: self._send(line, calling, placed, until, wanted)))

        # As long as it may wait for its turn, and as long again for its answer.
        deadline = timedelta(seconds=2 * line.account.api.timeout)
        if once is None or self._effects is None:
            return send(time.monotonic() + deadline.total_seconds())
        return self._effects.run(once, send, look, deadline)

    def _way(self, line: Line, _placed: Placed) -> Line:
        """Where the call goes: ``receiver.testing`` has another."""
        return line

    def _callable(self, name: str) -> bool:
        return self._line is not None and operations.known(name, self._line.account).callable

    def _send(self, line: Line, calling: Calling, placed: Placed, until: float, wanted: Callable[[], bool]) -> Any:
        account, name = line.account, placed.operation.name
        stamp = Stamp(milliseconds=time.time_ns() // 1_000_000, nonce=secrets.token_hex(16))
        try:
            request = calling.build_request(placed, account, stamp)
        except WrongCall:
            raise
        except (TypeError, ValueError, RecursionError):
            raise WrongCall(f"{name}: a parameter cannot be written as JSON") from None
        with line.manners.turn(account.api.timeout):
            began = time.monotonic()
            if not wanted() or began > until:
                raise ApiPaused("its time was up before its turn came; not sent")
            response: Response | None = None
            failure: BaseException | None = None
            try:
                response = line.send(request, min(account.api.timeout, until - time.monotonic()))
                return ids_as_text(calling.read_response(response))
            except BaseException as error:
                failure = error
                raise
            finally:
                seconds = time.monotonic() - began
                outcome = "answered" if failure is None else type(failure).__name__
                self._count(account.name, name, outcome, seconds)
                self._log.info(
                    "api.called",
                    account=account.name,
                    operation=name,
                    status=None if response is None else response.status,
                    code=getattr(failure, "code", None),
                    outcome=outcome,
                    ms=round(seconds * 1000, 1),
                )
