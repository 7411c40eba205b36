"""The API of the fake platform: signature, operation, envelope, and the faults that were asked for."""

import asyncio
import uuid
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response, StreamingResponse
from starlette.routing import BaseRoute, Route
from starlette.types import Receive, Scope, Send

from receiver import exact
from receiver.accounts import Account
from receiver.sandbox import aftersales_taobao, answers_1688, answers_taobao
from receiver.sandbox.answers import Call, Handler, envelope, shape
from receiver.sandbox.connection import hang_up, write_headers
from receiver.sandbox.faults import Fault, Faults
from receiver.sandbox.news import UNKNOWN, WRONG_PARAMETER, Refused, Told
from receiver.sandbox.operations import Operation, operations
from receiver.sandbox.signing import Recipe, signer
from receiver.sandbox.state import State

_HANDLERS: Final[Mapping[str, Handler]] = {
    **answers_taobao.HANDLERS,
    **aftersales_taobao.HANDLERS,
    **answers_1688.HANDLERS,
}
OK, UNAUTHENTICATED = 200, 401
_HUGE_CHUNKS, _CHUNK = 1600, b" " * 65536


@dataclass(frozen=True, slots=True, kw_only=True)
class Called:
    """A call that came in, without what it said."""

    at: datetime
    method: str
    path: str
    #: Of the envelope that was, or would have been, the answer; ``None`` if the call was not read.
    code: int | None
    fault: str | None


class Api:
    def __init__(
        self,
        *,
        state: State,
        accounts: Iterable[Account],
        faults: Faults,
        recipe: Recipe,
        tell: Callable[[Told], None],
    ) -> None:
        self._state = state
        self._accounts = tuple(accounts)
        self._faults = faults
        self._recipe = recipe
        self._tell = tell
        #: The newest last.
        self.calls: deque[Called] = deque(maxlen=10_000)

    async def answer(self, operation: Operation, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        fault = self._faults.take(operation)
        code, response = None, Response()
        if fault is None or fault.after_effect:
            body = await request.body()
            code, response = self._answered(operation, request, body)
        path = request.url.path
        self.calls.append(
            Called(
                at=self._state.clock(),
                method=request.method,
                path=path,
                code=code,
                fault=fault.kind if fault else None,
            )
        )
        if fault is not None:
            if fault.kind == "drop":
                await hang_up(scope, receive)
                return
            if fault.kind == "endless_headers":
                await write_headers(scope)
                return
            response = await _faulty(fault, response)
        await response(scope, receive, send)

    def _answered(self, operation: Operation, request: Request, body: bytes) -> tuple[int, Response]:
        account = self._caller(operation, request)
        if isinstance(account, str):
            return UNAUTHENTICATED, _response(UNAUTHENTICATED, account, None, status=UNAUTHENTICATED)
        try:
            with self._state.lock:
                data, told = self._done(operation, Call(self._state, account, _parameters(operation, request, body)))
                self._tell(told)
        except Refused as refusal:
            return refusal.code, _response(refusal.code, str(refusal), None)
        return OK, _response(OK, "success", data)

    def _caller(self, operation: Operation, request: Request) -> Account | str:
        if operation.own_signature:  # by a scheme that no page tells: it must be there
            signed = all(request.query_params.get(name) for name in ("timestamp", "sign"))
            return self._accounts[0] if signed and self._accounts else "timestamp and sign are expected in the query"
        return signer(request.headers, self._accounts, self._state.clock(), self._recipe)

    def _done(self, operation: Operation, call: Call) -> tuple[Any, Told]:
        for name in operation.required:
            if call.parameters.get(name) is None:
                raise Refused(WRONG_PARAMETER, f"{name}: expected")
        handler = _HANDLERS.get(operation.plain)
        return handler(call) if handler else (shape(operation, call.parameters), ())


def create(
    api: Api,
    admin: Iterable[BaseRoute],
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
) -> Starlette:
    async def unknown(_request: Request, _error: Exception) -> Response:
        return _response(UNKNOWN, "no such operation", None, status=UNKNOWN)

    routes = [*admin, *(_route(api, operation) for operation in operations())]
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={404: unknown})
    app.router.redirect_slashes = False
    return app


def _route(api: Api, operation: Operation) -> Route:
    route = Route(operation.path, _Endpoint(api, operation), methods=[operation.method])
    if route.methods is not None:
        route.methods.discard("HEAD")  # a refund is cancelled by GET: nothing else may do so
    return route


class _Endpoint:
    """An ASGI application: faults are played below the level of answers."""

    def __init__(self, api: Api, operation: Operation) -> None:
        self._api = api
        self._operation = operation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._api.answer(self._operation, scope, receive, send)


def _parameters(operation: Operation, request: Request, body: bytes) -> dict[str, Any]:
    found: dict[str, Any] = {**request.query_params, **request.path_params}
    if operation.method == "GET" or not body.strip():
        return found
    try:
        parsed = exact.loads(body)
    except exact.NotJson:
        raise Refused(WRONG_PARAMETER, "the body is not JSON") from None
    if not isinstance(parsed, dict):
        raise Refused(WRONG_PARAMETER, "the body is no object")
    return found | parsed


async def _faulty(fault: Fault, response: Response) -> Response:
    if fault.kind == "slow":
        await asyncio.sleep(fault.seconds)
    elif fault.kind == "error":
        return Response("<html>upstream error</html>", fault.status, media_type="text/html")
    elif fault.kind == "rate_limited":
        headers = {"retry-after": f"{fault.seconds:g}"}
        return _response(429, "too many requests", None, status=429, headers=headers)
    elif fault.kind == "invalid_json":
        return Response(bytes(response.body)[:-2], OK, media_type="application/json")
    elif fault.kind == "huge":
        return StreamingResponse(_huge(), OK, media_type="application/json")
    elif fault.kind == "redirect":
        return RedirectResponse(fault.location, 302)
    return response


async def _huge() -> AsyncIterator[bytes]:
    """100 MB of what is still JSON."""
    for _ in range(_HUGE_CHUNKS):
        yield _CHUNK
    yield b"{}"


def _response(
    code: int, message: str, data: Any, *, status: int = OK, headers: Mapping[str, str] | None = None
) -> Response:
    """Refusals come with HTTP 200, as the code in the envelope suggests; no page says so."""
    content = envelope(uuid.uuid4().hex, code, message, data)
    return Response(content, status, headers=headers, media_type="application/json")
